/** Tickets, resumed handshakes, early data and RETRY between two mechanisms. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Admission } from "../../../src/mechanism/qzmq/admission.ts";
import { acceptEarly, dropEarly, sealEarly } from "../../../src/mechanism/qzmq/early.ts";
import {
  appendAuth,
  decodeCommand,
  decodeServerHello,
  encodeServerHello,
} from "../../../src/mechanism/qzmq/messages.ts";
import { PeerProven } from "../../../src/mechanism/qzmq/proof.ts";
import { Trust } from "../../../src/mechanism/qzmq/trust.ts";
import { certifiedIdentity, provider, testAuthority, testIdentity } from "../../support/qzmq-identities.ts";
import {
  ACCEPTED,
  codeOf,
  encodeFrame,
  type Frame,
  message,
  nameOf,
  Pair,
  type PairOptions,
} from "../../support/qzmq-pair.ts";
import { type Factories, makeFactories } from "../../support/qzmq-session.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const TICKETS = { tickets: { earlyLimit: 16_384 } };

function connect({ client, server }: Factories, options: PairOptions = {}): Pair {
  return new Pair(client, server, options).start();
}

function assertReady(pair: Pair): void {
  assert.is(pair.client.error, null);
  assert.is(pair.server.error, null);
  assert.is(pair.client.mechanism.status, "ready");
  assert.is(pair.server.mechanism.status, "ready");
}

function names(pair: Pair): string[] {
  return pair.frames.map(({ frame }) => nameOf(frame));
}

test("a ticket resumes, once, with the same identity and no certificates", async () => {
  const factories = await makeFactories({ server: TICKETS });
  const first = connect(factories);
  assertReady(first);
  assert.is(factories.store.size, 1);
  assert.is(first.client.mechanism.facts?.["resumed"], false);
  const second = connect(factories);
  assertReady(second);
  assert.is(second.client.mechanism.facts?.["resumed"], true);
  assert.is(second.server.mechanism.facts?.["resumed"], true);
  assert.is(second.server.mechanism.facts?.["peer"], "alice");
  assert.is(second.client.mechanism.facts?.["peer"], "bob");
  assert.equal(second.server.credentials, first.server.credentials);
  const size = (pair: Pair) => pair.frames.reduce((sum, { frame }) => sum + frame.body.length, 0);
  assert.ok(size(second) < size(first) / 2);
  second.send("client", message("hi")).send("server", message("ho")).settle();
  assert.is(second.server.text, "\0\x02hi");
  assert.is(second.client.text, "\0\x02ho");
  // The resumed connection brought a new ticket; resumptions chain.
  assert.is(connect(factories).client.mechanism.facts?.["resumed"], true);
  assert.is(factories.server.counters.ticketsUsed, 2);
  assert.is(factories.server.counters.handshakesResumed, 2);
});

test("every suite that a ticket can carry resumes", async () => {
  for (const suites of ["4,2,2,1", "2,2,1,1", "4,2,1,2"]) {
    const { suiteByName } = await import("../../../src/mechanism/qzmq/suite.ts");
    const list = [suiteByName(suites)];
    const factories = await makeFactories({ server: { ...TICKETS, suites: list }, client: { suites: list } });
    connect(factories);
    const again = connect(factories);
    assertReady(again);
    assert.is(again.client.mechanism.facts?.["resumed"], true, suites);
  }
});

test("a replayed ticket gets a full handshake, which a client without its keys cannot finish", async () => {
  const factories = await makeFactories({ server: TICKETS });
  connect(factories);
  let recorded: Frame | undefined;
  connect(factories, {
    intercept: (from, frame, index) => {
      if (from === "client" && index === 0) recorded = frame;
      return undefined;
    },
  });
  const replay = connect(factories, {
    intercept: (from, frame, index) => (from === "client" && index === 0 ? [recorded!] : [frame]),
  });
  assert.is(factories.server.counters.ticketsRefused["used"], 1);
  assert.is.not(replay.server.mechanism.status, "ready");
});

test("tickets that do not fit lead to a full handshake", async () => {
  const { server, client, clock, store } = await makeFactories({ server: TICKETS });
  const factories = { server, client, clock, store };
  connect(factories);
  clock.now += 7_199_000;
  assert.is(connect(factories).client.mechanism.facts?.["resumed"], true);
  clock.now += 7_200_000;
  assert.is(connect(factories).client.mechanism.facts?.["resumed"], false, "expired");

  // Another server knows nothing of the ticket keys.
  const other = await makeFactories({ server: TICKETS });
  const elsewhere = connect({ ...factories, server: other.server });
  assertReady(elsewhere);
  assert.is(elsewhere.client.mechanism.facts?.["resumed"], false);
  assert.is(other.server.counters.ticketsRefused["foreign"], 1);
});

test("a change of trust, identity or client_auth ends all tickets", async () => {
  const alice = await testIdentity(2);
  const carol = await testIdentity(4);
  const pins = [{ fingerprint: alice.fingerprint, name: "alice" }];
  let trust = new Trust(provider, { mode: "hybrid", pins });
  const factories = await makeFactories({ server: { ...TICKETS, trust: () => trust } });
  connect(factories);
  trust = new Trust(provider, {
    mode: "hybrid",
    pins: [...pins, { fingerprint: carol.fingerprint, name: "carol" }],
  });
  const pair = connect(factories);
  assertReady(pair);
  assert.is(pair.client.mechanism.facts?.["resumed"], false);
});

test("a resumed client repeats the ticket's Socket-Type and Identity", async () => {
  const factories = await makeFactories({ server: TICKETS });
  connect(factories, { client: { identity: "one" } });
  // The honest client asks its store by identity, so it does a full handshake.
  assert.is(connect(factories, { client: { identity: "two" } }).client.mechanism.facts?.["resumed"], false);
  // One that cheats: its store takes any identity.
  const { store } = factories;
  const lax = await makeFactories({ server: TICKETS });
  const anyIdentity = {
    put: (scope: Parameters<typeof store.put>[0], ticket: Parameters<typeof store.put>[1]) =>
      store.put({ ...scope, identity: new Uint8Array(0) }, ticket),
    take: (scope: Parameters<typeof store.take>[0], now: number) =>
      store.take({ ...scope, identity: new Uint8Array(0) }, now),
  } as unknown as typeof store;
  const cheat = await makeFactories({ client: { tickets: anyIdentity } });
  const mixed = { ...lax, client: cheat.client };
  connect(mixed, { client: { identity: "one" } });
  const pair = connect(mixed, { client: { identity: "two" } });
  assert.is(codeOf(pair.server), "ERR_QZMQ_PROTOCOL");
});

test("a resumption is refused by the authorizer as anything else", async () => {
  const factories = await makeFactories({ server: TICKETS });
  connect(factories);
  const pair = connect(factories, {
    server: { authorize: (_, decided) => decided({ ...ACCEPTED, status: 400 }) },
  });
  assert.is(codeOf(pair.server), "ERR_QZMQ_AUTH");
});

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

function alwaysRetry() {
  return { admission: new Admission(provider, seededRandom("cookies"), { cookies: "always" }) };
}

test("RETRY: the second CLIENTHELLO carries the cookie", async () => {
  const factories = await makeFactories({ server: alwaysRetry() });
  const pair = connect(factories, { byteByByte: true });
  assertReady(pair);
  assert.equal(names(pair).slice(0, 4), ["CLIENTHELLO", "RETRY", "CLIENTHELLO", "SERVERHELLO"]);
  pair.send("client", message("hello")).settle();
  assert.is(pair.server.text, "\0\x05hello");
  assert.is(factories.server.counters.retriesSent, 1);
  assert.is(factories.server.counters.cookiesAccepted, 1);
});

test("RETRY refuses early data, which goes again; the ticket still resumes", async () => {
  const factories = await makeFactories({
    server: { ...TICKETS, ...alwaysRetry() },
    client: { earlyData: true },
  });
  connect(factories);
  const pair = connect(factories, { client: { waiting: [message("early")] } });
  assertReady(pair);
  assert.is(pair.server.text, "\0\x05early");
  assert.is(pair.client.mechanism.facts?.["early"], "refused");
  assert.is(pair.client.mechanism.facts?.["resumed"], true);
});

test("cookies: changed, missing, of another connection, too late, twice", async () => {
  const swap =
    (edit: (body: Uint8Array, index: number) => Uint8Array | null) =>
    (from: string, frame: Frame, index: number) => {
      if (from !== "client" || nameOf(frame) !== "CLIENTHELLO") return undefined;
      const body = edit(frame.body.slice(), index);
      return body === null ? undefined : [{ flags: frame.flags, body }];
    };
  const cookieAt = 12 + 1 + 32;
  const flip = (at: number) => (body: Uint8Array, index: number) => {
    body[at]! ^= 1;
    return index === 1 ? body : null;
  };
  const edits: Record<string, (body: Uint8Array, index: number) => Uint8Array | null> = {
    "flipped cookie": flip(cookieAt + 20),
    "flipped random": flip(20),
    "no cookie": (body, index) =>
      index === 1
        ? Buffer.concat([body.subarray(0, cookieAt), Uint8Array.of(0), body.subarray(cookieAt + 42)])
        : null,
  };
  for (const [label, edit] of Object.entries(edits)) {
    const factories = await makeFactories({ server: alwaysRetry() });
    const pair = connect(factories, { intercept: swap(edit) });
    assert.is(codeOf(pair.server), "ERR_QZMQ_PROTOCOL", label);
    assert.is(factories.server.counters.cookiesRefused, 1, label);
  }
  // A cookie of another connection of the same peer, and one that nobody asked for.
  const factories = await makeFactories({ server: alwaysRetry() });
  let stolen: Frame | undefined;
  connect(factories, {
    intercept: (from, frame, index) => {
      if (from === "client" && index === 1) stolen = frame;
      return undefined;
    },
  });
  const theft = connect(factories, {
    intercept: (from, frame, index) => (from === "client" ? [index === 1 ? stolen! : frame] : undefined),
  });
  assert.is(codeOf(theft.server), "ERR_QZMQ_PROTOCOL");
  const unasked = connect(factories, {
    intercept: (from, _, index) => (from === "client" && index === 0 ? [stolen!] : undefined),
  });
  assert.is(codeOf(unasked.server), "ERR_QZMQ_PROTOCOL");
  // Two RETRY.
  const twice = connect(factories, {
    intercept: (_, frame) => (nameOf(frame) === "RETRY" ? [frame, frame] : undefined),
  });
  assert.is(codeOf(twice.client), "ERR_QZMQ_PROTOCOL");
});

test("a client that resumes against a server that changed its key does a full handshake or refuses", async () => {
  const factories = await makeFactories({ server: TICKETS });
  connect(factories);
  // Same ticket store, but the client no longer trusts the recorded server.
  const carol = await testIdentity(4);
  const trust = new Trust(provider, {
    mode: "hybrid",
    pins: [{ fingerprint: carol.fingerprint, name: "carol" }],
  });
  const changed = await makeFactories({ client: { trust: () => trust, tickets: factories.store } });
  const pair = connect({ ...factories, client: changed.client });
  assert.is(codeOf(pair.client), "ERR_QZMQ_AUTH");
  assert.is(factories.server.counters.ticketsUsed, 0);
});

test("a recorded server whose certificate has ended since is not resumed with", async () => {
  const trust = new Trust(provider, { mode: "hybrid", authorities: [await testAuthority(9)] });
  const notAfter = 1_800_001_000;
  const server = await certifiedIdentity(1, "server.example", ["server"], 9, { notAfter });
  const factories = await makeFactories({
    server: { ...TICKETS, identities: () => [server] },
    client: { trust: () => trust },
  });
  connect(factories);
  assert.is(connect(factories).client.mechanism.facts?.["resumed"], true);
  factories.clock.now += 2_000_000;
  assert.is(codeOf(connect(factories).client), "ERR_QZMQ_AUTH");
  assert.is(factories.server.counters.ticketsUsed, 1);
});

test("a server that claims what the client did not ask for", async () => {
  const claim = (extensions: object, resumed: boolean) => (_: string, frame: Frame) => {
    if (nameOf(frame) !== "SERVERHELLO") return undefined;
    const hello = decodeServerHello(decodeCommand(frame.body));
    const full = resumed ? { clientAuth: null } : {};
    const changed = { ...hello, resumed, extensions: { ...hello.extensions, ...full, ...extensions } };
    const certificates = resumed ? [] : hello.certificates;
    return [{ flags: 6, body: appendAuth(encodeServerHello({ ...changed, certificates }), hello.auth) }];
  };
  const plain = await makeFactories({ server: TICKETS });
  const unasked = connect(plain, { intercept: claim({}, true) });
  assert.is(codeOf(unasked.client), "ERR_QZMQ_PROTOCOL", "resumed without a ticket");
  const pqOnly = connect(plain, { intercept: claim({ pqOnly: true }, false) });
  assert.is(codeOf(pqOnly.client), "ERR_QZMQ_PROTOCOL", "pq_only beside a hybrid suite");
  connect(plain);
  const early = connect(plain, { intercept: claim({ earlyData: true }, true) });
  assert.is(codeOf(early.client), "ERR_QZMQ_PROTOCOL", "early data accepted that was not sent");
  const chosen = (_: string, frame: Frame) => {
    if (nameOf(frame) !== "SERVERHELLO") return undefined;
    const body = frame.body.slice();
    body.set([1, 1, 1, 1], 12 + 1 + 32);
    return [{ ...frame, body }];
  };
  assert.is(codeOf(connect(plain, { intercept: chosen }).client), "ERR_QZMQ_SUITE");
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

test("a MAC of no length proves nothing", () => {
  const none = new Uint8Array(0);
  assert.throws(() => PeerProven.byPsk(null, none, none), /does not verify/);
});

test.run();
