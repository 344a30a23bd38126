/**
 * Hostile peers. Whatever one does, it costs a bounded amount of memory, ends that connection alone with one typed
 * error, and an honest peer of the same socket goes on exchanging messages.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SocketEvent } from "../../src/net/events.ts";
import { encodeCommand, encodeError } from "../../src/wire/command.ts";
import { LONG, MORE } from "../../src/wire/frame.ts";
import { encodeGreeting } from "../../src/wire/greeting.ts";
import type { Message } from "../../src/wire/message.ts";
import { seeded } from "../support/random.ts";
import {
  type Bare,
  type BareOptions,
  bare,
  type Cleanup,
  frame,
  handshakeOf,
  pause,
  RawPeer,
  RawServer,
  scenario,
  until,
} from "./harness.ts";

const MIB = 1024 * 1024;
const KIB_64 = Buffer.alloc(65_536, 0x63);

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** Octets in use, garbage apart. */
function memory(): number {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What has come into use since `before` is less than that many MiB, once garbage of the attack has been collected. */
async function costsAtMost(mib: number, before: number): Promise<void> {
  let cost = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 50 && cost >= mib; i++) {
    if (i > 0) await pause(20);
    cost = (memory() - before) / MIB;
  }
  assert.ok(cost < mib, `it cost ${cost} MiB`);
}

type Served = "ROUTER" | "REP" | "PULL" | "PUSH" | "PUB";

/** What is under attack. */
interface Target<T extends Served> {
  readonly it: Bare<T>;
  readonly endpoint: string;
  /** Messages of hostile peers that came through. */
  readonly strange: string[][];
  /** Waits for some further exchanges with the honest peer. */
  honest(): Promise<void>;
  /** The errors that peers have caused so far, in order: codes. */
  errors(): (string | undefined)[];
}

const PARTNER = { ROUTER: "DEALER", REP: "REQ", PULL: "PUSH", PUSH: "PULL", PUB: "SUB" } as const;
const HONEST = "honest";

/** A bound socket that serves, and an honest peer that talks to it without a pause until the test ends. */
async function target<T extends Served>(
  type: T,
  cleanup: Cleanup,
  options: BareOptions = {},
): Promise<Target<T>> {
  const it = bare(type, cleanup, options);
  await it.hub.bind("tcp://127.0.0.1:0");
  const endpoint = it.hub.lastEndpoint!;
  const friend = bare(PARTNER[type], cleanup, { pattern: { routingId: Buffer.from(HONEST) } });
  if (friend.pattern.type === "SUB") friend.pattern.subscribe(Buffer.from(HONEST));
  friend.hub.connect(endpoint);
  const strange: string[][] = [];
  let exchanges = 0;
  let running = true;
  cleanup(() => {
    running = false;
  });

  const take = (message: Message): void => {
    const text = message.map((part) => part.subarray(0, 100).toString("latin1"));
    if (!text.includes(HONEST)) strange.push(text);
    if (type === "PULL" && text[0] === HONEST) exchanges++;
    if (type === "ROUTER") it.pattern.send(message);
    if (type === "REP") it.pattern.send(message);
  };
  const hello = [Buffer.from(HONEST)];
  const turn = (): void => {
    if (!running) return;
    for (let i = 0; i < 50 && it.pattern.readable; i++) take(it.pattern.receive()!);
    if (type === "PUSH" || type === "PUB") {
      it.pattern.send(hello);
    } else if (friend.pattern.writable && !friend.pattern.readable) {
      friend.pattern.send(hello);
    }
    while (friend.pattern.type !== "PUSH" && friend.pattern.readable) {
      if (String(friend.pattern.receive()![0]) === HONEST) exchanges++;
    }
    setImmediate(turn);
  };
  turn();
  const honest = async (): Promise<void> => {
    const enough = exchanges + 20;
    await until(() => exchanges >= enough, "further exchanges with the honest peer");
    assert.not(friend.types().includes("disconnect"), "the honest peer was cut");
  };
  await honest();
  return {
    it,
    endpoint,
    strange,
    honest,
    errors: () =>
      it.events.flatMap((event: SocketEvent) => {
        const { error } = event as { error?: { code?: string } };
        const told = event.type === "disconnect" || event.type.startsWith("handshake:error");
        return told && error !== undefined ? [error.code] : [];
      }),
  };
}

/** One peer attacks; it must be cut with that error, told once, and cost no more than some MiB at its height. */
function attack<T extends Served>(
  title: string,
  type: T,
  code: string,
  octets: (peer: RawPeer) => Promise<void> | void,
  options: BareOptions & { readonly shake?: boolean; readonly cost?: number } = {},
): void {
  test(
    `${type}: ${title}: ${code}`,
    scenario(async (cleanup) => {
      const { it, endpoint, honest, errors, strange } = await target(type, cleanup, options);
      const before = memory();
      const peer =
        options.shake === false
          ? await RawPeer.connect(endpoint)
          : await RawPeer.join(endpoint, PARTNER[type], "hostile");
      cleanup(() => peer.socket.destroy());
      await octets(peer);
      await peer.gone();
      await costsAtMost(options.cost ?? 16, before);
      await it.saw("disconnect");
      await honest();
      // A failed handshake is told by its own event and by the disconnect that follows.
      assert.equal([...new Set(errors())], [code]);
      assert.is(it.types().filter((one) => one === "disconnect").length, 1);
      assert.equal(strange, []);
    }),
  );
}

function sizeOf(size: bigint, flags = LONG): Buffer {
  const header = Buffer.alloc(9);
  header[0] = flags;
  header.writeBigUInt64BE(size, 1);
  return header;
}

// Frames.

attack("announces a frame of 8 EiB - 1", "ROUTER", "ERR_ZMTP_MESSAGE_TOO_LARGE", (peer) =>
  peer.write(sizeOf(2n ** 63n - 1n)),
);
attack("announces a frame of 8 EiB", "ROUTER", "ERR_ZMTP_MALFORMED_FRAME", (peer) =>
  peer.write(sizeOf(2n ** 63n)),
);
attack(
  "announces a command of 8 EiB - 1 in the handshake",
  "PULL",
  "ERR_ZMTP_MESSAGE_TOO_LARGE",
  (peer) => peer.write(Buffer.concat([encodeGreeting("NULL", false), sizeOf(2n ** 63n - 1n, LONG | 4)])),
  { shake: false },
);
attack(
  "sends an octet more than maxMessageSize",
  "PULL",
  "ERR_ZMTP_MESSAGE_TOO_LARGE",
  (peer) => peer.write(frame(0, Buffer.alloc(1001))),
  { settings: { maxMessageSize: 1000 } },
);
attack(
  "sends more than maxMessageSize in many frames",
  "PULL",
  "ERR_ZMTP_MESSAGE_TOO_LARGE",
  (peer) => peer.write(Buffer.concat(Array.from({ length: 11 }, () => frame(MORE, Buffer.alloc(100))))),
  { settings: { maxMessageSize: 1000 } },
);

for (const type of ["PULL", "ROUTER", "PUB"] as const) {
  attack(
    "never sends the last frame of a message",
    type,
    "ERR_ZMTP_MESSAGE_TOO_LARGE",
    async (peer) => {
      const many = Buffer.concat(Array.from({ length: 10_000 }, () => frame(MORE, "x")));
      for (let i = 0; i < 1000 && !peer.ended && !peer.closed; i++) await peer.write(many);
    },
    { cost: 32 },
  );
}

attack("sends COMMAND with MORE", "ROUTER", "ERR_ZMTP_MALFORMED_FRAME", (peer) =>
  peer.write(frame(5, "\x04PING")),
);
attack("sets reserved bits", "ROUTER", "ERR_ZMTP_MALFORMED_FRAME", (peer) => peer.write(frame(0x80, "x")));
attack("sends ERROR during traffic", "ROUTER", "ERR_ZMTP_PEER_ERROR", (peer) =>
  peer.write(encodeError("die")),
);

test(
  "ROUTER: twenty peers announce 1 GiB each and send little of it: they cost what they send and 4 MiB",
  scenario(async (cleanup) => {
    const { endpoint, honest, errors } = await target("ROUTER", cleanup);
    const before = memory();
    for (let i = 0; i < 20; i++) {
      const peer = await RawPeer.join(endpoint, "DEALER", `hostile ${i}`);
      cleanup(() => peer.socket.destroy());
      await peer.write(sizeOf(2n ** 30n));
      await peer.write(KIB_64);
    }
    await honest();
    await costsAtMost(120, before);
    assert.equal(errors(), []);
  }),
);

test(
  "PULL: peers that disconnect in the middle of a message deliver nothing of it",
  scenario(async (cleanup) => {
    const { it, endpoint, honest, strange } = await target("PULL", cleanup);
    for (let i = 0; i < 20; i++) {
      const peer = await RawPeer.join(endpoint, "PUSH");
      await peer.write(Buffer.concat([frame(MORE, "a"), frame(MORE, "b"), frame(0, "c").subarray(0, i % 3)]));
      if (i % 2 === 0) peer.socket.destroy();
      else peer.socket.resetAndDestroy();
    }
    await it.saw("disconnect", 20);
    await honest();
    assert.equal(strange, []);
  }),
);

// Handshakes.

attack(
  "sends an octet now and then",
  "ROUTER",
  "ERR_ZMTP_HANDSHAKE_TIMEOUT",
  async (peer) => {
    for (const octet of handshakeOf("DEALER")) {
      if (peer.ended || peer.closed) return;
      await peer.write(Buffer.of(octet));
      await pause(20);
    }
  },
  { shake: false, settings: { handshakeInterval: 200 } },
);

attack(
  "speaks HTTP",
  "ROUTER",
  "ERR_ZMTP_UNSUPPORTED_VERSION",
  (peer) => peer.write(Buffer.from("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")),
  { shake: false },
);

test(
  "ROUTER: 1000 connections that say nothing are all ended, one error each",
  scenario(async (cleanup) => {
    const { it, endpoint, honest, errors } = await target("ROUTER", cleanup, {
      settings: { handshakeInterval: 1000, backlog: 1000 },
    });
    const before = memory();
    const peers = await Promise.all(Array.from({ length: 1000 }, () => RawPeer.connect(endpoint)));
    cleanup(() => {
      for (const peer of peers) peer.socket.destroy();
    });
    await it.saw("accept", 1001);
    await honest();
    await costsAtMost(64, before);
    await it.saw("handshake:error:other", 1000);
    for (const peer of peers) await peer.gone();
    assert.equal([...new Set(errors())], ["ERR_ZMTP_HANDSHAKE_TIMEOUT"]);
    await honest();
  }),
);

test(
  "ROUTER: who takes all places by saying nothing makes room for an honest peer",
  scenario(async (cleanup) => {
    const it = bare("ROUTER", cleanup, { settings: { maxHandshakes: 20, backlog: 200 } });
    await it.hub.bind("tcp://127.0.0.1:*");
    const endpoint = it.hub.lastEndpoint!;
    const silent: RawPeer[] = [];
    cleanup(() => {
      for (const peer of silent) peer.socket.destroy();
    });
    for (let i = 0; i < 60; i++) silent.push(await RawPeer.connect(endpoint));
    await it.saw("accept", 60);
    for (const peer of silent.slice(0, 40)) await peer.gone();
    assert.is(silent.filter((peer) => peer.ended || peer.closed).length, 40);
    const honest = await RawPeer.join(endpoint, "DEALER", "honest");
    cleanup(() => honest.socket.destroy());
    await it.saw("handshake");
  }),
);

for (const [when, lead] of [
  ["at once", Buffer.alloc(0)],
  ["after the greeting", encodeGreeting("NULL", false)],
  ["after the handshake", handshakeOf("DEALER")],
] as const) {
  test(
    `ROUTER: garbage ${when}: one typed error a peer, or messages`,
    scenario(async (cleanup) => {
      const { it, endpoint, honest, errors } = await target("ROUTER", cleanup, {
        settings: { handshakeInterval: 300, maxMessageSize: MIB },
      });
      const random = seeded(7);
      for (let i = 0; i < 60; i++) {
        const garbage = Buffer.from(
          Array.from({ length: 1 + Math.floor(random() * 3000) }, () => random() * 256),
        );
        const peer = await RawPeer.connect(endpoint);
        await peer.write(Buffer.concat([lead, garbage]));
        peer.socket.end();
        await peer.gone();
        peer.socket.destroy();
      }
      await it.saw("disconnect", 60);
      await honest();
      assert.is(it.types().filter((type) => type === "disconnect").length, 60);
      const codes = [...new Set(errors())];
      assert.ok(
        codes.every((code) => /^(ERR_ZMTP_|ECONNRESET$|EPIPE$)/.test(code!)),
        String(codes),
      );
      assert.ok(codes.some((code) => code!.startsWith("ERR_ZMTP_")));
    }),
  );
}

// Peers that do not read.

for (const type of ["PUSH", "PUB", "ROUTER", "REP"] as const) {
  test(
    `${type}: a peer that never reads holds a bounded number of messages and stops nobody else`,
    scenario(async (cleanup) => {
      const { it, endpoint, honest, errors } = await target(type, cleanup, {
        settings: { sendHighWaterMark: 50, receiveHighWaterMark: 50 },
      });
      const before = memory();
      const peer = await RawPeer.join(endpoint, PARTNER[type], "hostile");
      cleanup(() => peer.socket.destroy());
      peer.socket.pause();
      if (type === "PUB") await peer.write(encodeCommand("SUBSCRIBE"));
      for (let round = 0; round < 40; round++) {
        for (let i = 0; i < 10; i++) {
          if (type === "PUSH") it.pattern.send([KIB_64]);
          else if (type === "PUB") it.pattern.send([Buffer.from("other"), KIB_64]);
          else if (type === "ROUTER") it.pattern.send([Buffer.from("hostile"), KIB_64]);
          else await peer.write(Buffer.concat([frame(MORE, ""), frame(0, KIB_64)]));
        }
        await pause(1);
      }
      await honest();
      // Fifty messages each way, and what the socket's own buffer holds.
      await costsAtMost(16, before);
      assert.equal(errors(), []);
    }),
  );
}

test(
  "ROUTER: a peer that sends PING without end and reads no PONG costs little",
  scenario(async (cleanup) => {
    const { endpoint, honest, errors } = await target("ROUTER", cleanup);
    const peer = await RawPeer.join(endpoint, "DEALER", "hostile");
    cleanup(() => peer.socket.destroy());
    peer.socket.pause();
    const ping = encodeCommand("PING", Buffer.alloc(2), Buffer.alloc(16, 0x70));
    const many = Buffer.concat(Array.from({ length: 20_000 }, () => ping));
    await peer.write(many);
    const before = memory();
    for (let i = 0; i < 60; i++) await peer.write(many);
    await honest();
    await costsAtMost(16, before);
    assert.equal(errors(), []);
  }),
);

test(
  "ROUTER: of a context of 1 MiB a PONG echoes the 16 octets that it may have",
  scenario(async (cleanup) => {
    const { endpoint, honest, errors } = await target("ROUTER", cleanup);
    const peer = await RawPeer.join(endpoint, "DEALER", "hostile");
    cleanup(() => peer.socket.destroy());
    const before = memory();
    const ping = encodeCommand("PING", Buffer.alloc(2), Buffer.alloc(MIB, 0x70));
    for (let i = 0; i < 50; i++) await peer.write(ping);
    await until(() => peer.frames.length === 51, "READY and every PONG");
    assert.is(peer.frames[50]!.body.toString("latin1"), `\x04PONG${"p".repeat(16)}`);
    await honest();
    await costsAtMost(16, before);
    assert.equal(errors(), []);
  }),
);
attack("sends PING without a time-to-live", "ROUTER", "ERR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED", (peer) =>
  peer.write(encodeCommand("PING")),
);

// Subscriptions.

for (const [style, subscribe] of [
  ["commands", (topic: string) => encodeCommand("SUBSCRIBE", Buffer.from(topic))],
  ["messages", (topic: string) => frame(0, `\x01${topic}`)],
] as const) {
  attack(
    `subscribes to too many topics by ${style}`,
    "PUB",
    "ERR_ZMTP_TOO_MANY_SUBSCRIPTIONS",
    async (peer) => {
      for (let i = 0; i < 100 && !peer.ended && !peer.closed; i++) {
        await peer.write(
          Buffer.concat(Array.from({ length: 1000 }, (_, k) => subscribe(`topic ${i * 1000 + k}`))),
        );
      }
    },
    { pattern: { maxSubscriptions: 20_000 } },
  );
  attack(
    `subscribes to topics too long in all by ${style}`,
    "PUB",
    "ERR_ZMTP_TOO_MANY_SUBSCRIPTIONS",
    async (peer) => {
      for (let i = 0; i < 200 && !peer.ended && !peer.closed; i++)
        await peer.write(subscribe(`${i}`.padEnd(60_000, "x")));
    },
    { pattern: { maxTopicOctets: MIB } },
  );
  attack(`subscribes to a topic too long by ${style}`, "PUB", "ERR_ZMTP_TOO_MANY_SUBSCRIPTIONS", (peer) =>
    peer.write(subscribe("x".repeat(65_537))),
  );

  test(
    `PUB: subscribing and cancelling without end by ${style} costs nothing that stays`,
    scenario(async (cleanup) => {
      const { endpoint, honest, errors } = await target("PUB", cleanup);
      const peer = await RawPeer.join(endpoint, "SUB");
      cleanup(() => peer.socket.destroy());
      const cancel =
        style === "commands"
          ? (t: string) => encodeCommand("CANCEL", Buffer.from(t))
          : (t: string) => frame(0, `\0${t}`);
      const round = (i: number): Buffer =>
        Buffer.concat(
          Array.from({ length: 1000 }, (_, k) =>
            Buffer.concat([subscribe(`${i} ${k}`), cancel(`${i} ${k}`)]),
          ),
        );
      await peer.write(round(0));
      await honest();
      const before = memory();
      for (let i = 1; i < 50; i++) await peer.write(round(i));
      await honest();
      await costsAtMost(8, before);
      assert.equal(errors(), []);
    }),
  );
}

test(
  "XPUB: a peer that subscribes without end is read no further while nobody reads its notices",
  scenario(async (cleanup) => {
    const xpub = bare("XPUB", cleanup);
    await xpub.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(xpub.hub.lastEndpoint!, "SUB");
    cleanup(() => peer.socket.destroy());
    const before = memory();
    for (let i = 0; i < 100; i++) {
      const topics = Array.from({ length: 1000 }, (_, k) =>
        encodeCommand("SUBSCRIBE", Buffer.from(`${i} ${k}`)),
      );
      void peer.write(Buffer.concat(topics));
    }
    await pause(100);
    await costsAtMost(16, before);
    let notices = 0;
    await until(() => {
      while (xpub.pattern.receive() !== undefined) notices++;
      return notices === 100_000;
    }, "all notices once they are read");
  }),
);

test(
  "PUB: messages sent upstream are discarded",
  scenario(async (cleanup) => {
    const { endpoint, honest, errors } = await target("PUB", cleanup);
    const peer = await RawPeer.join(endpoint, "SUB");
    cleanup(() => peer.socket.destroy());
    const before = memory();
    for (let i = 0; i < 200; i++) await peer.write(frame(0, KIB_64));
    await honest();
    await costsAtMost(8, before);
    assert.equal(errors(), []);
  }),
);

// Envelopes.

test(
  "REP: requests without an envelope, or with nothing behind it, are dropped",
  scenario(async (cleanup) => {
    const { endpoint, honest, errors, strange } = await target("REP", cleanup);
    const peer = await RawPeer.join(endpoint, "REQ");
    cleanup(() => peer.socket.destroy());
    const before = memory();
    const wrong = Buffer.concat([
      frame(0, ""),
      frame(0, "no delimiter"),
      frame(MORE, "a"),
      frame(0, "b"),
      frame(MORE, "delimiter last"),
      frame(0, ""),
    ]);
    for (let i = 0; i < 2000; i++) await peer.write(wrong);
    await honest();
    assert.equal(strange, []);
    await costsAtMost(8, before);
    await peer.write(Buffer.concat([frame(MORE, "route"), frame(MORE, ""), frame(0, "right")]));
    await until(() => peer.messages.length === 1, "the reply");
    assert.equal(peer.messages, [["route", "", "right"]]);
    assert.equal(errors(), []);
  }),
);

test(
  "REQ: replies of a wrong envelope, from a wrong peer or unasked for are dropped",
  scenario(async (cleanup) => {
    const [asked, other] = [await RawServer.listen(cleanup), await RawServer.listen(cleanup)];
    const req = bare("REQ", cleanup);
    req.hub.connect(asked.endpoint);
    const honest = await asked.join("REP");
    await req.saw("handshake");
    const before = memory();
    await honest.write(Buffer.concat([frame(MORE, ""), frame(0, "unasked for")]));
    await pause(20);
    await req.send("question");
    req.hub.connect(other.endpoint);
    const hostile = await other.join("ROUTER");
    await req.saw("handshake", 2);
    const forged = Buffer.concat([frame(MORE, ""), frame(0, "forged")]);
    for (let i = 0; i < 1000; i++) await hostile.write(forged);
    await honest.write(
      Buffer.concat([frame(0, ""), frame(0, "no delimiter"), frame(MORE, "x"), frame(0, "y")]),
    );
    await pause(20);
    assert.not(req.pattern.readable);
    await honest.write(Buffer.concat([frame(MORE, ""), frame(0, "answer")]));
    assert.equal((await req.receive()).map(String), ["answer"]);
    await costsAtMost(8, before);
  }),
);

test(
  "ROUTER: odd messages arrive as they are, behind the id of their sender",
  scenario(async (cleanup) => {
    const { endpoint, honest, errors, strange } = await target("ROUTER", cleanup);
    const peer = await RawPeer.join(endpoint, "DEALER", "hostile");
    cleanup(() => peer.socket.destroy());
    await peer.write(Buffer.concat([frame(0, ""), frame(MORE, "victim"), frame(0, "spoofed")]));
    await until(() => strange.length === 2, "both");
    assert.equal(strange, [
      ["hostile", ""],
      ["hostile", "victim", "spoofed"],
    ]);
    await honest();
    assert.equal(errors(), []);
  }),
);

test.run();
