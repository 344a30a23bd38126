/** What this library has beyond zeromq.js: the members of the export `qzmq`. */
import { createRequire } from "node:module";

/** Version of this package; the export `version` of the main entry names the libzmq behaviour that it follows. */
export const version: string = createRequire(import.meta.url)("qzmq/package.json").version;
