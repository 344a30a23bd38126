/**
 * Ends of conversations, as anybody would write them with npm's `zeromq` (libzmq): they know nothing of tunnels. Says
 * and does what `program.py` says and does.
 *
 *     node program.js ROLE ENDPOINT [ROLE ENDPOINT ...]
 */
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import type * as zmq from "../../src/index.ts";

const { default: library } = (await import("zeromq")) as unknown as { default: typeof zmq };

const BURST = 5;
const PAUSE = 10;
const PATIENCE = 2000;

let stopped = false;
let over = false;
const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  if (line === "stop") stopped = true;
});
input.on("close", () => {
  over = true;
  setImmediate(() => process.exit(0));
});

/** Tells what happens to one role. */
type Say = (what: object) => void;

/** What message `number` carries: whoever receives it can tell whether it is whole. */
function body(number: number): Buffer[] {
  return [
    Buffer.from(`${number}`),
    Buffer.alloc((number * 37) % 3000, number % 251),
    Buffer.from(`end of ${number}`),
  ];
}

const same = (a: readonly Buffer[], b: readonly Buffer[]): boolean =>
  a.length === b.length && a.every((frame, i) => frame.equals(b[i]!));

function heard(say: Say, frames: readonly Buffer[]): void {
  const number = Number(frames[0]);
  if (String(frames[0]) === "last") say({ last: true });
  else if (same(frames, body(number))) say({ got: number });
  else say({ torn: frames.map((frame) => frame.toString("latin1", 0, 40)) });
}

/** Messages 0, 1, 2, ... in bursts; after "stop" one that says so. */
async function numbers(say: Say, send: (frames: Buffer[]) => Promise<void>): Promise<void> {
  let count = 0;
  for (; !stopped && !over; await pause(PAUSE)) {
    for (let i = 0; i < BURST; i++) await send(body(count++));
    say({ sent: count });
  }
  await send([Buffer.from("last")]);
}

async function receive(socket: zmq.Readable, each: (frames: Buffer[]) => unknown): Promise<void> {
  for await (const frames of socket) await each(frames);
}

/** The usual way of a REQ on an unreliable network: no answer in time, a new socket, the question again. */
async function request(say: Say, endpoint: string): Promise<void> {
  let socket: zmq.Request | null = null;
  for (let number = 0, attempt = 0; !stopped && !over; ) {
    if (socket === null) {
      socket = new library.Request({ linger: 0, receiveTimeout: PATIENCE });
      socket.connect(endpoint);
    }
    const asked = [...body(number), Buffer.from(`${attempt}`)];
    await socket.send(asked);
    say({ sent: number + 1 });
    try {
      const answer = await socket.receive();
      if (!same(answer, [Buffer.from("answer"), ...asked])) say({ torn: answer.map(String) });
      say({ got: number });
      number++;
      attempt = 0;
    } catch {
      socket.close();
      socket = null;
      attempt++;
    }
  }
  say({ last: true });
}

/** Both ways at once. */
async function converse(say: Say, socket: zmq.Pair | zmq.Dealer): Promise<void> {
  await Promise.all([
    numbers(say, (frames) => socket.send(frames)),
    receive(socket, (frames) => heard(say, frames)),
  ]);
}

const options = { sendHighWaterMark: 0, linger: 0 };

function connected<T extends zmq.Socket>(socket: T, endpoint: string): T {
  socket.connect(endpoint);
  return socket;
}

async function bound<T extends zmq.Socket>(socket: T, endpoint: string): Promise<T> {
  await socket.bind(endpoint);
  return socket;
}

const ROLES: Readonly<Record<string, (say: Say, endpoint: string) => Promise<void>>> = {
  async push(say, endpoint) {
    const push = connected(new library.Push(options), endpoint);
    await numbers(say, (frames) => push.send(frames));
  },
  async pull(say, endpoint) {
    await receive(await bound(new library.Pull(), endpoint), (frames) => heard(say, frames));
  },
  async pub(say, endpoint) {
    const publisher = await bound(new library.Publisher(options), endpoint);
    await numbers(say, async (frames) => {
      await publisher.send(["unwanted", ...frames]);
      await publisher.send(["wanted", ...frames]);
    });
  },
  async sub(say, endpoint) {
    const subscriber = new library.Subscriber();
    subscriber.subscribe("wanted");
    await receive(connected(subscriber, endpoint), ([topic, ...frames]) =>
      String(topic) === "wanted" ? heard(say, frames) : say({ torn: ["topic"] }),
    );
  },
  async "pair:connect"(say, endpoint) {
    await converse(say, connected(new library.Pair(options), endpoint));
  },
  async "pair:bind"(say, endpoint) {
    await converse(say, await bound(new library.Pair(options), endpoint));
  },
  async "dealer:one"(say, endpoint) {
    await converse(say, connected(new library.Dealer({ ...options, routingId: "one" }), endpoint));
  },
  async "dealer:two"(say, endpoint) {
    await converse(say, connected(new library.Dealer({ ...options, routingId: "two" }), endpoint));
  },
  async router(_say, endpoint) {
    const router = await bound(new library.Router({ ...options, handover: true }), endpoint);
    await receive(router, (frames) => router.send(frames).catch(() => {}));
  },
  async rep(say, endpoint) {
    const reply = await bound(new library.Reply(), endpoint);
    const asked = new Set<string>();
    await receive(reply, async (frames) => {
      const question = `${frames[0]} ${frames[3]}`;
      if (asked.has(question)) say({ doubled: true });
      asked.add(question);
      await reply.send(["answer", ...frames]);
    });
  },
  req: request,
};

for (let i = 2; i < process.argv.length; i += 2) {
  const role = process.argv[i]!;
  void ROLES[role]!(
    (what) => process.stdout.write(`${JSON.stringify({ role, ...what })}\n`),
    process.argv[i + 1]!,
  );
}
