/** One connection over a real socket: writes in batches, ends of all kinds, back-pressure, heartbeats. */
import * as net from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SocketEvent } from "../../src/net/events.ts";
import { Pipe } from "../../src/pipe/pipe.ts";
import { encodeCommand } from "../../src/wire/command.ts";
import { COMMAND } from "../../src/wire/frame.ts";
import { bare, frame, handshakeOf, pause, RawPeer, RawServer, scenario, until } from "./harness.ts";

const KIB_64 = Buffer.alloc(65_536, 0x62);

/** Why the last connection was lost. */
function lossOf(event: SocketEvent): string | undefined {
  return (event as { error?: { code?: string } }).error?.code;
}

function ping(ttlTenths: number, context = ""): Buffer {
  const ttl = Buffer.alloc(2);
  ttl.writeUInt16BE(ttlTenths);
  return encodeCommand("PING", ttl, Buffer.from(context));
}

/** The other side has closed its half only: what the peer still sends is taken, not answered by a reset. */
async function notReset(peer: RawPeer): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await peer.write(Buffer.alloc(100));
    await pause(5);
  }
  assert.is(peer.error, undefined);
}

// Writing.

/** Counts the writes of all sockets from now on. */
function countWrites(cleanup: (task: () => void) => void): { count: number } {
  const { write } = net.Socket.prototype;
  const writes = { count: 0 };
  cleanup(() => {
    net.Socket.prototype.write = write;
  });
  net.Socket.prototype.write = function (this: net.Socket, ...args: never[]) {
    writes.count++;
    return (write as (...all: never[]) => boolean).apply(this, args);
  } as typeof write;
  return writes;
}

test(
  "a burst of sends makes a write or two, not one each",
  scenario(async (cleanup) => {
    const push = bare("PUSH", cleanup);
    await push.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(push.hub.lastEndpoint!, "PULL");
    cleanup(() => peer.socket.destroy());
    await push.saw("handshake");
    const writes = countWrites(cleanup);
    for (let i = 0; i < 1000; i++) assert.ok(push.pattern.send([Buffer.from(`message ${i}`)]));
    await until(() => peer.messages.length === 1000, "all messages");
    assert.ok(writes.count <= 3, `${writes.count} writes for 1000 messages`);
  }),
);

test(
  "a single message is written in the same turn of the event loop",
  scenario(async (cleanup) => {
    const push = bare("PUSH", cleanup);
    await push.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(push.hub.lastEndpoint!, "PULL");
    cleanup(() => peer.socket.destroy());
    await push.saw("handshake");
    push.pattern.send([Buffer.from("now")]);
    await new Promise((resolve) => process.nextTick(resolve));
    assert.not(push.hub.hasUnsent);
    await until(() => peer.messages.length === 1, "the message");
  }),
);

test(
  "a stream of small messages leaves in fewer writes than turns, and a full batch in the middle of a turn",
  scenario(async (cleanup) => {
    const push = bare("PUSH", cleanup);
    await push.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(push.hub.lastEndpoint!, "PULL");
    cleanup(() => peer.socket.destroy());
    await push.saw("handshake");
    const writes = countWrites(cleanup);
    const small = Buffer.alloc(10);
    for (let i = 0; i < 8; i++) {
      for (let k = 0; k < 512; k++) assert.ok(push.pattern.send([small]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => peer.messages.length === 4096, "all messages");
    assert.ok(writes.count <= 2, `${writes.count} writes for 8 turns`);
    writes.count = 0;
    for (let i = 0; i < 26; i++) push.pattern.send([Buffer.alloc(10_000)]);
    assert.is(writes.count, 0);
    push.pattern.send([Buffer.alloc(10_000)]);
    assert.ok(writes.count > 0, "262 144 octets are there");
  }),
);

// Ends.

test(
  "a connection that is cut while a short message is delivered delivers none of those behind it",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
    cleanup(() => peer.socket.destroy());
    await pull.saw("handshake");
    const { deliver } = Pipe.prototype;
    cleanup(() => {
      Pipe.prototype.deliver = deliver;
    });
    let delivered = 0;
    Pipe.prototype.deliver = function (this: Pipe, item) {
      const goOn = deliver.call(this, item);
      if (++delivered === 5) this.terminate();
      return goOn;
    };
    await peer.write(Buffer.concat(Array.from({ length: 20 }, (_, i) => frame(0, String(i)))));
    await pull.saw("disconnect");
    assert.is(delivered, 5);
  }),
);

for (const how of ["end", "destroy"] as const) {
  test(
    `messages that came before the peer's ${how}() are delivered, though the pipe was full`,
    scenario(async (cleanup) => {
      const pull = bare("PULL", cleanup, { settings: { receiveHighWaterMark: 3 } });
      await pull.hub.bind("tcp://127.0.0.1:0");
      const peer = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
      const messages = Array.from({ length: 100 }, (_, i) => frame(0, String(i)));
      await peer.write(Buffer.concat(messages));
      peer.socket[how]();
      await pause(50);
      assert.is(
        pull.types().filter((type) => type === "disconnect").length,
        0,
        "closed with messages unread",
      );
      for (let i = 0; i < 100; i++) assert.is(String(await pull.receive()), String(i));
      await pull.saw("disconnect");
      peer.socket.destroy();
    }),
  );
}

test(
  "the same for messages still in the kernel",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup, { settings: { receiveHighWaterMark: 3 } });
    await pull.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
    await pull.saw("handshake");
    for (let i = 0; i < 30; i++) peer.socket.write(Buffer.concat([frame(1, String(i)), frame(0, KIB_64)]));
    peer.socket.end();
    await pause(50);
    for (let i = 0; i < 30; i++) assert.is(String((await pull.receive())[0]), String(i));
    await pull.saw("disconnect");
    peer.socket.destroy();
  }),
);

test(
  "a peer that closes its half is closed, and what waits goes to its next connection",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const push = bare("PUSH", cleanup, { settings: { reconnectInterval: 1 } });
    push.hub.connect(server.endpoint);
    const first = await server.join("PULL");
    await push.saw("handshake");
    first.socket.end();
    await push.saw("disconnect");
    await first.gone();
    first.socket.destroy();
    await push.send("next");
    const second = await server.join("PULL", 1);
    await until(() => second.messages.length === 1, "the message");
  }),
);

test(
  "a message cut off by the end of the connection is not delivered",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:0");
    const torn = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
    await torn.write(
      Buffer.concat([frame(0, "whole"), frame(1, "first part"), frame(0, "second").subarray(0, 4)]),
    );
    torn.socket.destroy();
    await pull.saw("disconnect");
    assert.is(String(await pull.receive()), "whole");
    assert.not(pull.pattern.readable);
  }),
);

test(
  "octets in any cut, one by one too, make the same messages",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.connect(pull.hub.lastEndpoint!);
    peer.socket.setNoDelay(true);
    const all = Buffer.concat([
      handshakeOf("PUSH"),
      frame(1, "a"),
      ping(0, "ctx"),
      frame(0, "b".repeat(300)),
    ]);
    for (const octet of all) await peer.write(Buffer.of(octet));
    assert.equal((await pull.receive()).map(String), ["a", "b".repeat(300)]);
    await until(() => peer.frames.length === 2, "READY and PONG");
    assert.is(peer.frames[1]!.body.toString("latin1"), "\x04PONGctx");
    peer.socket.destroy();
  }),
);

test(
  "a close with unread input still delivers what was written: FIN, not a reset",
  scenario(async (cleanup) => {
    const dealer = bare("DEALER", cleanup, { settings: { receiveHighWaterMark: 1, linger: -1 } });
    await dealer.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(dealer.hub.lastEndpoint!, "DEALER");
    cleanup(() => peer.socket.destroy());
    await dealer.saw("handshake");
    peer.socket.pause();
    for (let i = 0; i < 20; i++) peer.socket.write(frame(0, KIB_64));
    await until(() => dealer.pattern.readable, "input");
    await pause(20);
    for (let i = 0; i < 100; i++) await dealer.send(String(i));
    await dealer.hub.close();
    await pause(50);
    peer.socket.resume();
    await peer.gone();
    await notReset(peer);
    assert.is(peer.messages.length, 100);
  }),
);

test(
  "a PING that comes to light after the close is not answered, which would spoil the end",
  scenario(async (cleanup) => {
    const dealer = bare("DEALER", cleanup, {
      settings: { receiveHighWaterMark: 1, heartbeatInterval: 20, heartbeatTimeout: 10_000 },
    });
    await dealer.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(dealer.hub.lastEndpoint!, "DEALER");
    cleanup(() => peer.socket.destroy());
    await peer.write(Buffer.concat([frame(0, "1"), ping(0), frame(0, "2")]));
    await until(() => dealer.pattern.readable, "the first message");
    await dealer.send("last");
    dealer.pattern.receive();
    await dealer.hub.close();
    await peer.gone();
    await pause(60);
    await notReset(peer);
    assert.equal(peer.messages, [["last"]]);
  }),
);

test(
  "ERROR arrives before the end, whatever else the peer has sent",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:0");
    for (let i = 0; i < 20; i++) {
      const peer = await RawPeer.connect(pull.hub.lastEndpoint!);
      peer.socket.pause();
      peer.socket.write(Buffer.concat([handshakeOf("SUB"), ...Array.from({ length: 30 }, () => KIB_64)]));
      await pull.saw("disconnect", i + 1);
      await pause(5);
      peer.socket.resume();
      await peer.gone();
      await notReset(peer);
      assert.is(peer.frames.at(-1)!.body.toString("latin1", 1, 6), "ERROR");
      peer.socket.destroy();
    }
  }),
);

// Back-pressure.

test(
  "a reader that stops stops its writer, and nothing is read meanwhile beyond its queue",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup, { settings: { receiveHighWaterMark: 5 } });
    await pull.hub.bind("tcp://127.0.0.1:0");
    const push = bare("PUSH", cleanup, { settings: { sendHighWaterMark: 5 } });
    push.hub.connect(pull.hub.lastEndpoint!);
    await push.saw("handshake");
    let sent = 0;
    for (let quiet = 0; quiet < 20; ) {
      if (push.pattern.send([Buffer.from(String(sent)), KIB_64])) {
        sent++;
        quiet = 0;
      } else {
        quiet++;
        await pause(2);
      }
      assert.ok(sent < 2000, "the writer never stopped");
    }
    for (let i = 0; i < sent; i++) assert.is(String((await pull.receive())[0]), String(i));
    await until(() => push.pattern.writable, "room again");
  }),
);

test(
  "a pipe that is full when its next connection comes takes messages again once it is read",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const pull = bare("PULL", cleanup, { settings: { receiveHighWaterMark: 4, reconnectInterval: 1 } });
    pull.hub.connect(server.endpoint);
    const first = await server.join("PUSH");
    await first.write(Buffer.concat([0, 1, 2].map((i) => frame(0, String(i)))));
    await until(() => pull.pattern.readable, "messages");
    first.socket.resetAndDestroy();
    await pull.saw("disconnect");
    pull.settings.receiveHighWaterMark = 2;
    pull.hub.applyLimits();
    const second = await server.join("PUSH", 1);
    await second.write(Buffer.concat([3, 4, 5, 6].map((i) => frame(0, String(i)))));
    await pull.saw("handshake", 2);
    await pause(20);
    // Nothing comes in between these reads: they find what was in the pipe.
    for (let i = 0; i < 3; i++) assert.is(String(pull.pattern.receive()), String(i));
    assert.not(pull.pattern.readable, "a full pipe was filled further");
    for (let i = 3; i < 7; i++) assert.is(String(await pull.receive()), String(i));
  }),
);

// Heartbeats.

for (const side of ["bound", "connecting"] as const) {
  test(
    `a silent peer of a ${side} socket is asked once, then cut: ERR_ZMTP_HEARTBEAT_TIMEOUT`,
    scenario(async (cleanup) => {
      const pull = bare("PULL", cleanup, { settings: { heartbeatInterval: 30, heartbeatTimeout: 60 } });
      let peer: RawPeer;
      if (side === "bound") {
        await pull.hub.bind("tcp://127.0.0.1:0");
        peer = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
      } else {
        const server = await RawServer.listen(cleanup);
        pull.hub.connect(server.endpoint);
        peer = await server.join("PUSH");
      }
      assert.is(lossOf(await pull.saw("disconnect")), "ERR_ZMTP_HEARTBEAT_TIMEOUT");
      await peer.gone();
      assert.equal(
        peer.frames.slice(1).map(({ flags, body }) => [flags, body.toString("latin1")]),
        [[COMMAND, "\x04PING\0\0"]],
      );
      peer.socket.destroy();
      if (side === "connecting") await pull.saw("connect", 2);
    }),
  );
}

test(
  "any octet is a sign of life: a large message that comes slowly is not cut",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup, { settings: { heartbeatInterval: 60, heartbeatTimeout: 400 } });
    await pull.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
    cleanup(() => peer.socket.destroy());
    const large = frame(0, Buffer.alloc(100, 1));
    for (const octet of large) {
      await peer.write(Buffer.of(octet));
      await pause(10);
    }
    assert.is((await pull.receive())[0]!.length, 100);
    assert.not(pull.types().includes("disconnect"));
  }),
);

test(
  "the time-to-live that a peer announces is kept: silence beyond it cuts, without any heartbeat of ours",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
    await peer.write(ping(1));
    const event = await pull.saw("disconnect");
    assert.is(lossOf(event), "ERR_ZMTP_HEARTBEAT_TIMEOUT");
    peer.socket.destroy();
  }),
);

test(
  "a time-to-live of 0 withdraws it",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
    cleanup(() => peer.socket.destroy());
    await peer.write(Buffer.concat([ping(1), ping(0)]));
    await pause(300);
    assert.not(pull.types().includes("disconnect"));
    await until(() => peer.frames.length === 3, "two PONGs");
  }),
);

test(
  "our PING announces our time-to-live, at most the 65.5 s that libzmq can count",
  scenario(async (cleanup) => {
    for (const [milliseconds, tenths] of [
      [700, 7],
      [1_000_000, 655],
    ] as const) {
      const pull = bare("PULL", cleanup, {
        settings: { heartbeatInterval: 10, heartbeatTimeout: 10_000, heartbeatTimeToLive: milliseconds },
      });
      await pull.hub.bind("tcp://127.0.0.1:0");
      const peer = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
      cleanup(() => peer.socket.destroy());
      await until(() => peer.frames.length > 1, "PING");
      assert.is(peer.frames[1]!.body.readUInt16BE(5), tenths);
    }
  }),
);

test(
  "while we do not read, silence proves nothing: a full queue outlives every heartbeat",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup, {
      settings: { receiveHighWaterMark: 2, heartbeatInterval: 20, heartbeatTimeout: 40 },
    });
    await pull.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
    await peer.write(Buffer.concat(Array.from({ length: 10 }, (_, i) => frame(0, String(i)))));
    await pause(300);
    assert.not(pull.types().includes("disconnect"), "cut while paused");
    for (let i = 0; i < 10; i++) assert.is(String(await pull.receive()), String(i));
    // Now it counts again.
    await pull.saw("disconnect");
    peer.socket.destroy();
  }),
);

// Callbacks.

test(
  "terminate() from within a delivery closes that connection and spoils nothing",
  scenario(async (cleanup) => {
    const pub = bare("PUB", cleanup, { pattern: { maxSubscriptions: 3 } });
    await pub.hub.bind("tcp://127.0.0.1:0");
    const good = await RawPeer.join(pub.hub.lastEndpoint!, "SUB");
    cleanup(() => good.socket.destroy());
    await good.write(encodeCommand("SUBSCRIBE", Buffer.from("t")));
    const bad = await RawPeer.join(pub.hub.lastEndpoint!, "SUB");
    const subscriptions = Array.from({ length: 50 }, (_, i) =>
      encodeCommand("SUBSCRIBE", Buffer.from(`t${i}`)),
    );
    await bad.write(Buffer.concat([...subscriptions, frame(0, "\x01t")]));
    assert.is(lossOf(await pub.saw("disconnect")), "ERR_ZMTP_TOO_MANY_SUBSCRIPTIONS");
    await bad.gone();
    bad.socket.destroy();
    await pub.send("t");
    await until(() => good.messages.length > 0, "the message for the other");
    assert.is(pub.types().filter((type) => type === "disconnect").length, 1);
  }),
);

test.run();
