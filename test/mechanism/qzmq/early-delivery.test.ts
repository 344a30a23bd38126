/** Early data that is delivered at once: when, of whom, and what a replayed flight comes to, with and without it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { EarlyDelivery } from "../../../src/mechanism/qzmq/config.ts";
import { acceptEarly, sealEarly } from "../../../src/mechanism/qzmq/early.ts";
import { qzmqClient } from "../../../src/mechanism/qzmq/index.ts";
import { provider } from "../../support/qzmq-identities.ts";
import { ACCEPTED, codeOf, encodeFrame, type Frame, message, nameOf, Pair } from "../../support/qzmq-pair.ts";
import { assertReady, connect, type Factories, makeFactories } from "../../support/qzmq-session.ts";

/** A client with a ticket of a server; each as the words say. */
async function acquainted(inServer: EarlyDelivery, inClient: EarlyDelivery = "held"): Promise<Factories> {
  const factories = await makeFactories({
    server: { tickets: { earlyLimit: 16_384, earlyDelivery: inServer } },
    client: { earlyData: true, earlyDelivery: inClient },
  });
  const first = connect(factories, { client: { identity: "alice's" } });
  assertReady(first);
  return factories;
}

/** Lets a pair run until the client's CLIENTKEY, which is kept back. */
function untilClientKey(factories: Factories, server: ConstructorParameters<typeof Pair>[2] = {}) {
  const kept: Frame[] = [];
  const pair = connect(factories, {
    ...server,
    client: { identity: "alice's", waiting: [message("early")] },
    intercept(_, frame) {
      if (nameOf(frame) !== "CLIENTKEY") return undefined;
      kept.push(frame);
      return [];
    },
  });
  return { pair, clientKey: () => encodeFrame(kept[0]!) };
}

test("immediate: delivered before CLIENTKEY, of whom the ticket names, and the handshake then ends", async () => {
  const accepted: string[] = [];
  const factories = await acquainted("immediate");
  const { pair, clientKey } = untilClientKey(factories, {
    server: {
      acceptPeer: (metadata) => accepted.push(Buffer.from(metadata.get("Identity")!).toString("latin1")),
    },
  });
  const { server } = pair;
  assert.is(server.text, "\0\x05early");
  assert.equal(accepted, ["alice's"]);
  assert.is(server.credentials.length, 1);
  assert.is(server.credentials[0]![1]!.toString(), Buffer.from("alice").toString());
  assert.equal([server.mechanism.status, server.mechanism.established], ["ready", false]);
  assert.equal([server.mechanism.canSend, server.mechanism.early], [false, true]);
  assert.equal([server.mechanism.facts!["peer"], server.mechanism.facts!["early"]], ["alice", "immediate"]);
  assert.throws(() => server.mechanism.rotate(pair.now), /not done/);
  assert.is(factories.server.counters.handshakesCompleted, 1, "the first one");

  server.inbox = Buffer.concat([server.inbox, clientKey()]);
  pair.settle();
  assertReady(pair);
  assert.equal([server.mechanism.established, server.mechanism.early], [true, false]);
  assert.is(server.mechanism.facts!["early"], "immediate");
  assert.equal([accepted.length, server.credentials.length], [1, 1], "asked once");
  pair.send("client", message("later")).send("server", message("answer")).settle();
  assert.is(server.text, "\0\x05early\0\x05later");
  assert.is(pair.client.text, "\0\x06answer");
});

test("held: nothing before CLIENTKEY has verified", async () => {
  const { pair, clientKey } = untilClientKey(await acquainted("held"));
  assert.equal([pair.server.text, pair.server.mechanism.status], ["", "handshaking"]);
  pair.server.inbox = Buffer.concat([pair.server.inbox, clientKey()]);
  pair.settle();
  assert.is(pair.server.text, "\0\x05early");
  assert.is(pair.server.mechanism.early, true);
});

test("immediate: what the authorizer or the socket refuses is not delivered", async () => {
  const refusing = untilClientKey(await acquainted("immediate"), {
    server: { authorize: (_, decided) => decided({ ...ACCEPTED, status: 400, text: "no" }) },
  }).pair;
  assert.equal([codeOf(refusing.server), refusing.server.text], ["ERR_QZMQ_AUTH", ""]);
});

test("immediate: a CLIENTKEY that does not verify ends the connection", async () => {
  const { pair, clientKey } = untilClientKey(await acquainted("immediate"));
  const forged = Buffer.from(clientKey());
  forged[forged.length - 1]! ^= 1;
  pair.server.inbox = Buffer.concat([pair.server.inbox, forged]);
  pair.settle();
  assert.equal([codeOf(pair.server), pair.server.mechanism.established], ["ERR_QZMQ_AUTH", false]);
});

test("immediate: a record that is no message closes", async () => {
  const key = () => ({ aead: provider.aeads["AES-256-GCM"].key(new Uint8Array(32)), iv: new Uint8Array(12) });
  const body = (frames: Uint8Array, limit: number): Uint8Array[] => {
    const out: Uint8Array[] = [];
    sealEarly(key(), [frames], limit, out);
    const bodies: Uint8Array[] = [];
    for (let rest = Buffer.concat(out); rest.length > 0; rest = rest.subarray(2 + rest[1]!))
      bodies.push(rest.subarray(2, 2 + rest[1]!));
    return bodies;
  };
  const intake = () => acceptEarly(key(), 1000, () => {}, true);
  assert.throws(
    () => intake().take(body(encodeFrame({ flags: 4, body: Buffer.from("\x04PING") }), 100)[0]!),
    /whole/,
  );
  const [first, second] = body(Buffer.concat([message("a"), message("b".repeat(50)), message("c")]), 20);
  const pieces = intake();
  assert.is(Buffer.from(pieces.take(first!)!).toString(), "\0\x01a");
  assert.is(pieces.take(second!), null, "the rest of b is missing");
});

/** What the server delivers when somebody replays a client's first flight before the server hears the client. */
async function replayedFirst(inServer: EarlyDelivery, inClient: EarlyDelivery) {
  const factories = await acquainted(inServer, inClient);
  const thief = new Pair(factories.client, factories.server, { intercept: () => [] });
  thief.server.call(() => thief.server.mechanism.start(thief.server.host, thief.now));
  const flight: Frame[] = [];
  const pair = connect(factories, {
    client: { identity: "alice's", waiting: [message("early")] },
    intercept(from, frame) {
      if (from !== "client" || flight.length === 2) return undefined;
      flight.push(frame);
      if (flight.length < 2) return [];
      thief.server.inbox = Buffer.concat(flight.map(encodeFrame));
      thief.settle();
      return flight;
    },
  });
  assertReady(pair);
  assert.equal([nameOf(flight[0]!), nameOf(flight[1]!)], ["CLIENTHELLO", "EARLY"]);
  assert.equal(
    [pair.client.mechanism.facts!["resumed"], pair.client.mechanism.facts!["early"]],
    [false, "refused"],
  );
  pair.send("client", message("later")).settle();
  return { replayed: thief.server.text, own: pair.server.text };
}

test("a replayed flight: never delivered by default; twice at most where delivery is immediate", async () => {
  const [early, later] = ["\0\x05early", "\0\x05later"];
  assert.equal(await replayedFirst("held", "held"), { replayed: "", own: early + later });
  assert.equal(await replayedFirst("immediate", "held"), { replayed: early, own: early + later });
  assert.equal(await replayedFirst("immediate", "immediate"), { replayed: early, own: later });
});

test("a word that is neither is refused at construction", async () => {
  const wrong = "at once" as EarlyDelivery;
  await makeFactories({ server: { tickets: { earlyDelivery: wrong } } }).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /earlyDelivery/),
  );
  const trust = (): never => {
    throw new Error("not asked");
  };
  assert.throws(
    () => qzmqClient({ provider, unixTime: Date.now, trust, earlyDelivery: wrong }),
    /earlyDelivery/,
  );
});

test.run();
