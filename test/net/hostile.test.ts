/**
 * Hostile peers: their frames and handshakes. Whatever one does, it costs a bounded
 * amount of memory, ends that connection alone with one typed error, and an honest peer of the same socket goes on
 * exchanging messages.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeError } from "../../src/wire/command.ts";
import { LONG, MORE } from "../../src/wire/frame.ts";
import { encodeGreeting } from "../../src/wire/greeting.ts";
import { seeded } from "../support/random.ts";
import { bare, frame, handshakeOf, pause, RawPeer, scenario } from "./harness.ts";
import { attack, costsAtMost, KIB_64, MIB, memory, sizeOf, target } from "./target.ts";

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

test.run();
