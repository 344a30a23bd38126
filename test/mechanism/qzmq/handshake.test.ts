/** Whole handshakes between two mechanisms: every suite and mode, authentication of clients, authorizers, signers. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PeerError } from "../../../src/errors.ts";
import type { Identity } from "../../../src/mechanism/qzmq/identity.ts";
import { qzmqClient, qzmqServer } from "../../../src/mechanism/qzmq/index.ts";
import { defaultSuites, suiteByName } from "../../../src/mechanism/qzmq/suite.ts";
import { Trust } from "../../../src/mechanism/qzmq/trust.ts";
import {
  assertTalk,
  clientIdentity,
  makePair,
  serverOf,
  trusting,
  unixTime,
} from "../../support/qzmq-handshakes.ts";
import { certifiedIdentity, provider, testAuthority, testIdentity } from "../../support/qzmq-identities.ts";
import { codeOf, Pair } from "../../support/qzmq-pair.ts";

for (const mode of ["hybrid", "pq-only", "classical"] as const) {
  test(`every default suite of mode ${mode}`, async () => {
    for (const suite of defaultSuites(mode)) {
      const server = await serverOf[suite.signature];
      const pair = makePair({ server }, { mode, client: { suites: [suite] } }).start();
      assertTalk(pair, suite.name);
      assert.is(pair.client.mechanism.facts?.["suite"], suite.name);
      assert.is(pair.server.mechanism.facts?.["suite"], suite.name);
      assert.is(pair.client.mechanism.facts?.["peer"], "peer-0");
      assert.is(pair.server.mechanism.facts?.["peer"], null);
    }
  });
}

test("the server's preference decides, among suites for which it has a key", async () => {
  const server = await serverOf["ML-DSA-65"];
  const pair = makePair(
    { server },
    { server: { suites: [suiteByName("4,2,1,1"), suiteByName("5,3,2,2"), suiteByName("4,3,1,1")] } },
  ).start();
  assert.is(pair.client.mechanism.facts?.["suite"], suiteByName("5,3,2,2").name);
});

test("byte by byte", async () => {
  const server = await serverOf["ML-DSA-44"];
  const client = await clientIdentity;
  assertTalk(
    makePair({ server, client }, { server: { clientAuth: "required" }, pair: { byteByByte: true } }).start(),
  );
});

test("clients: none, optional and required, with and without a certificate", async () => {
  const server = await serverOf["ML-DSA-44"];
  const client = await clientIdentity;
  for (const clientAuth of ["none", "optional", "required"] as const) {
    const known = makePair({ server, client }, { server: { clientAuth } }).start();
    assertTalk(known, clientAuth);
    const shown = clientAuth !== "none";
    assert.is(known.server.mechanism.facts?.["peer"], shown ? "peer-0" : null);
    const [fingerprint, name] = known.server.credentials[0]!;
    assert.equal(fingerprint, shown ? client.fingerprint : new Uint8Array(0));
    assert.is(Buffer.from(name!).toString(), shown ? "peer-0" : "");
    const userId = known.server.mechanism.peerMetadata?.get("User-Id");
    assert.is(userId && Buffer.from(userId).toString(), shown ? "peer-0" : undefined);

    const anonymous = makePair(
      { server, client },
      { server: { clientAuth }, client: { identity: () => null } },
    ).start();
    if (clientAuth !== "required") {
      assertTalk(anonymous, clientAuth);
      continue;
    }
    assert.is(codeOf(anonymous.client), "ERR_QZMQ_AUTH");
    assert.is(codeOf(anonymous.server), "ERR_ZMTP_PEER_ERROR");
    assert.is(anonymous.server.error?.reason, "auth");
  }
});

test("optional never lets a bad certificate pass as anonymous", async () => {
  const server = await serverOf["ML-DSA-44"];
  const client = await clientIdentity;
  const stranger = await testIdentity(3);
  for (const clientAuth of ["optional", "required"] as const) {
    const pair = makePair(
      { server, client },
      { server: { clientAuth }, client: { identity: () => stranger } },
    ).start();
    assert.is(codeOf(pair.server), "ERR_QZMQ_AUTH");
    assert.is(codeOf(pair.client), "ERR_ZMTP_PEER_ERROR");
    assert.is(pair.client.error?.reason, "auth");
    assert.is(pair.server.mechanism.peerMetadata, null);
  }
});

test("certificates: the name is that of the endpoint, or the one configured", async () => {
  const authority = await testAuthority(9);
  const trust = new Trust(provider, { mode: "hybrid", authorities: [authority] });
  const server = await certifiedIdentity(1, "server.example", ["server"], 9);
  const client = await certifiedIdentity(2, "client-7", ["client"], 9);
  const base = {
    server: { trust: () => trust, clientAuth: "required" },
    client: { trust: () => trust },
  } as const;
  const pair = makePair({ server, client }, base).start();
  assertTalk(pair);
  assert.is(pair.server.mechanism.facts?.["peer"], "client-7");
  assert.is(pair.client.mechanism.facts?.["peer"], "server.example");
  const named = { ...base, client: { ...base.client, serverName: "Other.Example" } };
  assert.is(codeOf(makePair({ server, client }, named).start().client), "ERR_QZMQ_AUTH");
  const elsewhere = { ...base, pair: { client: { endpoint: "tcp://other.example:1" } } };
  assert.is(codeOf(makePair({ server, client }, elsewhere).start().client), "ERR_QZMQ_AUTH");
  const nameless = { ...base, pair: { client: { endpoint: "ipc://server.sock" } } };
  assert.is(codeOf(makePair({ server, client }, nameless).start().client), "ERR_QZMQ_AUTH");
  const asClient = await certifiedIdentity(1, "server.example", ["client"], 9);
  assert.is(codeOf(makePair({ server: asClient, client }, base).start().client), "ERR_QZMQ_AUTH");
});

test("several identities: server_name picks", async () => {
  const trust = new Trust(provider, { mode: "hybrid", authorities: [await testAuthority(9)] });
  const identities = [
    await certifiedIdentity(1, "a.example", ["server"], 9),
    await certifiedIdentity(2, "b.example", ["server"], 9),
  ];
  for (const name of ["a.example", "b.example"]) {
    const setup = {
      server: { identities: () => identities },
      client: { trust: () => trust, serverName: name },
    };
    const pair = makePair({ server: identities[0]! }, setup).start();
    assertTalk(pair);
    assert.is(pair.client.mechanism.facts?.["peer"], name);
  }
});

test("no suite in common", async () => {
  const server = await serverOf["ML-DSA-44"];
  const pair = makePair({ server }, { client: { suites: [suiteByName("5,3,1,2")] } }).start();
  assert.is(codeOf(pair.server), "ERR_QZMQ_SUITE");
  assert.is(pair.client.error?.reason, "suite");
});

test("equal roles", async () => {
  const server = await serverOf["ML-DSA-44"];
  const pair = makePair({ server });
  const host = { ...pair.client.host, peerGreeting: pair.client.host.localGreeting };
  pair.client.call(() => pair.client.mechanism.start(host, 0));
  assert.is(codeOf(pair.client), "ERR_QZMQ_ROLE");
});

test("asynchronous signers, and ones that fail", async () => {
  const server = await serverOf["ML-DSA-44"];
  const client = await clientIdentity;
  const later = (identity: Identity): Identity => ({
    ...identity,
    signer: {
      ...identity.signer,
      sign: (bytes, context) => Promise.resolve().then(() => identity.signer.sign(bytes, context)),
    },
  });
  const pair = makePair(
    { server: later(server), client: later(client) },
    { server: { clientAuth: "required" } },
  ).start();
  assert.is(pair.server.mechanism.status, "waiting");
  for (let turns = 0; turns < 10; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    pair.settle();
  }
  assertTalk(pair);

  for (const sign of [
    () => Promise.reject(new Error("no HSM")),
    () => {
      throw new Error("no HSM");
    },
  ]) {
    const broken = { ...server, signer: { ...server.signer, sign } };
    const failing = makePair({ server: broken }).start();
    await new Promise((resolve) => setImmediate(resolve));
    failing.settle();
    assert.is(codeOf(failing.server), "ERR_QZMQ_INTERNAL");
    assert.is(failing.client.error?.reason, "internal");
  }
});

test("the authorizer: later, refusing, and what it says of the peer", async () => {
  const server = await serverOf["ML-DSA-44"];
  let decide: (() => void) | undefined;
  const given = {
    status: 200,
    text: "",
    userId: "alice",
    metadata: new Map([["X-Team", Buffer.from("red")]]),
  } as const;
  const pair = makePair(
    { server },
    {
      pair: {
        server: {
          authorize: (_, decided) => {
            decide = () => decided(given);
          },
        },
      },
    },
  ).start();
  assert.is(pair.server.mechanism.status, "waiting");
  assert.is(pair.client.mechanism.status, "handshaking");
  decide!();
  pair.settle();
  assertTalk(pair);
  assert.is(Buffer.from(pair.server.mechanism.peerMetadata!.get("User-Id")!).toString(), "alice");
  assert.is(Buffer.from(pair.server.mechanism.peerMetadata!.get("X-Team")!).toString(), "red");

  const refusal = { status: 400, text: "no", userId: "", metadata: new Map() } as const;
  const refused = makePair(
    { server },
    { pair: { server: { authorize: (_, decided) => decided(refusal) } } },
  ).start();
  assert.is(codeOf(refused.server), "ERR_QZMQ_AUTH");
  assert.is(refused.server.error?.status, 400);
  assert.is(refused.client.error?.reason, "auth");
});

test("socket types that do not fit: the server says so, the client says goodbye", async () => {
  const server = await serverOf["ML-DSA-44"];
  const acceptPeer = () => {
    throw new PeerError("ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE", "no");
  };
  const refusing = makePair({ server }, { pair: { server: { acceptPeer } } }).start();
  assert.is(codeOf(refusing.server), "ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE");
  assert.is(refusing.client.error?.reason, "protocol");
  const refused = makePair({ server }, { pair: { client: { acceptPeer } } }).start();
  assert.is(codeOf(refused.client), "ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE");
  assert.is(refused.server.error, null);
  assert.is(refused.server.mechanism.ended, true);
});

test("facts and counters hold what happened", async () => {
  const server = await serverOf["ML-DSA-44"];
  const common = { provider, unixTime };
  const serverFactory = qzmqServer({ ...common, identities: () => [server] });
  const clientFactory = qzmqClient({ ...common, trust: trusting("hybrid", server) });
  const pair = new Pair(clientFactory, serverFactory).start();
  assertTalk(pair);
  for (const { counters } of [serverFactory, clientFactory]) {
    assert.is(counters.handshakesStarted, 1);
    assert.is(counters.handshakesCompleted, 1);
    assert.is(
      counters.durations.reduce((sum, count) => sum + count),
      1,
    );
    assert.is(counters.recordsSealed, 1);
    assert.is(counters.recordsOpened, 1);
    assert.is(counters.bytesSealed, 6);
  }
  assert.equal(serverFactory.admission?.load, { handshakes: 0, waiting: 0, operations: 0, bytes: 0 });
});

test("exported keying material is the same on both sides and bound to label, context and connection", async () => {
  const server = await serverOf["ML-DSA-44"];
  const context = Uint8Array.of(1, 2, 3);
  const one = makePair({ server }).start();
  const other = makePair({ server }, { pair: { client: { random: "other" } } }).start();
  const exported = one.client.mechanism.exportKeyingMaterial("app", context, 40);
  assert.is(exported.length, 40);
  assert.equal(one.server.mechanism.exportKeyingMaterial("app", context, 40), exported);
  assert.not.equal(one.client.mechanism.exportKeyingMaterial("app", new Uint8Array(0), 40), exported);
  assert.not.equal(one.client.mechanism.exportKeyingMaterial("app2", context, 40), exported);
  assert.not.equal(other.client.mechanism.exportKeyingMaterial("app", context, 40), exported);
  assert.throws(() => one.client.mechanism.exportKeyingMaterial("", context, 40), /label/);
});

test("metadata and client identity are never in clear", async () => {
  const server = await serverOf["ML-DSA-44"];
  const client = await clientIdentity;
  const pair = makePair(
    { server, client },
    {
      server: { clientAuth: "required" },
      pair: { client: { identity: "routing-id-of-mine" } },
    },
  ).start();
  assertTalk(pair);
  const wire = Buffer.concat(pair.frames.map(({ frame }) => frame.body));
  for (const secret of ["routing-id-of-mine", "DEALER", "ROUTER", "Socket-Type", client.signer.publicKey]) {
    assert.is(wire.indexOf(Buffer.from(secret as string)), -1);
  }
  assert.ok(wire.includes(Buffer.from(server.signer.publicKey)));
});

test.run();
