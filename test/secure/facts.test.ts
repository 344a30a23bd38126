/** The authorizer, facts and exporter of a connection, the goodbye, and what the counters count. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, Publisher, Pull, Push, qzmq, Router, Subscriber } from "../../src/index.ts";
import { Relay } from "./relay.ts";
import {
  alice,
  aliceClient,
  bob,
  bobServer,
  causeOf,
  closeAll,
  freeEndpoint,
  join2,
  log,
  mallory,
  pinned,
  settled,
  texts,
  until,
  use,
} from "./sockets.ts";

test.after.each(closeAll);

/** Binds an authorizer that gives every request one answer; returns what it was asked. */
async function authorizer(status: string, text: string, userId: string): Promise<Buffer[][]> {
  const asked: Buffer[][] = [];
  const router = use(new Router());
  await router.bind("inproc://zeromq.zap.01");
  void (async () => {
    for await (const frames of router) {
      const request = frames as Buffer[];
      asked.push(request);
      const [path, delimiter, version, id] = request;
      await router.send([path!, delimiter!, version!, id!, status, text, userId, ""]);
    }
  })();
  return asked;
}

test("ZAP is asked about the key's fingerprint, and names the user", async () => {
  const asked = await authorizer("200", "OK", "user-7");
  const pull = use(
    new Pull({
      security: bobServer({ trust: { pins: [`${qzmq.pinOf(alice)}, alice`] } }),
      zapDomain: "shop",
    }),
  );
  const push = use(new Push({ security: aliceClient() }));
  await join2(pull, push);
  await settled(push.send("hello"), "send");
  assert.equal(await texts(pull), ["hello"]);
  assert.is(asked.length, 1);
  const [, delimiter, version, , domain, address, , mechanism, fingerprint, identity] = asked[0]!;
  assert.equal([delimiter, version, domain, address, mechanism, identity].map(String), [
    "",
    "1.0",
    "shop",
    "127.0.0.1",
    "QZMQ",
    "alice",
  ]);
  assert.is(fingerprint!.toString("hex"), qzmq.pinOf(alice));
  assert.is(fingerprint!.length, 32);
});

for (const [status, text] of [
  ["300", "Temporary error"],
  ["400", "Authentication failure"],
  ["500", "Internal error"],
] as const) {
  test(`ZAP says ${status}`, async () => {
    await authorizer(status, "no", "");
    const security = bobServer();
    const pull = use(new Pull({ security }));
    const push = use(new Push({ security: aliceClient(), reconnectInterval: -1, linger: 0 }));
    const [server, client] = [log(pull), log(push)];
    await join2(pull, push);
    await settled(push.send("never"), "send");
    const { error } = await server.next("handshake:error:auth");
    assert.equal([error.status, error.message], [Number(status), text]);
    assert.match(causeOf({ error }).message, `Authorizer: ${status} no`);
    assert.is((await client.next("handshake:error:auth")).error.status, 400, "the wire tells no more");
    assert.equal([security.counters.messagesOpened, pull.readable], [0, false]);
  });
}

test("facts of the event and of the connection, and the exporter, agree", async () => {
  const [server, client] = [bobServer(), aliceClient()];
  const one = use(new Dealer({ security: server }));
  const other = use(new Dealer({ security: client }));
  const events = log(one);
  await join2(one, other);
  await events.next("handshake");
  await until(() => client.connections.length === 1, "the client's connection");
  const [served, called] = [server.connections[0]!, client.connections[0]!];
  assert.equal(events.of("handshake")[0]!.facts, served.facts);
  for (const name of ["suite", "mode", "kem", "signature", "aead", "hash", "epoch", "resumed", "early"]) {
    assert.is(served.facts[name], called.facts[name], name);
  }
  const context = Buffer.from("context");
  const exported = served.exportKeyingMaterial("label", context, 40);
  assert.is(exported.length, 40);
  assert.equal(called.exportKeyingMaterial("label", context, 40), exported);
  assert.not.equal(called.exportKeyingMaterial("other", context, 40), exported);
  client.rotate();
  await until(() => served.facts["epoch"] === 0 && server.connections[0]!.facts["epoch"] === 1, "a rotation");
  assert.equal(called.exportKeyingMaterial("label", context, 40), exported);
});

for (const closer of ["close by the server", "close by the client", "disconnect", "unbind"] as const) {
  test(`${closer}: a goodbye, no truncation`, async () => {
    const [server, client] = [bobServer(), aliceClient()];
    const pull = use(new Pull({ security: server }));
    const push = use(new Push({ security: client, reconnectInterval: -1 }));
    const endpoint = await join2(pull, push);
    await settled(push.send("hello"), "send");
    assert.equal(await texts(pull), ["hello"]);
    if (closer === "close by the server") pull.close();
    else if (closer === "close by the client") push.close();
    else if (closer === "disconnect") push.disconnect(endpoint);
    else await pull.unbind(endpoint);
    await until(() => server.connections.length + client.connections.length === 0, "the end on both sides");
    assert.equal([server.counters.truncations, client.counters.truncations], [0, 0]);
    assert.equal([server.counters.failures, client.counters.failures], [{}, {}]);
  });
}

test("a connection that is cut is counted as truncated on both sides", async () => {
  const [server, client] = [bobServer(), aliceClient()];
  const pull = use(new Pull({ security: server }));
  const push = use(new Push({ security: client, reconnectInterval: -1 }));
  const events = log(pull);
  await pull.bind(freeEndpoint());
  const relay = use(await Relay.to(pull.lastEndpoint!));
  push.connect(relay.endpoint);
  await settled(push.send("hello"), "send");
  assert.equal(await texts(pull), ["hello"]);
  relay.cut();
  const { error } = (await events.next("disconnect")) as unknown as { error?: { code: string } };
  assert.is(error?.code, "ERR_QZMQ_TRUNCATED");
  await until(() => server.counters.truncations + client.counters.truncations === 2, "two truncations");
});

/** Counters that moved, and by how much. */
function moved(before: object, after: object): Record<string, unknown> {
  const entries = Object.entries(after).filter(([name, value]) => {
    return JSON.stringify(value) !== JSON.stringify((before as Record<string, unknown>)[name]);
  });
  return Object.fromEntries(entries);
}

/** Values that depend on time or on padding are not compared. */
function compared(counters: Readonly<qzmq.Counters>, before: object): Record<string, unknown> {
  const { durations, durationSum, bytesSealed, bytesOpened, recordsSealed, recordsOpened, ...rest } = moved(
    before,
    counters,
  ) as Record<string, unknown>;
  assert.type(durationSum ?? 0, "number");
  return rest;
}

test("counters: each moves when it should", async () => {
  const [server, client] = [
    bobServer({ tickets: { earlyLimit: 4096, count: 1 }, limits: { cookies: "always" } }),
    aliceClient(),
  ];
  const [fresh, freshClient] = [structuredClone(server.counters), structuredClone(client.counters)];
  const pull = use(new Pull({ security: server }));
  await pull.bind(freeEndpoint());
  const endpoint = pull.lastEndpoint!;
  const push = use(new Push({ security: client }));
  push.connect(endpoint);
  for (const parts of [["one"], ["two", "parts"], ["three"]]) await settled(push.send(parts), "send");
  for (let i = 0; i < 3; i++) await texts(pull);
  assert.equal(compared(server.counters, fresh), {
    ...{ handshakesStarted: 1, handshakesCompleted: 1, retriesSent: 1, cookiesAccepted: 1 },
    ...{ messagesOpened: 3, ticketsIssued: 1 },
  });
  assert.equal(compared(client.counters, freshClient), {
    ...{ handshakesStarted: 1, handshakesCompleted: 1, messagesSealed: 3 },
  });
  assert.is(
    server.counters.durations.reduce((sum, count) => sum + count),
    1,
  );
  assert.ok(server.counters.recordsOpened >= 1 && server.counters.recordsSealed === 1, "a ticket");
  assert.is(server.counters.bytesOpened, client.counters.bytesSealed);

  const before = structuredClone(server.counters);
  client.rotate();
  await until(() => server.counters.rotations === 1 && client.counters.rotations === 1, "a rotation");
  push.close();
  await until(() => server.connections.length === 0, "the end");
  assert.equal(compared(server.counters, before), { rotations: 1, ticketsIssued: 2 });

  const resumed = use(new Push({ security: client }));
  resumed.connect(endpoint);
  await settled(resumed.send("again"), "send");
  assert.equal(await texts(pull), ["again"]);
  assert.equal([server.counters.handshakesResumed, server.counters.ticketsUsed], [1, 1]);
  assert.is(client.counters.handshakesResumed, 1);

  const stranger = use(
    new Push({ security: aliceClient({ identity: mallory }), reconnectInterval: -1, linger: 0 }),
  );
  stranger.connect(endpoint);
  await until(() => server.counters.handshakesFailed === 1, "a failure");
  assert.is(server.counters.authenticationFailures, 1);
  assert.equal(server.counters.failures, { ERR_QZMQ_AUTH: 1 });
});

test("counters: subscriptions are no messages", async () => {
  const [server, client] = [qzmq.server({ identity: bob }), qzmq.client({ trust: pinned(bob) })];
  const publisher = use(new Publisher({ security: server }));
  const subscriber = use(new Subscriber({ security: client }));
  await join2(publisher, subscriber);
  subscriber.subscribe("a", "b");
  await until(() => server.counters.recordsOpened > 0, "the subscription");
  await settled(publisher.send("a"), "send");
  assert.equal(await texts(subscriber), ["a"]);
  assert.equal([server.counters.messagesOpened, client.counters.messagesSealed], [0, 0]);
  assert.equal([server.counters.messagesSealed, client.counters.messagesOpened], [1, 1]);
});

test.run();
