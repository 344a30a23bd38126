/** Pairs for tests of the handshake: any mode, any suite, any identity. */
import * as assert from "uvu/assert";
import type { SignatureName } from "../../src/crypto/provider.ts";
import type { Mode } from "../../src/mechanism/qzmq/algorithm.ts";
import type { ClientOptions, ServerOptions } from "../../src/mechanism/qzmq/config.ts";
import type { Identity } from "../../src/mechanism/qzmq/identity.ts";
import { qzmqClient, qzmqServer } from "../../src/mechanism/qzmq/index.ts";
import { Trust } from "../../src/mechanism/qzmq/trust.ts";
import { provider, testIdentity } from "./qzmq-identities.ts";
import { message, Pair, type PairOptions } from "./qzmq-pair.ts";
import { seededRandom } from "./seeded-random.ts";

/** Wall clock of these handshakes, Unix milliseconds. */
export const unixTime = () => 1_800_000_000_000;

function pin(...identities: Identity[]) {
  return identities.map(({ fingerprint }, i) => ({ fingerprint, name: `peer-${i}` }));
}

/** Trust that pins these identities as `peer-0`, `peer-1`, ... */
export function trusting(mode: Mode, ...identities: Identity[]): () => Trust {
  const trust = new Trust(provider, { mode, pins: pin(...identities) });
  return () => trust;
}

/** What a test changes about a pair of {@link makePair}. */
export interface Setup {
  readonly mode?: Mode;
  readonly server?: Partial<ServerOptions>;
  readonly client?: Partial<ClientOptions>;
  readonly pair?: PairOptions;
}

/** A server and a client that pin each other; not started. */
export function makePair(identities: { server: Identity; client?: Identity }, setup: Setup = {}): Pair {
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

/** Both sides are ready and hear each other. */
export function assertTalk(pair: Pair, label = ""): void {
  assert.is(pair.client.error, null, label);
  assert.is(pair.server.error, null, label);
  assert.is(pair.client.mechanism.status, "ready", label);
  assert.is(pair.server.mechanism.status, "ready", label);
  pair.send("client", message("ping")).send("server", message("pong")).settle();
  assert.is(pair.server.text, "\0\x04ping", label);
  assert.is(pair.client.text, "\0\x04pong", label);
}

/** A server identity of each algorithm. */
export const serverOf: Record<SignatureName, Promise<Identity>> = {
  Ed25519: testIdentity(1, "Ed25519"),
  "ML-DSA-44": testIdentity(1, "ML-DSA-44"),
  "ML-DSA-65": testIdentity(1, "ML-DSA-65"),
  "ML-DSA-87": testIdentity(1, "ML-DSA-87"),
};
/** The client of these handshakes. */
export const clientIdentity = testIdentity(2);
