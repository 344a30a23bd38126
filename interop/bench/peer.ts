/**
 * One process of a benchmark, over whichever library it is told to use. Both libraries have the same API, so the
 * measured loops are the same code: a promise awaited for each message.
 *
 *     node peer.js <library> <role> <mechanism> <endpoint> <size> <count> <peers> <variant>
 *
 * It prints one line of JSON for each thing that the parent waits for, goes on with the next when it reads the line
 * "go", and ends at any other line.
 */
import { createInterface } from "node:readline";
import { CONNECTION_ROLES } from "./roles/connections.ts";
import { CROWD_ROLES } from "./roles/crowds.ts";
import { LOCAL_ROLES } from "./roles/local.ts";
import { MANY_ROLES } from "./roles/many.ts";
import type { Library, Role, Work } from "./roles/role.ts";
import { ROTATION_ROLES } from "./roles/rotation.ts";
import { securityOf } from "./roles/security.ts";
import { STREAM_ROLES } from "./roles/streams.ts";

const ROLES: Readonly<Record<string, Role>> = {
  ...STREAM_ROLES,
  ...CROWD_ROLES,
  ...CONNECTION_ROLES,
  ...LOCAL_ROLES,
  ...ROTATION_ROLES,
  ...MANY_ROLES,
};

const [library, roleName, mechanism, endpoint, size, count, peers, variant] = process.argv.slice(2) as [
  "qzmq" | "zeromq",
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];

/** As users get it: who needs no QZMQ imports the sockets alone. */
async function load(): Promise<Library> {
  if (library === "qzmq") {
    return mechanism === "null" ? ((await import("qzmq/sockets")) as Library) : import("qzmq");
  }
  const { default: native } = (await import("zeromq")) as unknown as { default: Library };
  return native;
}

const role = ROLES[roleName];
if (role === undefined) throw new Error(`no such role: ${roleName}`);

const told = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const zmq = await load();
const work: Work = {
  zmq,
  library,
  endpoint,
  size: Number(size),
  count: Number(count),
  peers: Number(peers),
  variant,
  options: (side) => securityOf(zmq, library, mechanism, side, variant),
  say: (line) => void process.stdout.write(`${JSON.stringify(line)}\n`),
  told: async () => {
    const { value } = await told.next();
    // At once: nobody measures how a peer leaves.
    if (value !== "go") process.exit();
  },
};
await role(work);
