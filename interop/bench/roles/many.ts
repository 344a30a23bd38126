/** Thousands of QZMQ connections at one server, through all stages of their lives. */
import { setTimeout as pause } from "node:timers/promises";
import type { Security } from "../../../src/security.ts";
import { memory } from "./connections.ts";
import { wideContext } from "./crowds.ts";
import { now, type Role } from "./role.ts";

/** Handshakes that one client process has under way. */
const AT_ONCE = 64;

/** Sends everything back; told to, it says what its memory is, rotates all keys, says its memory again, awaits the end of all. */
const manyServer: Role = async (work) => {
  const { zmq, options, endpoint, say, told } = work;
  const { security } = (await options("server")) as { security: Security };
  const socket = new zmq.Router({ ...wideContext(work), security });
  await socket.bind(endpoint);
  say({ bound: socket.lastEndpoint, ...(await memory()) });
  void (async () => {
    for await (const frames of socket) await socket.send(frames);
  })();
  await told();
  say({ ...(await memory()), connections: security.connections.length });
  await told();
  const before = security.counters.rotations;
  const started = now();
  const asked = security.rotate();
  while (security.counters.rotations < before + asked) await pause(10);
  say({ ms: (now() - started) / 1000, rotations: asked });
  await told();
  say({ ...(await memory()), connections: security.connections.length });
  await told();
  while (security.connections.length > 0) await pause(10);
  say({
    left: 0,
    failures: Object.values(security.counters.failures).reduce((sum, count) => sum + count, 0),
  });
  await told();
};

/** Connects `peers` sockets from the local address that `variant` ends with; told to, exchanges a message on each at once, and closes. */
const manyClients: Role = async (work) => {
  const { zmq, options, endpoint, peers, variant, say, told } = work;
  const context = wideContext(work);
  const security = await options("client");
  const target = endpoint.replace("tcp://", `tcp://${variant.split(" ")[1]}:0;`);
  const sockets = Array.from({ length: peers }, () => new zmq.Dealer({ ...context, linger: 0, ...security }));
  const exchange = async (socket: (typeof sockets)[0]): Promise<void> => {
    await socket.send("x");
    await socket.receive();
  };
  let next = 0;
  const connectSome = async (): Promise<void> => {
    while (next < peers) {
      const socket = sockets[next++]!;
      socket.connect(target);
      await exchange(socket);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, connectSome));
  say({ connected: peers });
  for (let i = 0; i < 2; i++) {
    await told();
    await Promise.all(sockets.map(exchange));
    say({ exchanged: peers });
  }
  await told();
  for (const socket of sockets) socket.close();
  say({ closed: peers });
  await told();
};

export const MANY_ROLES: Readonly<Record<string, Role>> = {
  "many-server": manyServer,
  "many-clients": manyClients,
};
