/** QZMQ for one link, as its configuration says. */
import type { LinkConfiguration } from "../config/configuration.ts";
import type { Identity } from "../mechanism/qzmq/identity.ts";
import { TicketStore } from "../mechanism/qzmq/ticket-store.ts";
import { client, type Security, server } from "../security.ts";
import { trustFilesOf } from "./materials.ts";

/** QZMQ of a link, and the tickets that go with it. */
export interface LinkSecurity {
  readonly security: Security;
  /** Of a client, in no other hands; `null` for a server. */
  readonly tickets: TicketStore | null;
}

/**
 * Makes it. `identityNow` is asked at each connection of a link that has an identity, so that renewed certificates need no restart; `onTrustError`
 * is told of files of trust that have changed and cannot be used; `keyLog` is that of `server` and `client`. Throws as `server` and `client` do.
 */
export function securityOf(
  link: LinkConfiguration,
  identityNow: () => Identity,
  onTrustError: (error: Error) => void,
  keyLog: boolean,
): LinkSecurity {
  const { mode, suites, keyLimits, identity, trust, clientAuth, serverName, antiDos, limits } = link;
  const common = { mode, suites, ...keyLimits, handshakeTimeout: limits.handshakeInterval, keyLog };
  const files = trust === null ? null : { files: trustFilesOf(trust), onError: onTrustError };
  if (link.side === "server") {
    const security = server({
      ...common,
      identity: () => [identityNow()],
      clientAuth,
      ...(files === null || clientAuth === "none" ? {} : { trust: files }),
      limits: antiDos,
    });
    return { security, tickets: null };
  }
  const tickets = new TicketStore();
  const security = client({
    ...common,
    trust: files!,
    resumption: tickets,
    ...(identity === null ? {} : { identity: identityNow }),
    ...(serverName === null ? {} : { serverName }),
  });
  return { security, tickets };
}
