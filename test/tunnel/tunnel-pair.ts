/** A tunnel for tests: a link of each side in one process, between whoever connects to it and a target. */
import { qzmq } from "../../src/index.ts";
import { Environment } from "../../src/net/environment.ts";
import { Link } from "../../src/tunnel/link.ts";
import type { LinkEvent } from "../../src/tunnel/link-event.ts";
import type { LinkLimits, LinkSettings } from "../../src/tunnel/link-settings.ts";
import { type Cleanup, LIMIT, until } from "../net/harness.ts";
import { within } from "../support/within.ts";

/** Bare keys, to be pinned. */
export const alice: qzmq.Identity = await qzmq.generateIdentity();
export const bob: qzmq.Identity = await qzmq.generateIdentity();
export const mallory: qzmq.Identity = await qzmq.generateIdentity();

/** The pin of a key, with the name for which it is trusted. */
export function pinned(identity: qzmq.Identity, name: string): { readonly pins: readonly string[] } {
  return { pins: [`${qzmq.pinOf(identity)}, ${name}`] };
}

/** Bounds that no test meets unless it sets some of its own. */
export const LIMITS: LinkLimits = {
  maxConnections: 100,
  highWaterMark: 1000,
  maxQueuedBytes: 16 * 1024 * 1024,
  maxMessageSize: -1,
  handshakeInterval: 30_000,
  heartbeatInterval: 0,
  heartbeatTimeout: -1,
};

/** A link with what it has reported so far. */
export interface Observed {
  readonly link: Link;
  readonly events: LinkEvent[];
  /** The endpoint it listens on. */
  readonly endpoint: string;
  /** Resolves with the `times`-th event of that type. */
  saw<T extends LinkEvent["type"]>(type: T, times?: number): Promise<Extract<LinkEvent, { type: T }>>;
}

/** What a test wants otherwise. */
export type LinkChanges = Partial<Omit<LinkSettings, "limits">> & {
  readonly limits?: Partial<LinkLimits>;
  readonly environment?: Environment;
};

/** A started link, closed at the end of the test. */
export async function startLink(
  side: "client" | "server",
  connect: string,
  cleanup: Cleanup,
  { environment = new Environment(), ...changes }: LinkChanges = {},
): Promise<Observed> {
  const settings: LinkSettings = {
    ...{ name: `the ${side}`, side, listen: "tcp://127.0.0.1:*", connect, phase: 1, old: null },
    security:
      side === "client"
        ? qzmq.client({ identity: alice, trust: pinned(bob, "bob") })
        : qzmq.server({ identity: bob, trust: pinned(alice, "alice") }),
    ...changes,
    limits: { ...LIMITS, ...changes.limits },
  };
  const events: LinkEvent[] = [];
  const link = new Link(settings, environment, (event) => events.push(event));
  await within(LIMIT, link.start(), "starting a link");
  cleanup(async () => {
    await within(LIMIT, link.close(0), "closing a link");
    settings.security.dispose();
  });
  return {
    ...{ link, events, endpoint: link.status().listen },
    async saw(type, times = 1) {
      type Wanted = Extract<LinkEvent, { type: typeof type }>;
      const found = (): Wanted[] => events.filter((event): event is Wanted => event.type === type);
      await until(() => found().length >= times, `${times} event(s) ${type} of the ${side}`);
      return found()[times - 1]!;
    },
  };
}

/** Both links of a tunnel; what connects to `client.endpoint` reaches `target`. */
export interface Tunnel {
  readonly client: Observed;
  readonly server: Observed;
}

/** Starts both. */
export async function tunnelTo(
  target: string,
  cleanup: Cleanup,
  changes: { readonly client?: LinkChanges; readonly server?: LinkChanges } = {},
): Promise<Tunnel> {
  const server = await startLink("server", target, cleanup, changes.server);
  const client = await startLink("client", server.endpoint, cleanup, changes.client);
  return { client, server };
}
