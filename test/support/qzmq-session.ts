/** Pairs of mechanisms with everyday settings: a pinned server, a pinned client, hybrid mode. */

import * as assert from "uvu/assert";
import { Admission } from "../../src/mechanism/qzmq/admission.ts";
import type { ClientOptions, ServerOptions } from "../../src/mechanism/qzmq/config.ts";
import { type QzmqFactory, qzmqClient, qzmqServer } from "../../src/mechanism/qzmq/index.ts";
import { TicketStore } from "../../src/mechanism/qzmq/ticket-store.ts";
import { Trust } from "../../src/mechanism/qzmq/trust.ts";
import { provider, testIdentity } from "./qzmq-identities.ts";
import { nameOf, Pair, type PairOptions } from "./qzmq-pair.ts";
import { seededRandom } from "./seeded-random.ts";

/** A wall clock that a test moves; milliseconds. */
export class WallClock {
  now = 1_800_000_000_000;
  readonly read = (): number => this.now;
}

/** Factories of both roles, sharing a clock and a ticket store. */
export interface Factories {
  readonly client: QzmqFactory;
  readonly server: QzmqFactory;
  readonly clock: WallClock;
  readonly store: TicketStore;
}

const serverIdentity = testIdentity(1);
const clientIdentity = testIdentity(2);

/** The server pins the client as `alice`, the client the server as `bob`. Tickets are on when `server.tickets` is given. */
export async function makeFactories(
  options: { readonly client?: Partial<ClientOptions>; readonly server?: Partial<ServerOptions> } = {},
): Promise<Factories> {
  const bob = await serverIdentity;
  const alice = await clientIdentity;
  const clock = new WallClock();
  const store = new TicketStore();
  const inServer = new Trust(provider, {
    mode: "hybrid",
    pins: [{ fingerprint: bob.fingerprint, name: "bob" }],
  });
  const inClient = new Trust(provider, {
    mode: "hybrid",
    pins: [{ fingerprint: alice.fingerprint, name: "alice" }],
  });
  const common = { provider, unixTime: clock.read, random: seededRandom("socket") };
  const server = qzmqServer({
    ...common,
    identities: () => [bob],
    clientAuth: "required",
    trust: () => inClient,
    ...options.server,
  });
  const client = qzmqClient({
    ...common,
    identity: () => alice,
    trust: () => inServer,
    tickets: store,
    ...options.client,
  });
  return { client, server, clock, store };
}

/** A pair of such factories, through its handshake. */
export async function connected(
  options: Parameters<typeof makeFactories>[0] = {},
  pairOptions: PairOptions = {},
): Promise<Pair> {
  const { client, server } = await makeFactories(options);
  const pair = new Pair(client, server, pairOptions).start();
  assert.is(pair.client.error, null);
  assert.is(pair.server.error, null);
  return pair;
}

/** Server settings with tickets that allow early data. */
export const TICKETS = { tickets: { earlyLimit: 16_384 } };

/** A started pair. */
export function connect({ client, server }: Factories, options: PairOptions = {}): Pair {
  return new Pair(client, server, options).start();
}

/** Both sides are ready. */
export function assertReady(pair: Pair): void {
  assert.is(pair.client.error, null);
  assert.is(pair.server.error, null);
  assert.is(pair.client.mechanism.status, "ready");
  assert.is(pair.server.mechanism.status, "ready");
}

/** Commands in the order in which they were sent. */
export function names(pair: Pair): string[] {
  return pair.frames.map(({ frame }) => nameOf(frame));
}

/** Server settings that answer every first CLIENTHELLO by RETRY. */
export function alwaysRetry() {
  return { admission: new Admission(provider, seededRandom("cookies"), { cookies: "always" }) };
}
