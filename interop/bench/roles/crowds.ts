/** One socket at one end, many at the other: publish to subscribers, dealers at a router. The C peer has the same roles. */
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { cpu, now, type Role, type Work } from "./role.ts";

/** Octets that begin a message: what it is for. */
const SYNC = "!";
const FEW = "f";
/** So many topics when there are many; each subscriber takes every tenth. */
export const TOPICS = 1000;
export const TOPIC_SHARE = 10;
/** Requests that a dealer has under way. */
const WINDOW = 10;

/** The default of libzmq's contexts is 1023 sockets. */
export function wideContext({ zmq }: Work): object {
  return { context: new zmq.Context({ maxSockets: 30_000 }) };
}

function topic(index: number): string {
  return `t${String(index % TOPICS).padStart(3, "0")}`;
}

/** Publishes `count` messages to all, then `variant` messages to a tenth of the subscribers each. */
const pub: Role = async ({ zmq, options, endpoint, size, count, variant, say, told }) => {
  // Nothing is lost, so that each library is measured at the rate that it sustains.
  const socket = new zmq.Publisher({ noDrop: true, ...(await options("server")) });
  await socket.bind(endpoint);
  say({ bound: socket.lastEndpoint });
  const joined = told().then(() => true);
  while (!(await Promise.race([joined, pause(20, false)]))) await socket.send(SYNC);
  const few = Buffer.alloc(size, FEW);
  const publish = async (message: Buffer): Promise<void> => {
    for (;;) {
      try {
        return await socket.send(message);
      } catch (error) {
        // With `noDrop` libzmq says that a publisher is writable, then that it is not: zeromq.js rejects.
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        await turn();
      }
    }
  };
  for (let i = 0; i < count; i++) await publish(few);
  await told();
  const many = Array.from({ length: TOPICS }, (_, index) => Buffer.alloc(size, topic(index).padEnd(size)));
  for (let i = 0; i < Number(variant); i++) await publish(many[i % TOPICS]!);
  await told();
};

/** Counts what all subscribers get, and tells the rate of deliveries for each of the two parts. */
const subs: Role = async (work) => {
  const { zmq, options, endpoint, count, peers, variant, say, told } = work;
  const expected = [count * peers, (Number(variant) * peers) / TOPIC_SHARE] as const;
  const context = wideContext(work);
  const security = await options("client");
  let part = 0;
  let joined = 0;
  let got = 0;
  let started = 0;
  const take = (): void => {
    // The first tenth warms up.
    const warm = Math.floor(expected[part]! / 10);
    if (got++ === warm) started = now();
    if (got < expected[part]!) return;
    say({ rate: ((got - 1 - warm) * 1e6) / (now() - started) });
    got = 0;
    part++;
  };
  for (let i = 0; i < peers; i++) {
    const socket = new zmq.Subscriber({ ...context, ...security });
    socket.subscribe(SYNC, FEW);
    for (let index = i % TOPIC_SHARE; index < TOPICS; index += TOPIC_SHARE) socket.subscribe(topic(index));
    socket.connect(endpoint);
    void (async () => {
      let here = false;
      for await (const [message] of socket) {
        if (message![0] !== SYNC.charCodeAt(0)) take();
        else if (!here) {
          here = true;
          if (++joined === peers) say({ joined });
        }
      }
    })();
  }
  await told();
};

/** Sends everything back, and says the CPU time used so far whenever it is told something. */
const router: Role = async ({ zmq, options, endpoint, say, told }) => {
  const socket = new zmq.Router(await options("server"));
  await socket.bind(endpoint);
  say({ bound: socket.lastEndpoint });
  void (async () => {
    for await (const frames of socket) await socket.send(frames);
  })();
  for (;;) {
    await told();
    say({ cpu: cpu() });
  }
};

/** Round trips a second of all together. */
const dealers: Role = async (work) => {
  const { zmq, options, endpoint, size, count, peers, say, told } = work;
  const context = wideContext(work);
  const security = await options("client");
  const message = Buffer.alloc(size, 0x61);
  const each = Math.ceil(count / peers);
  const sockets = Array.from({ length: peers }, () => new zmq.Dealer({ ...context, ...security }));
  const trips = async (socket: (typeof sockets)[0], trips: number): Promise<void> => {
    const window = Math.min(WINDOW, trips);
    for (let i = 0; i < window; i++) await socket.send(message);
    for (let i = 0; i < trips; i++) {
      await socket.receive();
      if (i + window < trips) await socket.send(message);
    }
  };
  for (const socket of sockets) socket.connect(endpoint);
  await Promise.all(sockets.map((socket) => trips(socket, Math.ceil(each / 10))));
  const started = now();
  await Promise.all(sockets.map((socket) => trips(socket, each)));
  say({ rate: (each * peers * 1e6) / (now() - started) });
  await told();
};

export const CROWD_ROLES: Readonly<Record<string, Role>> = { pub, subs, router, dealers };
