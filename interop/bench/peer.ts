/**
 * One process of a benchmark: a sender or a receiver, over whichever library it is told to use. Both libraries have
 * the same API, so the measured loops are the same code: a promise awaited for each message.
 *
 *     node peer.js <library> <role> <mechanism> <endpoint> <size> <count>
 *
 * It prints one line of JSON for each thing that the parent waits for.
 */
import { once } from "node:events";
import type * as zmq from "../../src/index.ts";

type Library = typeof zmq;

const [library, role, mechanism, endpoint, sizeText, countText] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const size = Number(sizeText);
const count = Number(countText);

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function load(): Promise<Library> {
  if (library === "qzmq") return import("../../src/index.js");
  const { default: native } = (await import("zeromq")) as unknown as { default: Library };
  return native;
}

/** CPU time of this process so far, in microseconds. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

const { Pull, Push, Reply, Request } = await load();
const { security } = await import("./security.js");

if (role === "pull") {
  const pull = new Pull(await security(library, mechanism, "server"));
  await pull.bind(endpoint);
  say({ bound: pull.lastEndpoint });
  let left = count;
  let started = 0n;
  let cpuStarted = 0;
  for await (const [message] of pull) {
    if (left === count) {
      started = process.hrtime.bigint();
      cpuStarted = cpu();
    }
    if (message!.length !== size) throw new Error(`${message!.length} octets, ${size} expected`);
    if (--left === 0) break;
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  say({ rate: (count - 1) / seconds, cpuPerMessage: (cpu() - cpuStarted) / count });
  pull.close();
} else if (role === "push") {
  const push = new Push({ linger: -1, ...(await security(library, mechanism, "client")) });
  push.connect(endpoint);
  const message = Buffer.alloc(size, 0x61);
  const cpuStarted = cpu();
  for (let i = 0; i < count; i++) await push.send(message);
  say({ sent: count, cpuPerMessage: (cpu() - cpuStarted) / count });
  // The receiver says when it has all; closing earlier would measure lingering.
  await once(process.stdin, "data");
  push.close();
  process.stdin.unref();
} else if (role === "rep") {
  const reply = new Reply(await security(library, mechanism, "server"));
  await reply.bind(endpoint);
  say({ bound: reply.lastEndpoint });
  for (let i = 0; i < count; i++) await reply.send((await reply.receive())[0]!);
  await once(process.stdin, "data");
  reply.close();
  process.stdin.unref();
} else if (role === "req") {
  const request = new Request(await security(library, mechanism, "client"));
  request.connect(endpoint);
  const message = Buffer.alloc(size, 0x61);
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const before = process.hrtime.bigint();
    await request.send(message);
    await request.receive();
    times[i] = Number(process.hrtime.bigint() - before) / 1000;
  }
  // The first thousands of rounds show the compiler at work, not the library.
  const sorted = times.slice(count >> 1).sort();
  say({ p50: sorted[sorted.length >> 1], p99: sorted[Math.floor(sorted.length * 0.99)] });
  request.close();
} else {
  throw new Error(`no such role: ${role}`);
}
