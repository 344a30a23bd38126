/** Factories over toy primitives, for both roles; see toy-crypto.ts. */
import { Admission } from "../../src/mechanism/qzmq/admission.ts";
import { type QzmqFactory, qzmqClient, qzmqServer } from "../../src/mechanism/qzmq/index.ts";
import { suiteByName } from "../../src/mechanism/qzmq/suite.ts";
import { TicketStore } from "../../src/mechanism/qzmq/ticket-store.ts";
import { Trust } from "../../src/mechanism/qzmq/trust.ts";
import { NaiveClient } from "../support/naive-client.ts";
import { greeting, naiveSuite } from "../support/naive-codec.ts";
import { NaiveServer } from "../support/naive-server.ts";
import { WallClock } from "../support/qzmq-session.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { toy, toyIdentity } from "./toy-crypto.ts";

export const alice = await toyIdentity(2);
export const bob = await toyIdentity(1);
/** ML-KEM-768, ML-DSA-44, AES-256-GCM, SHA-256: nothing slow in it. */
export const SUITE = naiveSuite(2, 2, 1, 1);

/** What is explored. */
export interface ToyOptions {
  readonly cookies?: boolean;
  /** Tickets are issued, and early data is accepted and sent. */
  readonly early?: boolean;
}

/** A server's factory and a client's, with its ticket store. */
export interface ToyGround {
  readonly server: QzmqFactory;
  readonly client: QzmqFactory;
  readonly store: TicketStore;
}

export function toyGround({ cookies = false, early = false }: ToyOptions = {}): ToyGround {
  const store = new TicketStore();
  const believe = ({ fingerprint }: { readonly fingerprint: Uint8Array }, name: string) => {
    const trust = new Trust(toy, { mode: "hybrid", pins: [{ fingerprint, name }] });
    return () => trust;
  };
  const common = {
    provider: toy,
    unixTime: new WallClock().read,
    random: seededRandom("socket"),
    suites: [suiteByName("2,2,1,1")],
  };
  const server = qzmqServer({
    ...common,
    identities: () => [bob],
    clientAuth: "required",
    trust: believe(alice, "alice"),
    admission: new Admission(toy, common.random, {
      cookies: cookies ? "always" : "never",
      maxHandshakes: 1_000_000,
      maxHandshakesPerAddress: 1_000_000,
    }),
    tickets: early ? { count: 4, earlyLimit: 16_384, maxUsed: 1_000_000 } : null,
  });
  const client = qzmqClient({
    ...common,
    identity: () => alice,
    trust: believe(bob, "bob"),
    tickets: store,
    earlyData: early,
  });
  return { server, client, store };
}

const greetings = { clientGreeting: greeting(0), serverGreeting: greeting(1), provider: toy, suite: SUITE };

export const toyClient = (psk: Uint8Array | null = null): NaiveClient =>
  new NaiveClient({ ...greetings, identity: alice, psk });
export const toyServer = (psk: Uint8Array | null = null): NaiveServer =>
  new NaiveServer({ ...greetings, identity: bob, psk });
