/**
 * One end of a conversation, as anybody would write it with npm's `zeromq` (libzmq): it knows nothing of tunnels. Says
 * and does what `program.py` says and does.
 *
 *     node program.js ROLE ENDPOINT
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import type * as zmq from "../../src/index.ts";

const { default: library } = (await import("zeromq")) as unknown as { default: typeof zmq };

const BURST = 20;
const PAUSE = 10;
const PATIENCE = 2000;

const [role, endpoint] = process.argv.slice(2) as [string, string];
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

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

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

function heard(frames: readonly Buffer[]): void {
  const number = Number(frames[0]);
  if (String(frames[0]) === "last") say({ last: true });
  else if (same(frames, body(number))) say({ got: number });
  else say({ torn: frames.map((frame) => frame.toString("latin1", 0, 40)) });
}

/** Messages 0, 1, 2, ... in bursts; after "stop" one that says so. */
async function numbers(send: (frames: Buffer[]) => Promise<void>): Promise<void> {
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
async function request(): Promise<void> {
  let socket: zmq.Request | null = null;
  for (let number = 0, attempt = 0; !stopped; ) {
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
async function converse(socket: zmq.Pair | zmq.Dealer): Promise<void> {
  await Promise.all([numbers((frames) => socket.send(frames)), receive(socket, heard)]);
}

const options = { sendHighWaterMark: 0, linger: 0 };

async function bound<T extends zmq.Socket>(socket: T): Promise<T> {
  await socket.bind(endpoint);
  say({ up: true });
  return socket;
}

function connected<T extends zmq.Socket>(socket: T): T {
  socket.connect(endpoint);
  say({ up: true });
  return socket;
}

const [kind, detail] = role.split(":");
switch (kind) {
  case "push": {
    const push = connected(new library.Push(options));
    await numbers((frames) => push.send(frames));
    break;
  }
  case "pull":
    await receive(await bound(new library.Pull()), heard);
    break;
  case "pub": {
    const publisher = await bound(new library.Publisher(options));
    await numbers(async (frames) => {
      await publisher.send(["unwanted", ...frames]);
      await publisher.send(["wanted", ...frames]);
    });
    break;
  }
  case "sub": {
    const subscriber = new library.Subscriber();
    subscriber.subscribe("wanted");
    await receive(connected(subscriber), ([topic, ...frames]) =>
      String(topic) === "wanted" ? heard(frames) : say({ torn: ["topic"] }),
    );
    break;
  }
  case "pair":
    await converse(detail === "bind" ? await bound(new library.Pair(options)) : connected(new library.Pair(options)));
    break;
  case "dealer":
    await converse(connected(new library.Dealer({ ...options, routingId: detail! })));
    break;
  case "router": {
    const router = await bound(new library.Router({ ...options, handover: true }));
    await receive(router, async (frames) => {
      try {
        await router.send(frames);
      } catch {
        // The peer is gone.
      }
    });
    break;
  }
  case "rep": {
    const reply = await bound(new library.Reply());
    const asked = new Set<string>();
    await receive(reply, async (frames) => {
      const question = `${frames[0]} ${frames[3]}`;
      if (asked.has(question)) say({ doubled: true });
      asked.add(question);
      await reply.send(["answer", ...frames]);
    });
    break;
  }
  case "req":
    await request();
    break;
  default:
    throw new Error(`no such role: ${role}`);
}
if (!over) await once(input, "close");
