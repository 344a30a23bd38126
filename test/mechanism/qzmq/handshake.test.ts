/** Whole handshakes between two mechanisms: every suite and mode, authentication of clients, and what goes wrong. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SignatureName } from "../../../src/crypto/provider.ts";
import { PeerError } from "../../../src/errors.ts";
import type { Mode } from "../../../src/mechanism/qzmq/algorithm.ts";
import type { ClientOptions, ServerOptions } from "../../../src/mechanism/qzmq/config.ts";
import type { Identity } from "../../../src/mechanism/qzmq/identity.ts";
import { qzmqClient, qzmqServer } from "../../../src/mechanism/qzmq/index.ts";
import { defaultSuites, suiteByName } from "../../../src/mechanism/qzmq/suite.ts";
import { Trust } from "../../../src/mechanism/qzmq/trust.ts";
import { certifiedIdentity, provider, testAuthority, testIdentity } from "../../support/qzmq-identities.ts";
import { codeOf, type Frame, message, nameOf, Pair, type PairOptions } from "../../support/qzmq-pair.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const unixTime = () => 1_800_000_000_000;

function pin(...identities: Identity[]) {
  return identities.map(({ fingerprint }, i) => ({ fingerprint, name: `peer-${i}` }));
}

function trusting(mode: Mode, ...identities: Identity[]): () => Trust {
  const trust = new Trust(provider, { mode, pins: pin(...identities) });
  return () => trust;
}

interface Setup {
  readonly mode?: Mode;
  readonly server?: Partial<ServerOptions>;
  readonly client?: Partial<ClientOptions>;
  readonly pair?: PairOptions;
  readonly serverIdentity?: Identity;
  readonly clientIdentity?: Identity;
}

function makePair(identities: { server: Identity; client?: Identity }, setup: Setup = {}): Pair {
  const mode = setup.mode ?? "hybrid";
  const common = { provider, unixTime, mode, random: seededRandom("socket") };
  const server = qzmqServer({
    ...common,
    identities: () => [identities.server],
    ...(identities.client ? { trust: trusting(mode, identities.client) } : {}),
    ...setup.server,
  });
  const client = qzmqClient({
    ...common,
    trust: trusting(mode, identities.server),
    identity: () => identities.client ?? null,
    ...setup.client,
  });
  return new Pair(client, server, setup.pair);
}

function assertTalk(pair: Pair, label = ""): void {
  assert.is(pair.client.error, null, label);
  assert.is(pair.server.error, null, label);
  assert.is(pair.client.mechanism.status, "ready", label);
  assert.is(pair.server.mechanism.status, "ready", label);
  pair.send("client", message("ping")).send("server", message("pong")).settle();
  assert.is(pair.server.text, "\0\x04ping", label);
  assert.is(pair.client.text, "\0\x04pong", label);
}

const serverOf: Record<SignatureName, Promise<Identity>> = {
  Ed25519: testIdentity(1, "Ed25519"),
  "ML-DSA-44": testIdentity(1, "ML-DSA-44"),
  "ML-DSA-65": testIdentity(1, "ML-DSA-65"),
  "ML-DSA-87": testIdentity(1, "ML-DSA-87"),
};
const clientIdentity = testIdentity(2);

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
  const nameless = { ...base, pair: { client: { endpoint: "ipc:///tmp/x" } } };
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

test("an ERROR never follows CLIENTKEY in clear", async () => {
  const server = await serverOf["ML-DSA-44"];
  const pair = makePair({ server }, { pair: { intercept: flip("FINISHED", () => 40) } }).start();
  assert.is(codeOf(pair.client), "ERR_QZMQ_AUTH");
  assert.is(
    pair.frames.some(({ frame }) => nameOf(frame) === "ERROR"),
    false,
  );
});

/** Flips one octet of the first frame with this name. */
function flip(name: string, at: (length: number) => number) {
  return (_: string, frame: Frame) => {
    if (nameOf(frame) !== name) return undefined;
    const body = frame.body.slice();
    body[at(body.length)]! ^= 1;
    return [{ ...frame, body }];
  };
}

test("a flipped octet anywhere ends the handshake without a connection on the side that reads it", async () => {
  const server = await serverOf["ML-DSA-44"];
  const client = await clientIdentity;
  const clean = makePair({ server, client }, { server: { clientAuth: "required" } }).start();
  for (const { from, frame } of clean.frames) {
    const name = nameOf(frame);
    const reader = from === "client" ? "server" : "client";
    if (name === "MESSAGE" || name === "CONTROL") continue;
    const step = Math.max(1, Math.floor(frame.body.length / 23));
    for (let at = 1; at < frame.body.length; at += step) {
      const setup: Setup = { server: { clientAuth: "required" }, pair: { intercept: flip(name, () => at) } };
      const pair = makePair({ server, client }, setup).start();
      const label = `${name} octet ${at}`;
      const errors = [codeOf(pair.client), codeOf(pair.server)];
      assert.ok(
        errors.some((code) => code !== null),
        label,
      );
      // Nobody believes in a connection with a peer that saw other octets.
      assert.not.equal(
        [pair.client.mechanism.status, pair.server.mechanism.status],
        ["ready", "ready"],
        label,
      );
      if (name !== "CLIENTHELLO") assert.is.not(pair[reader].mechanism.status, "ready", label);
      pair.dispose();
    }
  }
});

test("messages in a state that does not expect them", async () => {
  const server = await serverOf["ML-DSA-44"];
  for (const name of [
    "SERVERHELLO",
    "CLIENTKEY",
    "FINISHED",
    "RETRY",
    "MESSAGE",
    "EARLY",
    "READY",
    "HELLO",
  ]) {
    const pair = makePair(
      { server },
      {
        pair: {
          intercept: (from, frame, index) =>
            from === "client" && index === 0
              ? [
                  {
                    flags: 4,
                    body: Buffer.concat([Uint8Array.of(name.length), Buffer.from(name), new Uint8Array(40)]),
                  },
                ]
              : [frame],
        },
      },
    ).start();
    assert.is(codeOf(pair.server), "ERR_QZMQ_PROTOCOL", name);
    assert.is(pair.client.error?.reason, "protocol", name);
  }
});

test("every handshake message cut short or longer by an octet", async () => {
  const server = await serverOf["ML-DSA-44"];
  for (const name of ["CLIENTHELLO", "SERVERHELLO", "CLIENTKEY", "FINISHED"]) {
    for (const change of [-1, 1]) {
      const pair = makePair(
        { server },
        {
          pair: {
            intercept: (_, frame) => {
              if (nameOf(frame) !== name) return undefined;
              const body = new Uint8Array(frame.body.length + change);
              body.set(frame.body.subarray(0, body.length));
              return [{ ...frame, body }];
            },
          },
        },
      ).start();
      const reader = name.startsWith("CLIENT") ? pair.server : pair.client;
      assert.is(codeOf(reader), "ERR_QZMQ_PROTOCOL", `${name} ${change}`);
    }
  }
});

test("repeated and doubled handshake messages", async () => {
  const server = await serverOf["ML-DSA-44"];
  for (const name of ["CLIENTHELLO", "SERVERHELLO", "CLIENTKEY", "FINISHED"]) {
    const pair = makePair(
      { server },
      {
        pair: { intercept: (_, frame) => (nameOf(frame) === name ? [frame, frame] : undefined) },
      },
    ).start();
    const reader = name.startsWith("CLIENT") ? pair.server : pair.client;
    assert.ok(codeOf(reader) === "ERR_QZMQ_PROTOCOL" || codeOf(reader) === "ERR_QZMQ_TRUNCATED", name);
  }
});

test("sizes are refused from the frame header", async () => {
  const server = await serverOf["ML-DSA-44"];
  const big = (size: number) => (from: string, frame: Frame, index: number) =>
    from === "client" && index === 0 ? [{ ...frame, body: new Uint8Array(size) }] : undefined;
  assert.is(
    codeOf(makePair({ server }, { pair: { intercept: big(8193) } }).start().server),
    "ERR_ZMTP_MESSAGE_TOO_LARGE",
  );
  assert.is(
    codeOf(makePair({ server }, { pair: { intercept: big(8192) } }).start().server),
    "ERR_QZMQ_PROTOCOL",
  );
});

test("time: CLIENTHELLO within 5 s, the whole within 30 s", async () => {
  const server = await serverOf["ML-DSA-44"];
  const silent = makePair(
    { server },
    { pair: { intercept: (from) => (from === "client" ? [] : undefined) } },
  ).start();
  silent.pass(4999);
  assert.is(codeOf(silent.server), null);
  silent.pass(1);
  assert.is(codeOf(silent.server), "ERR_QZMQ_TIMEOUT");
  silent.pass(25_000);
  assert.is(codeOf(silent.client), "ERR_QZMQ_TIMEOUT");

  const slow = makePair({ server }, { pair: { server: { authorize: () => {} } } }).start();
  slow.pass(29_999);
  assert.is(codeOf(slow.server), null);
  slow.pass(1);
  assert.is(codeOf(slow.server), "ERR_QZMQ_TIMEOUT");
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
