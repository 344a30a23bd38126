/** Tickets and resumed handshakes between two mechanisms. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  appendAuth,
  decodeCommand,
  decodeServerHello,
  encodeServerHello,
} from "../../../src/mechanism/qzmq/messages.ts";
import { PeerProven } from "../../../src/mechanism/qzmq/proof.ts";
import { Trust } from "../../../src/mechanism/qzmq/trust.ts";
import { certifiedIdentity, provider, testAuthority, testIdentity } from "../../support/qzmq-identities.ts";
import { ACCEPTED, codeOf, type Frame, message, nameOf, type Pair } from "../../support/qzmq-pair.ts";
import { assertReady, connect, makeFactories, TICKETS } from "../../support/qzmq-session.ts";

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

test("a MAC of no length proves nothing", () => {
  const none = new Uint8Array(0);
  assert.throws(() => PeerProven.byPsk(null, none, none), /does not verify/);
});

test.run();
