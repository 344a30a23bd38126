/** Pairs of mechanisms with everyday settings: a pinned server, a pinned client, hybrid mode. */
import type { ClientOptions, ServerOptions } from "../../src/mechanism/qzmq/config.ts";
import { type QzmqFactory, qzmqClient, qzmqServer } from "../../src/mechanism/qzmq/index.ts";
import { TicketStore } from "../../src/mechanism/qzmq/ticket-store.ts";
import { Trust } from "../../src/mechanism/qzmq/trust.ts";
import { provider, testIdentity } from "./qzmq-identities.ts";
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
