/** Rotation between two mechanisms: plain, crossed, one-way, by every limit, and at twice a limit. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Frame, message, nameOf, Pair } from "../../support/qzmq-pair.ts";
import { connected, makeFactories } from "../../support/qzmq-session.ts";

function epochs(pair: Pair): unknown[] {
  return [pair.client, pair.server].map(({ mechanism }) => mechanism.facts?.["epoch"]);
}

function assertTalk(pair: Pair): void {
  const [before, after] = [pair.server.text, pair.client.text];
  pair.send("client", message("to server")).send("server", message("to client")).settle();
  assert.is(pair.server.text, `${before}\0\x09to server`);
  assert.is(pair.client.text, `${after}\0\x09to client`);
}

for (const starter of ["client", "server"] as const) {
  test(`rotation started by the ${starter}`, async () => {
    const pair = await connected();
    for (let epoch = 1; epoch <= 5; epoch++) {
      assert.is(pair[starter].mechanism.rotate(pair.now), true);
      pair.settle();
      assert.equal(epochs(pair), [epoch, epoch]);
      assertTalk(pair);
      pair.pass(2000);
    }
  });
}

test("rotation: data under way in both directions, byte by byte", async () => {
  const pair = await connected({}, { byteByByte: true });
  pair.client.mechanism.rotate(pair.now);
  pair.send("client", message("c0")).send("server", message("s0"));
  pair.settle().send("client", message("c1")).send("server", message("s1")).settle();
  assert.is(pair.server.text, "\0\x02c0\0\x02c1");
  assert.is(pair.client.text, "\0\x02s0\0\x02s1");
  assert.equal(epochs(pair), [1, 1]);
});

test("rotation: crossed, the client's counts", async () => {
  const pair = await connected();
  assert.is(pair.client.mechanism.rotate(pair.now), true);
  assert.is(pair.server.mechanism.rotate(pair.now), true);
  pair.send("client", message("c0")).send("server", message("s0")).settle();
  assert.equal(epochs(pair), [1, 1]);
  assertTalk(pair);
  assert.is(
    pair.frames.filter(({ frame }) => nameOf(frame) === "CONTROL").length,
    4,
    "two updates, one ack, one confirm",
  );
  pair.server.mechanism.rotate(pair.now);
  pair.settle();
  assert.equal(epochs(pair), [2, 2]);
  assertTalk(pair);
});

test("rotation: a side that is asked again meanwhile does not start another", async () => {
  const pair = await connected();
  assert.is(pair.client.mechanism.rotate(pair.now), true);
  assert.is(pair.client.mechanism.rotate(pair.now), false);
  pair.settle();
  assert.equal(epochs(pair), [1, 1]);
});

test("rotation by records, one way only", async () => {
  const pair = await connected({ client: { maxMessages: 20 } });
  for (let i = 0; i < 200; i++) {
    assert.is(pair.client.mechanism.canSend, true);
    pair.send("client", message("x")).settle();
    pair.pass(200);
  }
  assert.is(pair.client.error, null);
  assert.is(pair.server.error, null);
  assert.is(pair.server.text, "\0\x01x".repeat(200));
  assert.ok((pair.client.mechanism.facts?.["epoch"] as number) >= 9);
});

test("rotation by octets", async () => {
  const pair = await connected({ server: { maxBytes: 100_000 } });
  for (let i = 0; i < 10; i++)
    pair
      .send("server", message(new Uint8Array(30_000)))
      .settle()
      .pass(500);
  assert.is(pair.server.mechanism.facts?.["epoch"], 2);
  assertTalk(pair);
});

test("rotation by age: the client first, and the server when the client does not", async () => {
  const pair = await connected();
  pair.pass(539_000);
  assert.equal(epochs(pair), [0, 0]);
  pair.pass(61_000);
  assert.equal(epochs(pair), [1, 1]);
  const lazy = await connected({ client: { maxAge: Number.POSITIVE_INFINITY } });
  lazy.pass(674_000);
  assert.equal(epochs(lazy), [0, 0]);
  lazy.pass(2000);
  assert.equal(epochs(lazy), [1, 1]);
  assertTalk(lazy);
});

test("at twice a limit application data waits for the answer, and nothing closes", async () => {
  let deaf = true;
  const held: Frame[] = [];
  const pair = await connected(
    { client: { maxMessages: 8 } },
    {
      intercept: (from, frame) => {
        if (from !== "server" || !deaf || nameOf(frame) !== "CONTROL") return undefined;
        held.push(frame);
        return [];
      },
    },
  );
  let sent = 0;
  while (pair.client.mechanism.canSend) {
    pair.send("client", message("x")).settle();
    sent++;
  }
  assert.is(sent, 15, "16 records, one of them KEYUPDATE");
  pair.pass(100_000);
  assert.is(pair.client.error, null);
  assert.is(pair.client.mechanism.canSend, false);
  deaf = false;
  const ack = held[0]!;
  pair.client.call(() => pair.client.mechanism.receive(ack.flags, ack.body, pair.now));
  pair.settle();
  assert.is(pair.client.mechanism.canSend, true);
  assertTalk(pair);
});

test("at twice the age too", async () => {
  const pair = await connected(
    { server: { maxAge: 1e9 } },
    {
      intercept: (from, frame) => (from === "server" && nameOf(frame) === "CONTROL" ? [] : undefined),
    },
  );
  pair.pass(1_199_000);
  assert.is(pair.client.mechanism.canSend, true);
  pair.pass(1000);
  assert.is(pair.client.mechanism.canSend, false);
  assert.is(pair.client.error, null);
});

test("a flood of wishes to rotate stays within what the peer allows", async () => {
  const pair = await connected();
  for (let i = 0; i < 100; i++) {
    pair.client.mechanism.rotate(pair.now);
    pair.settle().pass(100);
  }
  assert.is(pair.client.error, null);
  assert.is(pair.server.error, null);
  const epoch = pair.client.mechanism.facts?.["epoch"] as number;
  assert.ok(epoch >= 14 && epoch <= 18, `${epoch}`);
});

test("one ticket more after a rotation, four in all", async () => {
  const { client, server, store } = await makeFactories({ server: { tickets: { count: 2 } } });
  const pair = new Pair(client, server).start();
  assert.is(store.size, 2);
  for (let i = 0; i < 4; i++) {
    pair[i % 2 === 0 ? "client" : "server"].mechanism.rotate(pair.now);
    pair.settle();
  }
  assert.is(pair.client.error, null);
  assert.is(server.counters.ticketsIssued, 4);
  for (let i = 0; i < 4; i++) {
    const again = new Pair(client, server).start();
    assert.is(again.client.mechanism.facts?.["resumed"], true, `ticket ${i}`);
  }
});

test.run();
