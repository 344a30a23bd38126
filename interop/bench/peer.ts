/**
 * One process of a benchmark, over whichever library it is told to use. Both libraries have the same API, so the
 * measured loops are the same code: a promise awaited for each message.
 *
 *     node peer.js <library> <role> <mechanism> <endpoint> <size> <count> <peers> <variant>
 *
 * It prints one line of JSON for each thing that the parent waits for, and ends when it is told to by a line on its
 * standard input, so that nobody measures how a peer leaves.
 */
import { createInterface } from "node:readline";
import type { Library, Role, Work } from "./roles/role.ts";
import { securityOf } from "./roles/security.ts";
import { STREAM_ROLES } from "./roles/streams.ts";

const ROLES: Readonly<Record<string, Role>> = { ...STREAM_ROLES };

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

async function load(): Promise<Library> {
  if (library === "qzmq") return import("../../src/index.js");
  const { default: native } = (await import("zeromq")) as unknown as { default: Library };
  return native;
}

const role = ROLES[roleName];
if (role === undefined) throw new Error(`no such role: ${roleName}`);

const told = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const work: Work = {
  zmq: await load(),
  library,
  endpoint,
  size: Number(size),
  count: Number(count),
  peers: Number(peers),
  variant,
  options: (side) => securityOf(library, mechanism, side),
  say: (line) => void process.stdout.write(`${JSON.stringify(line)}\n`),
  told: async () => void (await told.next()),
};
await role(work);
process.exit();
