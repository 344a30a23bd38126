/** Listeners and connecters: the order of their events, attempts to reconnect, ZMQ_IMMEDIATE. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Backoff } from "../../src/net/backoff.ts";
import type { SocketEvent } from "../../src/net/events.ts";
import { freeTcp } from "../support/free-port.ts";
import { bare, folder, handshakeOf, pause, RawPeer, RawServer, scenario, until } from "./harness.ts";

/** The intervals of the attempts to reconnect. */
function intervals(events: readonly SocketEvent[]): number[] {
  return events.flatMap((event) => (event.type === "connect:retry" ? [event.interval] : []));
}

for (const transport of ["tcp", "ipc"] as const) {
  test(
    `events come in order, with the endpoint as address: ${transport}`,
    scenario(async (cleanup) => {
      const pull = bare("PULL", cleanup);
      const push = bare("PUSH", cleanup);
      const endpoint = transport === "tcp" ? await freeTcp() : `ipc://${folder(cleanup)}/x`;
      await pull.hub.bind(endpoint);
      push.hub.connect(endpoint);
      await Promise.all([push.saw("handshake"), pull.saw("handshake")]);
      assert.equal(push.types(), ["connect:delay", "connect", "handshake"]);
      assert.equal(pull.types(), ["bind", "accept", "handshake"]);

      await pull.hub.unbind(endpoint);
      await push.saw("close", 2);
      assert.equal(pull.types().slice(3), ["close", "disconnect"]);
      const lost = [
        "disconnect",
        "connect:retry",
        "connect:delay",
        "close",
        "connect:retry",
        "connect:delay",
      ];
      assert.equal(push.types().slice(3, 9), lost);

      await pull.hub.close();
      await push.hub.close();
      assert.is(pull.types().at(-1), "end");
      assert.is(push.types().at(-1), "end");
      for (const { events } of [pull, push]) {
        for (const event of events) if (event.type !== "end") assert.is(event.address, endpoint);
      }
    }),
  );
}

test(
  "own close: the listener's close, the connections' disconnect, end last",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:*");
    await pull.hub.close();
    assert.equal(pull.types(), ["bind", "close", "end"]);
  }),
);

// Reconnecting.

test("long pauses are spread as widely as short ones", () => {
  const of = (random: number): number => {
    const backoff = new Backoff(100, 0, () => random);
    for (let i = 0; i < 12; i++) backoff.next(true);
    return backoff.next(true);
  };
  assert.ok(of(0.9) - of(0.1) > 20_000);
});

test(
  "nobody listens: attempts go on at the interval, with jitter",
  scenario(async (cleanup) => {
    const push = bare("PUSH", cleanup, { settings: { reconnectInterval: 4 } });
    push.hub.connect(await freeTcp());
    await push.saw("connect:retry", 12);
    const pauses = intervals(push.events);
    assert.ok(
      pauses.every((ms) => ms >= 4 && ms <= 8),
      String(pauses),
    );
    assert.ok(new Set(pauses).size > 1, "no jitter");
  }),
);

test(
  "a peer that closes in the handshake is not tried in a tight loop",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const push = bare("PUSH", cleanup, { settings: { reconnectInterval: 1 } });
    push.hub.connect(server.endpoint);
    for (let i = 0; i < 6; i++) (await server.accept(i)).socket.destroy();
    await push.saw("connect:retry", 6);
    const pauses = intervals(push.events);
    assert.ok(pauses.at(-1)! >= 32, String(pauses));
    assert.is(push.types().filter((type) => type === "handshake:error:other").length, 6);
  }),
);

test(
  "a peer of the wrong type is not tried in a tight loop either, and a right one resets the pause",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const push = bare("PUSH", cleanup, { settings: { reconnectInterval: 1 } });
    push.hub.connect(server.endpoint);
    for (let i = 0; i < 5; i++) {
      const peer = await server.accept(i);
      peer.socket.write(handshakeOf("PUB"));
      await peer.gone();
      peer.socket.destroy();
    }
    const peer = await server.join("PULL", 5);
    peer.socket.destroy();
    await push.saw("connect:retry", 6);
    const pauses = intervals(push.events);
    assert.ok(pauses[4]! >= 16, String(pauses));
    assert.ok(pauses[5]! <= 2, String(pauses));
  }),
);

test(
  "what waits survives lost connections, in order",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const push = bare("PUSH", cleanup, { settings: { reconnectInterval: 5 } });
    push.hub.connect(server.endpoint);
    const first = await server.join("PULL");
    await push.saw("handshake");
    first.socket.destroy();
    await push.saw("disconnect");
    for (let i = 0; i < 10; i++) await push.send(String(i));
    const second = await server.join("PULL", 1);
    await until(() => second.messages.length === 10, "ten messages");
    assert.equal(
      second.messages.flat(),
      Array.from({ length: 10 }, (_, i) => String(i)),
    );
  }),
);

// ZMQ_IMMEDIATE.

test(
  "without immediate messages wait for the connection, with it there is nowhere to put them",
  scenario(async (cleanup) => {
    const endpoint = await freeTcp();
    const patient = bare("PUSH", cleanup);
    patient.hub.connect(endpoint);
    assert.ok(patient.pattern.send([Buffer.from("x")]));
    const immediate = bare("PUSH", cleanup, { settings: { immediate: true } });
    immediate.hub.connect(endpoint);
    assert.not(immediate.pattern.writable);
    assert.not(immediate.pattern.send([Buffer.from("x")]));
  }),
);

test(
  "with immediate messages go to peers that are there, and never to one that is not",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    const endpoint = await freeTcp();
    await pull.hub.bind(endpoint);
    const push = bare("PUSH", cleanup, { settings: { immediate: true } });
    push.hub.connect(await freeTcp());
    push.hub.connect(endpoint);
    await push.saw("handshake");
    for (let i = 0; i < 10; i++) await push.send(String(i));
    for (let i = 0; i < 10; i++) assert.is(String(await pull.receive()), String(i));
    await pull.hub.unbind(endpoint);
    await push.saw("disconnect");
    assert.not(push.pattern.writable);
  }),
);

// Refusals after the handshake.

test(
  "a second PAIR is turned away until the first has gone",
  scenario(async (cleanup) => {
    const pair = bare("PAIR", cleanup);
    await pair.hub.bind("tcp://127.0.0.1:*");
    const [first, second] = [bare("PAIR", cleanup), bare("PAIR", cleanup)];
    first.hub.connect(pair.hub.lastEndpoint!);
    await pair.saw("handshake");
    second.hub.connect(pair.hub.lastEndpoint!);
    await second.saw("disconnect");
    await first.send("1");
    assert.is(String(await pair.receive()), "1");
    await first.hub.close();
    await until(
      () => second.pattern.writable && pair.types().filter((t) => t === "handshake").length > 2,
      "it",
    );
    await pair.send("welcome");
    assert.is(String(await second.receive()), "welcome");
  }),
);

test(
  "a ROUTER turns away a peer whose id is in use, and hands over when told to",
  scenario(async (cleanup) => {
    const strict = bare("ROUTER", cleanup);
    await strict.hub.bind("tcp://127.0.0.1:*");
    const first = await RawPeer.join(strict.hub.lastEndpoint!, "DEALER", "id");
    await strict.saw("handshake");
    const second = await RawPeer.connect(strict.hub.lastEndpoint!);
    second.socket.write(handshakeOf("DEALER", "id"));
    await second.gone();
    await strict.send("id", "for the first");
    await until(() => first.messages.length === 1, "a message for the first");

    const open = bare("ROUTER", cleanup, { pattern: { handover: true } });
    await open.hub.bind("tcp://127.0.0.1:*");
    const older = await RawPeer.join(open.hub.lastEndpoint!, "DEALER", "id");
    await open.saw("handshake");
    const newer = await RawPeer.join(open.hub.lastEndpoint!, "DEALER", "id");
    await older.gone();
    await open.send("id", "for the newer");
    await until(() => newer.messages.length === 1, "a message for the newer");
    for (const peer of [first, second, older, newer]) peer.socket.destroy();
  }),
);

test(
  "connecting twice to one endpoint is one connection for DEALER, SUB, PUB and REQ, two for PUSH",
  scenario(async (cleanup) => {
    for (const [type, peer, expected] of [
      ["DEALER", "ROUTER", 1],
      ["SUB", "PUB", 1],
      ["PUB", "SUB", 1],
      ["REQ", "REP", 1],
      ["PUSH", "PULL", 2],
    ] as const) {
      const server = bare(peer, cleanup);
      await server.hub.bind("tcp://127.0.0.1:*");
      const client = bare(type, cleanup);
      client.hub.connect(server.hub.lastEndpoint!);
      client.hub.connect(server.hub.lastEndpoint!);
      await server.saw("handshake", expected);
      await pause(10);
      assert.is(server.types().filter((one) => one === "accept").length, expected, type);
      client.hub.disconnect(server.hub.lastEndpoint!);
      await server.saw("disconnect", expected);
    }
  }),
);

test.run();
