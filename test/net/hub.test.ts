/** Lives of connections: closing at every moment, twice, in callbacks; linger; giving up. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { plainMechanism } from "../../src/mechanism/plain.ts";
import type { SocketEvent } from "../../src/net/events.ts";
import { encodeError } from "../../src/wire/command.ts";
import { encodeGreeting } from "../../src/wire/greeting.ts";
import { freePort, freeTcp } from "../support/free-port.ts";
import { within } from "../support/within.ts";
import { bare, codeOf, codeThrown, LIMIT, pause, RawPeer, RawServer, scenario, until } from "./harness.ts";

const MIB = Buffer.alloc(1024 * 1024, 0x61);

/** Every event that a connecting or a bound socket sees while a connection comes and goes. */
const MOMENTS = [
  ["PUSH", ["connect:delay", "connect", "handshake", "disconnect", "connect:retry"]],
  ["PULL", ["accept", "handshake", "disconnect"]],
] as const;

for (const [side, types] of MOMENTS) {
  for (const type of types) {
    test(
      `${side} is closed from within its event ${type}: it ends, and nothing comes back`,
      scenario(async (cleanup) => {
        const pull = bare("PULL", cleanup);
        const push = bare("PUSH", cleanup, { settings: { reconnectInterval: 1 } });
        const [it, other] = side === "PUSH" ? [push, pull] : [pull, push];
        let closed: Promise<void> | null = null;
        it.onEvent = (event: SocketEvent) => {
          if (event.type === type) closed ??= it.hub.close();
        };
        const endpoint = await freeTcp();
        await pull.hub.bind(endpoint);
        push.hub.connect(endpoint);
        if (type === "disconnect" || type === "connect:retry") {
          await Promise.all([push.saw("handshake"), pull.saw("handshake")]);
          if (side === "PUSH") await pull.hub.unbind(endpoint);
          else push.hub.disconnect(endpoint);
        }
        await it.saw(type);
        await within(LIMIT, closed!, "closing");
        await it.saw("end");
        const seen = it.events.length;
        await other.hub.close();
        const heir = await RawServer.listen(cleanup, endpoint);
        await pause(30);
        assert.is(heir.peers.length, 0, "it connected again");
        assert.is(it.events.length, seen, `more came after end: ${it.types().slice(seen)}`);
        assert.is(it.types().filter((one) => one === "end").length, 1);
      }),
    );
  }
}

test(
  "close() twice gives one end, and both resolve",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:0");
    await Promise.all([pull.hub.close(), pull.hub.close()]);
    await pull.hub.close();
    assert.equal(pull.types(), ["bind", "close", "end"]);
  }),
);

test(
  "close() while connections are in their handshake ends them at once",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup, { settings: { linger: -1 } });
    await pull.hub.bind("tcp://127.0.0.1:0");
    const peers = await Promise.all([1, 2, 3].map(() => RawPeer.connect(pull.hub.lastEndpoint!)));
    await pull.saw("accept", 3);
    await within(LIMIT, pull.hub.close(), "closing");
    for (const peer of peers) await peer.gone();
    assert.is(pull.types().at(-1), "end");
  }),
);

test(
  "unbind while connections are in their handshake ends them, and the endpoint can be bound again",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    const endpoint = await freeTcp();
    await pull.hub.bind(endpoint);
    const peer = await RawPeer.connect(endpoint);
    await pull.saw("accept");
    await pull.hub.unbind(endpoint);
    await peer.gone();
    await pull.saw("disconnect");
    await pull.hub.bind(endpoint);
    const push = bare("PUSH", cleanup);
    push.hub.connect(endpoint);
    await push.send("hello");
    assert.is(String(await pull.receive()), "hello");
  }),
);

test(
  "unbind takes what bind was given, lastEndpoint, and nothing else",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:*");
    assert.is(await codeOf(pull.hub.unbind("tcp://127.0.0.1:*")), "ENOENT");
    await pull.hub.unbind(pull.hub.lastEndpoint!);
    const port = await freePort();
    await pull.hub.bind(`tcp://localhost:${port}`);
    assert.is(pull.hub.lastEndpoint, `tcp://127.0.0.1:${port}`);
    await pull.hub.unbind(`tcp://localhost:${port}`);
    await pull.hub.bind(`tcp://*:${port}`);
    assert.is(pull.hub.lastEndpoint, `tcp://0.0.0.0:${port}`);
    await pull.hub.unbind(`tcp://*:${port}`);
    assert.is(await codeOf(pull.hub.unbind(`tcp://*:${port}`)), "ENOENT");
    assert.is(
      codeThrown(() => pull.hub.disconnect("tcp://127.0.0.1:1")),
      "ENOENT",
    );
  }),
);

test(
  "what was unbound gets no new messages while it lingers",
  scenario(async (cleanup) => {
    const push = bare("PUSH", cleanup, { settings: { linger: -1, sendHighWaterMark: 10 } });
    await push.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(push.hub.lastEndpoint!, "PULL");
    cleanup(() => peer.socket.destroy());
    peer.socket.pause();
    while (push.pattern.send([MIB]));
    await push.hub.unbind(push.hub.lastEndpoint!);
    peer.socket.resume();
    await peer.gone();
    assert.not(push.pattern.writable);
  }),
);

// Linger.

test(
  "linger -1: close waits for a slow peer, which gets everything, then FIN and no reset",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const push = bare("PUSH", cleanup, { settings: { linger: -1 } });
    push.hub.connect(server.endpoint);
    const peer = await server.join("PULL");
    await push.saw("handshake");
    peer.socket.pause();
    for (let i = 0; i < 20; i++) push.pattern.send([Buffer.from(String(i)), MIB]);
    let done = false;
    const closed = push.hub.close().then(() => {
      done = true;
    });
    await pause(100);
    assert.not(done, "close resolved though the peer has not read");
    assert.ok(push.hub.hasUnsent);
    peer.socket.resume();
    await within(LIMIT, closed, "closing");
    await until(() => peer.ended, "FIN");
    assert.equal(
      peer.messages.map(([number]) => number),
      Array.from({ length: 20 }, (_, i) => String(i)),
    );
    peer.socket.end();
    await until(() => peer.closed, "the end");
    assert.is(peer.error, undefined);
  }),
);

/** Says whether a timer of `ms` set now has rung: one set later for later rings after it, however busy the machine. */
function passed(ms: number): () => boolean {
  let rung = false;
  setTimeout(() => {
    rung = true;
  }, ms);
  return () => rung;
}

test(
  "linger 100 ms: close gives up on a peer that does not read",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const push = bare("PUSH", cleanup, { settings: { linger: 100 } });
    push.hub.connect(server.endpoint);
    const peer = await server.join("PULL");
    await push.saw("handshake");
    peer.socket.pause();
    for (let i = 0; i < 20; i++) push.pattern.send([MIB]);
    const lingered = passed(1);
    await within(LIMIT, push.hub.close(), "closing");
    assert.ok(lingered(), "it did not linger");
  }),
);

test(
  "linger 0: close does not wait, and what the kernel took arrives before FIN",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const push = bare("PUSH", cleanup);
    push.hub.connect(server.endpoint);
    const peer = await server.join("PULL");
    await push.saw("handshake");
    for (let i = 0; i < 100; i++) push.pattern.send([Buffer.from(String(i))]);
    await within(LIMIT, push.hub.close(), "closing");
    await until(() => peer.ended, "FIN");
    assert.is(peer.messages.length, 100);
  }),
);

for (const linger of [0, 100]) {
  test(
    `linger ${linger}: close ends for a peer that was never there`,
    scenario(async (cleanup) => {
      const endpoint = await freeTcp();
      const push = bare("PUSH", cleanup, { settings: { linger } });
      push.hub.connect(endpoint);
      push.pattern.send([MIB]);
      const lingered = passed(1);
      await within(LIMIT, push.hub.close(), "closing");
      if (linger > 0) assert.ok(lingered(), "it did not linger");
      assert.not(push.hub.hasUnsent);
    }),
  );
}

test(
  "linger -1: what waits for a peer goes out when it comes, and then close resolves",
  scenario(async (cleanup) => {
    const endpoint = await freeTcp();
    const push = bare("PUSH", cleanup, { settings: { linger: -1 } });
    push.hub.connect(endpoint);
    for (let i = 0; i < 5; i++) push.pattern.send([Buffer.from(String(i))]);
    const closed = push.hub.close();
    await push.saw("connect:retry", 2);
    const server = await RawServer.listen(cleanup, endpoint);
    const peer = await server.join("PULL");
    await within(LIMIT, closed, "closing");
    await until(() => peer.ended, "FIN");
    assert.equal(peer.messages, [["0"], ["1"], ["2"], ["3"], ["4"]]);
  }),
);

test(
  "the linger in force is that at close, not at connect, also for a peer that comes later",
  scenario(async (cleanup) => {
    const endpoint = await freeTcp();
    const push = bare("PUSH", cleanup, { settings: { linger: -1, sendHighWaterMark: 0 } });
    push.hub.connect(endpoint);
    for (let i = 0; i < 30; i++) push.pattern.send([MIB]);
    push.settings.linger = 1000;
    const closed = push.hub.close();
    const server = await RawServer.listen(cleanup, endpoint);
    const peer = await server.join("PULL");
    peer.socket.pause();
    await within(LIMIT, closed, "closing");
  }),
);

test(
  "disconnect, then close: what the disconnected peer has not taken still holds the close",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const push = bare("PUSH", cleanup, { settings: { linger: -1 } });
    push.hub.connect(server.endpoint);
    const peer = await server.join("PULL");
    await push.saw("handshake");
    peer.socket.pause();
    for (let i = 0; i < 20; i++) push.pattern.send([MIB]);
    push.hub.disconnect(server.endpoint);
    assert.ok(push.hub.hasUnsent);
    let done = false;
    const closed = push.hub.close().then(() => {
      done = true;
    });
    await pause(100);
    assert.not(done, "close resolved though 20 MiB wait");
    peer.socket.resume();
    await within(LIMIT, closed, "closing");
    await until(() => peer.ended, "FIN");
    assert.is(peer.messages.length, 20);
  }),
);

test(
  "disconnect with linger -1, then close with linger 0: the close does not wait",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const push = bare("PUSH", cleanup, { settings: { linger: -1 } });
    push.hub.connect(server.endpoint);
    const peer = await server.join("PULL");
    await push.saw("handshake");
    peer.socket.pause();
    for (let i = 0; i < 20; i++) push.pattern.send([MIB]);
    push.hub.disconnect(server.endpoint);
    push.settings.linger = 0;
    await within(LIMIT, push.hub.close(), "closing");
  }),
);

test(
  "disconnect with linger 50, then close with linger -1: the later one counts",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const push = bare("PUSH", cleanup, { settings: { linger: 50 } });
    push.hub.connect(server.endpoint);
    const peer = await server.join("PULL");
    await push.saw("handshake");
    peer.socket.pause();
    for (let i = 0; i < 20; i++) push.pattern.send([MIB]);
    push.hub.disconnect(server.endpoint);
    push.settings.linger = -1;
    const closed = push.hub.close();
    await pause(150);
    peer.socket.resume();
    await within(LIMIT, closed, "closing");
    await until(() => peer.ended, "FIN");
    assert.is(peer.messages.length, 20);
  }),
);

// Giving up.

test(
  "a peer that answers ERROR is not tried again, blocks nobody, and does not hold a close with linger -1",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const mechanism = plainMechanism({ asServer: false, username: "u", password: "wrong" });
    const push = bare("PUSH", cleanup, { settings: { linger: -1, mechanism } });
    push.hub.connect(server.endpoint);
    push.pattern.send([Buffer.from("never")]);
    const peer = await server.accept();
    peer.socket.write(Buffer.concat([encodeGreeting("PLAIN", true), encodeError("400")]));
    const failure = await push.saw("handshake:error:auth");
    assert.is((failure as { error: { status: number } }).error.status, 400);
    await push.saw("disconnect");
    await pause(50);
    assert.is(server.peers.length, 1);
    assert.not(push.pattern.writable);
    assert.not(push.hub.hasUnsent);
    await within(LIMIT, push.hub.close(), "closing");
  }),
);

test(
  "reconnectInterval -1: one attempt, and nothing is kept for ever",
  scenario(async (cleanup) => {
    const endpoint = await freeTcp();
    const push = bare("PUSH", cleanup, { settings: { linger: -1, reconnectInterval: -1 } });
    push.hub.connect(endpoint);
    push.pattern.send([Buffer.from("never")]);
    const closed = push.hub.close();
    await within(LIMIT, closed, "closing");
    assert.equal(push.types(), ["connect:delay", "close", "end"]);
  }),
);

test(
  "reconnectInterval -1: no attempt after a lost connection",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const push = bare("PUSH", cleanup, { settings: { reconnectInterval: -1 } });
    push.hub.connect(server.endpoint);
    const peer = await server.join("PULL");
    await push.saw("handshake");
    peer.socket.destroy();
    await push.saw("disconnect");
    await pause(50);
    assert.equal(push.types(), ["connect:delay", "connect", "handshake", "disconnect"]);
    assert.is(server.peers.length, 1);
  }),
);

test.run();
