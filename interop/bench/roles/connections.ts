/** Connections rather than messages: making them, holding many, and coming back after a restart. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { wideContext } from "./crowds.ts";
import { cpu, now, type Role } from "./role.ts";

/** Connections that are being made at the same time. */
const AT_ONCE = 4;

/** Connects, has one message sent back and closes, over and over: a first batch to warm up, and the one that counts. */
const callers: Role = async ({ zmq, options, endpoint, count, say, told }) => {
  const security = await options("client");
  const call = async (): Promise<void> => {
    const socket = new zmq.Dealer({ linger: 0, ...security });
    socket.connect(endpoint);
    await socket.send("x");
    await socket.receive();
    socket.close();
  };
  const calls = async (total: number): Promise<void> => {
    let left = total;
    const caller = async (): Promise<void> => {
      while (left-- > 0) await call();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, caller));
  };
  await calls(Math.ceil(count / 4));
  say({ warm: true });
  await told();
  const started = now();
  const cpuStarted = cpu();
  await calls(count);
  say({ rate: (count * 1e6) / (now() - started), cpu: cpu() - cpuStarted });
  await told();
};

/** Octets after a collection: heap and external memory, and what the process has of the machine. */
export async function memory(): Promise<{ heap: number; rss: number }> {
  // What a collection frees, another one may need: finalizers run between them.
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await pause(50);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

/**
 * Takes `peers` connections, each of which says one thing. Tells how long after the bind all were there and the
 * event loop's delay until then; then, whenever it is told something, its memory.
 */
const holder: Role = async ({ zmq, options, endpoint, peers, say, told }) => {
  const socket = new zmq.Pull(await options("server"));
  await socket.bind(endpoint);
  say({ bound: socket.lastEndpoint, ...(await memory()) });
  const started = now();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (let i = 0; i < peers; i++) await socket.receive();
  delay.disable();
  say({ ms: (now() - started) / 1000, delay: delay.percentile(99) / 1e6, longest: delay.max / 1e6 });
  for (;;) {
    await told();
    say(await memory());
  }
};

/** Makes `peers` connections and sends one message on each; one more whenever it is told something. */
const crowd: Role = async (work) => {
  const { zmq, options, endpoint, peers, say, told } = work;
  const context = wideContext(work);
  const security = await options("client");
  const sockets = Array.from({ length: peers }, () => new zmq.Push({ ...context, linger: 0, ...security }));
  for (const socket of sockets) socket.connect(endpoint);
  for (;;) {
    await Promise.all(sockets.map((socket) => socket.send("x")));
    say({ sent: peers });
    await told();
  }
};

export const CONNECTION_ROLES: Readonly<Record<string, Role>> = { callers, holder, crowd };
