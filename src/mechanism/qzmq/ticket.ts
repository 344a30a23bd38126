/** Tickets: what a server hands a client to resume with (spec, "Resumption"). */
import type { CryptoProvider, Random } from "../../crypto/provider.ts";
import type { PeerRecord, RefusalCause, Trust } from "./trust.ts";

/** No lifetime is longer, in seconds. */
export const MAX_TICKET_LIFETIME = 86_400;
/** No sealed ticket is longer, in octets. */
export const MAX_TICKET = 4096;

/** What a ticket holds. All times are Unix seconds. */
export interface TicketState {
  /** 16 octets: the {@link TicketKeys.context} it was made in. */
  readonly context: Uint8Array;
  /** 4 octets. */
  readonly suite: Uint8Array;
  /** Fingerprint of the server's key, 32 octets. */
  readonly serverKey: Uint8Array;
  /** The server_name of the full handshake, `""` when there was none. */
  readonly serverName: string;
  /** 32 or 48 octets; whoever opens a ticket wipes it. */
  readonly psk: Uint8Array;
  /** Who the client is; `null` when anonymous. */
  readonly client: PeerRecord | null;
  /** Socket-Type of the client, ASCII. */
  readonly socketType: string;
  /** Identity property of the client, 0..255 octets. */
  readonly identity: Uint8Array;
  /** When the client last made a full handshake. */
  readonly authenticatedAt: number;
  readonly expires: number;
  /** Octets of early data accepted with this ticket, 0 for none. */
  readonly earlyLimit: number;
  /** The client's record limit in the session. */
  readonly recordLimit: number;
}

/** Why a ticket does not resume. Each leads to a full handshake, none to an error. */
export type TicketRefusal =
  /** Not of this context's keys, or not sealed by them. */
  | "foreign"
  | "malformed"
  | "used"
  /** No room left to remember used tickets. */
  | "full"
  | "context"
  | "expired"
  | "server-key"
  | "suite-disabled"
  | "suite-not-offered"
  | "server-name"
  | "client-auth"
  /** The full handshake was too long ago, or the clock went back. */
  | "auth-age"
  /** The client would be refused now; the word after the colon says why. */
  | `client:${RefusalCause}`;

/** A ticket that opened and is now marked used, or why not. */
export type OpenedTicket =
  | { readonly kind: "opened"; readonly state: TicketState }
  | { readonly kind: "refused"; readonly cause: TicketRefusal };

/** Settings of {@link TicketKeys}. */
export interface TicketKeysOptions {
  /** Lifetime of tickets, seconds, 1..86400; default 7200. */
  readonly lifetime?: number;
  /** How many used tickets are remembered; default 65 536. */
  readonly maxUsed?: number;
}

/** The ticket keys of one listening socket. Make another one when its keys, trust or client_auth change, and dispose of this one. */
export declare class TicketKeys {
  constructor(provider: CryptoProvider, random: Random, options?: TicketKeysOptions);
  /** 16 random octets, to put into {@link TicketState.context}. */
  readonly context: Uint8Array;
  /** Lifetime of tickets, seconds. */
  readonly lifetime: number;
  /** The sealed ticket, or `null` when the state is too large for one, or expired at `now`. */
  seal(state: TicketState, now: number): Uint8Array | null;
  /** Opens a ticket and marks it used in the same step. */
  open(ticket: Uint8Array, now: number): OpenedTicket;
  /** Overwrites all keys. */
  dispose(): void;
}

/** What a server holds against an opened ticket. */
export interface ResumptionOffer {
  /** {@link TicketKeys.context} of the socket. */
  readonly context: Uint8Array;
  /** Fingerprints of the keys that the server holds now. */
  readonly serverKeys: readonly Uint8Array[];
  /** Suites, 4 octets each. */
  readonly suitesEnabled: readonly Uint8Array[];
  readonly suitesOffered: readonly Uint8Array[];
  /** server_name of this CLIENTHELLO, `""` when absent. */
  readonly serverName: string;
  readonly clientAuth: "none" | "optional" | "required";
  /** Trust in clients, `null` when `clientAuth` is none. */
  readonly trust: Trust | null;
  /** Seconds since the last full handshake, at most; default 86 400. */
  readonly maxAuthAge?: number;
}

/**
 * Whether an opened ticket resumes: every condition of spec, "Resumption", but single use (checked by
 * {@link TicketKeys.open}) and the authorizer (asked by the caller). `null` when it does.
 */
export declare function refuseResumption(
  state: TicketState,
  offer: ResumptionOffer,
  now: number,
): TicketRefusal | null;
