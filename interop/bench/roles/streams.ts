/** Two sockets, one connection: streams of messages, and round trips. The C peer has the same roles. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { cpu, now, type Role } from "./role.ts";

/** Milliseconds that the event loop was late, in the slowest hundredth; on only for the benchmark that asks. */
function watchDelay(variant: string): () => number {
  if (variant !== "delay") return () => 0;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  return () => delay.percentile(99) / 1e6;
}

const pull: Role = async ({ zmq, options, endpoint, size, count, variant, say, told }) => {
  const socket = new zmq.Pull(await options("server"));
  await socket.bind(endpoint);
  say({ bound: socket.lastEndpoint });
  // The first tenth warms up: the connection is made, the compiler is at work.
  const warm = Math.floor(count / 10);
  let i = 0;
  let started = 0;
  let cpuStarted = 0;
  let delay = () => 0;
  for await (const [message] of socket) {
    if (message!.length !== size) throw new Error(`${message!.length} octets, ${size} expected`);
    if (i === warm) {
      started = now();
      cpuStarted = cpu();
      delay = watchDelay(variant);
    }
    if (++i === count) break;
  }
  const measured = count - warm - 1;
  say({ rate: (measured * 1e6) / (now() - started), cpu: (cpu() - cpuStarted) / measured, delay: delay() });
  await told();
};

const push: Role = async ({ zmq, options, endpoint, size, count, variant, say, told }) => {
  const socket = new zmq.Push(await options("client"));
  socket.connect(endpoint);
  const message = Buffer.alloc(size, 0x61);
  const cpuStarted = cpu();
  const delay = watchDelay(variant);
  for (let i = 0; i < count; i++) await socket.send(message);
  // The receiver has all: before, part of the work is not done.
  await told();
  say({ cpu: (cpu() - cpuStarted) / count, delay: delay() });
  await told();
};

const rep: Role = async ({ zmq, options, endpoint, count, say, told }) => {
  const socket = new zmq.Reply(await options("server"));
  await socket.bind(endpoint);
  say({ bound: socket.lastEndpoint });
  for (let i = 0; i < count; i++) await socket.send((await socket.receive())[0]!);
  await told();
};

const req: Role = async ({ zmq, options, endpoint, size, count, say, told }) => {
  const socket = new zmq.Request(await options("client"));
  socket.connect(endpoint);
  const message = Buffer.alloc(size, 0x61);
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const before = now();
    await socket.send(message);
    await socket.receive();
    times[i] = now() - before;
  }
  // The first half shows the compiler at work, not the library.
  const sorted = times.slice(count >> 1).sort();
  say({ p50: sorted[sorted.length >> 1], p99: sorted[Math.floor(sorted.length * 0.99)] });
  await told();
};

export const STREAM_ROLES: Readonly<Record<string, Role>> = { pull, push, rep, req };
