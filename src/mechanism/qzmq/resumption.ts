/** Whether an opened ticket resumes: all conditions at one place, as a pure function (spec, "Resumption"). */
import { equalSecret } from "../../bytes/constant-time.ts";
import type { TicketState } from "./ticket.ts";
import type { Trust } from "./trust.ts";
import type { RefusalCause } from "./verdict.ts";

/** Default of {@link ResumptionOffer.maxAuthAge}, seconds. */
export const DEFAULT_MAX_AUTH_AGE = 86_400;

/** Why a ticket does not resume. Each leads to a full handshake, none to an error. */
export type TicketRefusal =
  /** Not sealed by any key held now. */
  | "foreign"
  /** Opened, but no ticket of this version inside. */
  | "malformed"
  | "expired"
  | "used"
  /** No room left to remember used tickets. */
  | "full"
  /** Made before keys, trust or client_auth changed. */
  | "context"
  /** For a key that this server does not hold any more. */
  | "server-key"
  | "suite-disabled"
  | "suite-not-offered"
  | "server-name"
  /** Anonymous where clients must be authenticated, or authenticated where they are not. */
  | "client-auth"
  /** The full handshake was too long ago, or the clock went back. */
  | "auth-age"
  /** The client would be refused now, or known as another; the word after the colon says why. */
  | `client:${RefusalCause}`;

/** What a server holds against an opened ticket. */
export interface ResumptionOffer {
  /** `TicketKeys.context` of the socket. */
  readonly context: Uint8Array;
  /** Fingerprints of the keys that the server holds now, 32 octets each. */
  readonly serverKeys: readonly Uint8Array[];
  /** Suites, 4 octets each. */
  readonly suitesEnabled: readonly Uint8Array[];
  readonly suitesOffered: readonly Uint8Array[];
  /** server_name of this CLIENTHELLO, `""` when absent. */
  readonly serverName: string;
  readonly clientAuth: "none" | "optional" | "required";
  /** Trust in clients; `null` when there is none. */
  readonly trust: Trust | null;
  /** Whole seconds since the last full handshake, at most; default 86 400. */
  readonly maxAuthAge?: number;
}

/**
 * The first reason against resuming, `null` when there is none. Single use was settled when the ticket was opened; the
 * authorizer, and the agreement of CLIENTKEY with the ticket, are for the handshake to ask. `now` is Unix seconds.
 */
export function refuseResumption(
  state: TicketState,
  offer: ResumptionOffer,
  now: number,
): TicketRefusal | null {
  if (!equalSecret(state.context, offer.context)) return "context";
  if (now >= state.expires) return "expired";
  if (!includes(offer.serverKeys, state.serverKey)) return "server-key";
  if (!includes(offer.suitesEnabled, state.suite)) return "suite-disabled";
  if (!includes(offer.suitesOffered, state.suite)) return "suite-not-offered";
  if (state.serverName !== offer.serverName) return "server-name";
  const age = now - state.authenticatedAt;
  if (age < 0 || age > (offer.maxAuthAge ?? DEFAULT_MAX_AUTH_AGE)) return "auth-age";
  if (state.client === null) return offer.clientAuth === "required" ? "client-auth" : null;
  if (offer.clientAuth === "none" || offer.trust === null) return "client-auth";
  const cause = offer.trust.recheck(state.client, now);
  return cause === null ? null : `client:${cause}`;
}

function includes(list: readonly Uint8Array[], wanted: Uint8Array): boolean {
  return list.some((item) => equalSecret(item, wanted));
}
