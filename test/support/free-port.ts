/**
 * A port for whoever must know it before somebody listens there, find it again afterwards, or be sure that nobody does.
 * A port that `listen(0)` gave and that was closed again is none: such ports, on Linux those from 32768 on, the system
 * gives to all who listen on 0, and to every outgoing connection for its own end. So another process may have it when
 * it is wanted, and who keeps connecting to it while nobody listens may be connected to itself.
 */
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that any common system gives away. */
const FIRST = 10_000;
const COUNT = 22_768;
/** Prime, hence a process gets round to all ports; and processes that start together are far from each other's next. */
const STRIDE = 1009;

/** The port that a process tries as its `n`-th, so that processes that run beside each other try different ones. */
export function candidate(pid: number, n: number): number {
  return FIRST + ((pid + n * STRIDE) % COUNT);
}

let tried = 0;

/** A port on which nobody listens, and which this process has not been given before. */
export async function freePort(): Promise<number> {
  while (tried < COUNT) {
    const port = candidate(process.pid, tried++);
    if (await isFree(port)) return port;
  }
  throw new Error("there is no free port");
}

/** A {@link freePort} as an endpoint of the loopback interface. */
export async function freeTcp(): Promise<string> {
  return `tcp://127.0.0.1:${await freePort()}`;
}

/** Whether one can listen there on all addresses. */
async function isFree(port: number): Promise<boolean> {
  // Whoever still looks for a former listener must not hold up the close.
  const server = createServer((socket) => socket.destroy());
  try {
    await once(server.listen(port), "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
  await once(server.close(), "close");
  return true;
}
