/** What `qzmq.metrics` says of real traffic is what was sent: through rotations and a new connection, once each, never less than before. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, Publisher, qzmq, Router, Subscriber } from "../../src/index.ts";
import {
  aliceClient,
  bobServer,
  closeAll,
  join2,
  log,
  settled,
  texts,
  until,
  use,
} from "../secure/sockets.ts";
import { parseExposition } from "./exposition-parser.ts";

test.after.each(closeAll);

/** Counters, and the parts of histograms, by name and labels. Throws when one has gone back since the last reading. */
class Reader {
  readonly #metrics: ReturnType<typeof qzmq.metrics>;
  #last = new Map<string, number>();

  constructor(securities: Readonly<Record<string, qzmq.Security>>) {
    this.#metrics = qzmq.metrics(securities);
  }

  read(): ReadonlyMap<string, number> {
    const { samples, types } = parseExposition(this.#metrics.text());
    const now = new Map<string, number>();
    for (const { name, labels, value } of samples) {
      const key = `${[name, ...Object.values(labels)].join(" ")}`;
      assert.not(now.has(key), `${key} is there once`);
      now.set(key, value);
      const type = types.get(name.replace(/_(bucket|sum|count)$/, "")) ?? types.get(name);
      if (type !== "gauge") assert.ok(value >= (this.#last.get(key) ?? 0), `${key} does not go back`);
    }
    this.#last = now;
    return now;
  }
}

test("DEALER and ROUTER, with rotations, heartbeats, and a second, resumed connection", async () => {
  const [server, client] = [bobServer(), aliceClient()];
  const reader = new Reader({ server, client });
  const router = use(new Router({ security: server, heartbeatInterval: 20 }));
  await router.bind("tcp://127.0.0.1:*");
  const COUNT = 300;
  let sent = 0;
  for (const visit of [1, 2]) {
    const dealer = use(new Dealer({ security: client, heartbeatInterval: 20 }));
    const events = log(dealer);
    dealer.connect(router.lastEndpoint!);
    await events.next("handshake");
    for (let i = 0; i < COUNT; i++) {
      await settled(dealer.send(["order", String(i), "x".repeat(i)]));
      const [from, ...frames] = await settled(router.receive());
      await settled(router.send([from!, ...frames]));
      assert.is((await texts(dealer))[1], String(i));
      sent++;
      if (i % 100 === 50) client.rotate();
      if (i % 50 === 0) reader.read();
    }
    await until(() => client.counters.rotations >= visit, "new keys");
    dealer.close();
    await until(() => server.connections.length === 0, "the end of the connection");
  }
  const now = reader.read();
  for (const link of ["server", "client"]) {
    assert.is(now.get(`qzmq_messages_encrypted ${link}`), sent);
    assert.is(now.get(`qzmq_messages_decrypted ${link}`), sent);
    assert.is(now.get(`qzmq_handshakes_total ${link}`), 2);
    assert.is(now.get(`qzmq_handshakes_resumed_total ${link}`), 1);
    assert.is(now.get(`qzmq_handshake_duration_ms_count ${link}`), 2);
    assert.is(now.get(`qzmq_handshake_duration_ms_bucket ${link} +Inf`), 2);
    assert.is(now.get(`qzmq_connections ${link}`), 0);
  }
  assert.ok(now.get("qzmq_key_updates_total client")! >= 2);
});

test("PUB and SUB: subscriptions are no messages, and what nobody wants is not sent", async () => {
  const [server, client] = [bobServer(), aliceClient()];
  const reader = new Reader({ server, client });
  const publisher = use(new Publisher({ security: server }));
  const subscriber = use(new Subscriber({ security: client }));
  subscriber.subscribe("a", "b", "last");
  await join2(publisher, subscriber);
  // Until a subscription has come through, messages are lost.
  let received = 0;
  let over = false;
  const reading = (async () => {
    while ((await texts(subscriber))[0] !== "last") received++;
    over = true;
  })();
  while (received === 0) {
    await publisher.send(["a", "0"]);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (let i = 0; i < 200; i++) await publisher.send([i % 2 === 0 ? "a" : "unwanted", String(i)]);
  await publisher.send("last");
  await settled(reading);
  assert.ok(over);
  const now = reader.read();
  assert.is(now.get("qzmq_messages_encrypted server"), received + 1);
  assert.is(now.get("qzmq_messages_decrypted client"), received + 1);
  assert.is(now.get("qzmq_messages_encrypted client"), 0);
  assert.is(now.get("qzmq_messages_decrypted server"), 0);
});

test.run();
