/** Early data, accepted and refused, and messages right behind CLIENTKEY. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { acceptEarly, dropEarly, sealEarly } from "../../../src/mechanism/qzmq/early.ts";
import { provider } from "../../support/qzmq-identities.ts";
import { ACCEPTED, codeOf, encodeFrame, message, nameOf, Pair } from "../../support/qzmq-pair.ts";
import { assertReady, connect, makeFactories, names, TICKETS } from "../../support/qzmq-session.ts";

test("early data arrives before anything else, once, when asked for", async () => {
  const factories = await makeFactories({ server: TICKETS, client: { earlyData: true } });
  const waiting = [message("early1"), message("early2")];
  const first = connect(factories, { client: { waiting } });
  assert.is(first.client.waiting.length, 2, "no ticket, nothing early");
  const second = connect(factories, { client: { waiting } });
  assertReady(second);
  assert.ok(names(second).includes("EARLY"));
  assert.is(second.client.mechanism.facts?.["early"], "accepted");
  second.send("client", message("later")).settle();
  assert.is(second.server.text, "\0\x06early1\0\x06early2\0\x05later");
  assert.is(factories.server.counters.earlyAccepted, 1);
});

test("early data is held until the handshake is done", async () => {
  const factories = await makeFactories({ server: TICKETS, client: { earlyData: true } });
  connect(factories);
  let decide = () => {};
  const pair = connect(factories, {
    client: { waiting: [message("early")] },
    server: {
      authorize: (_, decided) => {
        decide = () => decided(ACCEPTED);
      },
    },
  });
  assert.is(pair.server.text, "");
  decide();
  pair.settle();
  assert.is(pair.server.text, "\0\x05early");
});

test("no more early records are sent than a server takes, however small its records", async () => {
  for (const recordLimit of [4096, 16_384]) {
    const factories = await makeFactories({
      client: { earlyData: true },
      server: { recordLimit, tickets: { earlyLimit: 1_048_576 } },
    });
    connect(factories).dispose();
    const waiting = Array.from({ length: 100 }, () => message(new Uint8Array(Math.floor(recordLimit * 0.7))));
    const pair = connect(factories, { client: { waiting } });
    assertReady(pair);
    const early = names(pair).filter((name) => name === "EARLY").length;
    assert.ok(early > 1 && early <= 64, `${early} EARLY`);
    assert.is(pair.client.mechanism.facts?.["early"], "accepted");
    const sent = waiting.slice(0, waiting.length - pair.client.waiting.length);
    const octets = pair.server.received.reduce((sum, part) => sum + part.length, 0);
    assert.is(
      octets,
      sent.reduce((sum, part) => sum + part.length, 0),
    );
  }
});

test("refused early data goes again after FINISHED, once", async () => {
  const accepting = await makeFactories({ server: TICKETS, client: { earlyData: true } });
  connect(accepting);
  const other = await makeFactories({ server: TICKETS });
  const pair = connect({ ...accepting, server: other.server }, { client: { waiting: [message("early")] } });
  assertReady(pair);
  assert.is(pair.client.mechanism.facts?.["resumed"], false);
  assert.is(pair.client.mechanism.facts?.["early"], "refused");
  assert.is(pair.server.text, "\0\x05early");
  assert.is(other.server.counters.earlyRefused, 1);
});

test("early data: dropped, doubled, reordered and flipped commands close", async () => {
  const frames = [message("a".repeat(500)), message("b".repeat(500))];
  for (const change of ["drop", "double", "flip", "miscount"] as const) {
    const factories = await makeFactories({ server: TICKETS, client: { earlyData: true } });
    connect(factories);
    const pair = connect(factories, {
      client: { waiting: frames },
      intercept: (_, frame) => {
        if (nameOf(frame) !== "EARLY") return undefined;
        if (change === "drop") return [];
        if (change === "double") return [frame, frame];
        if (change === "miscount") return [frame, { flags: 4, body: frame.body.slice(0, 32) }];
        const body = frame.body.slice();
        body[100]! ^= 1;
        return [{ ...frame, body }];
      },
    });
    const expected = {
      drop: "ERR_QZMQ_PROTOCOL",
      double: "ERR_QZMQ_REPLAY",
      flip: "ERR_QZMQ_AUTH",
      miscount: "ERR_QZMQ_REPLAY",
    };
    assert.is(codeOf(pair.server), expected[change], change);
    assert.is(pair.server.text, "", change);
  }
});

test("early data must be whole messages", async () => {
  for (const bad of [
    encodeFrame({ flags: 1, body: Buffer.from("more") }),
    encodeFrame({ flags: 4, body: Buffer.from("\x04PING") }),
  ]) {
    const factories = await makeFactories({ server: TICKETS, client: { earlyData: true } });
    connect(factories);
    const pair = new Pair(factories.client, factories.server, { client: { waiting: [bad] } });
    pair.start();
    assert.is(codeOf(pair.client), "ERR_QZMQ_INTERNAL");
  }
});

test("EARLY that nobody asked for", async () => {
  const factories = await makeFactories({ server: TICKETS });
  const early = { flags: 4, body: Buffer.concat([Buffer.from("\x05EARLY"), new Uint8Array(60)]) };
  const pair = connect(factories, {
    intercept: (from, frame) =>
      from === "client" && nameOf(frame) === "CLIENTHELLO" ? [frame, early] : undefined,
  });
  assert.is(codeOf(pair.server), "ERR_QZMQ_PROTOCOL");
});

test("fastStart: messages right behind CLIENTKEY", async () => {
  const factories = await makeFactories({ client: { fastStart: true } });
  const pair = connect(factories, { client: { waiting: [message("x".repeat(300_00)), message("fast")] } });
  assertReady(pair);
  const sent = names(pair);
  assert.ok(sent.indexOf("MESSAGE") < sent.indexOf("FINISHED"));
  pair.send("client", message("next")).settle();
  assert.ok(pair.server.text.endsWith("\0\x04fast\0\x04next"));
});

function earlyKey() {
  return { aead: provider.aeads["AES-256-GCM"].key(new Uint8Array(32)), iv: new Uint8Array(12) };
}

/** Bodies of the EARLY commands that carry these frames. */
function earlyBodies(frames: readonly Uint8Array[], recordLimit = 262_144): Uint8Array[] {
  const out: Uint8Array[] = [];
  const flight = sealEarly(earlyKey(), frames, recordLimit, out);
  const bodies: Uint8Array[] = [];
  for (let rest = Buffer.concat(out); rest.length > 0; ) {
    const header = (rest[0]! & 2) === 0 ? 2 : 9;
    const size = header === 2 ? rest[1]! : Number(rest.readBigUInt64BE(1));
    bodies.push(rest.subarray(header, header + size));
    rest = rest.subarray(header + size);
  }
  assert.is(flight.records, bodies.length);
  return bodies;
}

test("taking early data in: limit, number, whole messages, count", () => {
  const whole = message("x".repeat(300));
  const bodies = earlyBodies([whole, whole], 200);
  assert.ok(bodies.length > 2);
  let held = 0;
  const good = acceptEarly(earlyKey(), 2 * whole.length, (octets) => {
    held += octets;
  });
  for (const body of bodies) good.take(body);
  assert.is(held, 2 * whole.length);
  assert.equal(Buffer.from(good.finish(bodies.length)!), Buffer.concat([whole, whole]));
  assert.throws(() => good.finish(bodies.length - 1), /missing/);

  const small = acceptEarly(earlyKey(), 2 * whole.length - 1, () => {});
  assert.throws(() => {
    for (const body of bodies) small.take(body);
  }, /more than allowed/);

  const partial = acceptEarly(earlyKey(), 10_000, () => {});
  partial.take(earlyBodies([whole.subarray(0, 100)])[0]!);
  assert.throws(() => partial.finish(1), /whole messages/);
  assert.is(acceptEarly(earlyKey(), 1, () => {}).finish(0), null);

  const many = acceptEarly(earlyKey(), 10_000, () => {});
  const tiny = earlyBodies([message("x".repeat(100))], 1);
  assert.throws(() => {
    for (const body of tiny) many.take(body);
  }, /more than allowed/);
});

test("dropping early data is bounded in octets and commands", () => {
  const drop = dropEarly(0);
  for (let i = 0; i < 2; i++) drop.take(new Uint8Array(32_768 + 31));
  assert.throws(() => drop.take(new Uint8Array(32)), /more than allowed/);
  const commands = dropEarly(1_000_000);
  for (let i = 0; i < 64; i++) commands.take(new Uint8Array(32));
  assert.throws(() => commands.take(new Uint8Array(32)), /more than allowed/);
  assert.is(commands.finish(0), null);
  assert.throws(() => commands.finish(1), /refused/);
});

test.run();
