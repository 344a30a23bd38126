/**
 * Hostile peers: those that do not read, their subscriptions and envelopes. Whatever one does, it costs a bounded
 * amount of memory, ends that connection alone with one typed error, and an honest peer of the same socket goes on
 * exchanging messages.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeCommand } from "../../src/wire/command.ts";
import { MORE } from "../../src/wire/frame.ts";
import { bare, frame, pause, RawPeer, RawServer, scenario, until } from "./harness.ts";
import { attack, costsAtMost, KIB_64, MIB, memory, PARTNER, target } from "./target.ts";

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
