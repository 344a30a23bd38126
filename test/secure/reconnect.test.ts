/** Clients come back: to a server that was restarted, and, ever more slowly, to one that refuses them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, Pull, Push, qzmq, Router } from "../../src/index.ts";
import { freeTcp } from "../support/free-port.ts";
import {
  alice,
  aliceClient,
  bobServer,
  closeAll,
  join2,
  log,
  mallory,
  settled,
  texts,
  until,
  use,
} from "./sockets.ts";

test.after.each(closeAll);

test("a server that is restarted with its identity: its clients come back by full handshakes", async () => {
  let security = bobServer();
  let router = use(new Router({ security }));
  const address = await freeTcp();
  await router.bind(address);
  const securities = Array.from({ length: 5 }, () => aliceClient());
  const clients = securities.map((client, i) =>
    use(new Dealer({ security: client, routingId: `client-${i}`, reconnectInterval: 10 })),
  );
  for (const client of clients) client.connect(address);
  for (let life = 0; life < 3; life++) {
    for (const [i, client] of clients.entries()) {
      await settled(client.send(`life ${life}`), "send");
      const [id, text] = await texts(router);
      assert.is(text, `life ${life}`);
      await settled(router.send([id!, `to ${id}`]), "send");
      assert.equal(await texts(clients[Number(id!.at(-1))]!), [`to ${id}`], `client ${i}`);
    }
    assert.equal([security.counters.handshakesCompleted, security.counters.handshakesResumed], [5, 0]);
    await router.unbind(address);
    router.close();
    await until(() => security.connections.length === 0, "the end of the connections");
    security = bobServer();
    router = use(new Router({ security }));
    await router.bind(address);
    await until(() => security.connections.length === 5, "five clients");
  }
  for (const { counters } of securities) assert.is(counters.handshakesResumed, 0);
});

test("a connection that breaks is resumed", async () => {
  const [server, client] = [bobServer(), aliceClient()];
  const pull = use(new Pull({ security: server }));
  const push = use(new Push({ security: client, reconnectInterval: 10 }));
  const events = log(push);
  const address = await join2(pull, push);
  await settled(push.send("one"), "send");
  assert.equal(await texts(pull), ["one"]);
  await pull.unbind(address);
  await pull.bind(address);
  // What is written to a connection that is ending may be lost with it.
  await events.next("handshake", 2);
  await settled(push.send("two"), "send");
  assert.equal(await texts(pull), ["two"]);
  assert.is(client.counters.handshakesResumed, 1);
});

test("a refused client returns after growing pauses, and is let in once it is trusted", async () => {
  const pull = use(new Pull({ security: bobServer() }));
  const push = use(new Push({ security: aliceClient({ identity: mallory }), reconnectInterval: 10 }));
  const events = log(push);
  const address = await join2(pull, push);
  await settled(push.send("at last"), "send");
  await events.next("connect:retry", 5);
  const pauses = events.of("connect:retry").map(({ interval }) => interval);
  for (let i = 0; i < 5; i++) assert.ok(pauses[i]! >= 10 * 2 ** i, `${pauses}`);
  assert.is(pull.readable, false);
  await pull.unbind(address);
  pull.close();
  const trust = { pins: [qzmq.pinOf(alice), qzmq.pinOf(mallory)] };
  const open = use(new Pull({ security: bobServer({ trust }) }));
  await open.bind(address);
  assert.equal(await texts(open), ["at last"]);
});

test.run();
