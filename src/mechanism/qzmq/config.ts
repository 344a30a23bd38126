/** Settings of the mechanism, checked once, when a socket's factory is made. */
import type { CryptoProvider, Random } from "../../crypto/provider.ts";
import type { Admission } from "./admission.ts";
import { type Mode, SIGNATURE_OCTETS, signaturesOfMode } from "./algorithm.ts";
import type { Counters } from "./counters.ts";
import { type ClientAuth, MAX_RECORD_LIMIT, MIN_RECORD_LIMIT } from "./extensions.ts";
import type { Identity } from "./identity.ts";
import type { KeyLog } from "./key-log.ts";
import { isName, NAME_RULE } from "./name.ts";
import { checkSuites, defaultSuites, type Suite } from "./suite.ts";
import type { TicketKeysOptions } from "./ticket-keys.ts";
import type { TicketStore } from "./ticket-store.ts";
import type { Trust } from "./trust.ts";

/** When a key has done enough and the next rotation begins; for each direction and key. */
export interface KeyLimits {
  /** Records, those of the mechanism itself included, 8..2^32; default 2^32. */
  readonly maxMessages?: number;
  /** Octets of plaintext, 64 KiB..2^40; default 2^40. */
  readonly maxBytes?: number;
  /** Milliseconds, 1000 or more, `Infinity` for never; default 600 000. */
  readonly maxAge?: number;
}

/** What both roles set. */
export interface CommonOptions extends KeyLimits {
  readonly provider: CryptoProvider;
  /** For what outlives a connection (cookie secrets, ticket keys); default the provider's. */
  readonly random?: Random;
  /** Unix time in milliseconds: for dates of certificates and tickets. */
  readonly unixTime: () => number;
  /** Default `hybrid`. */
  readonly mode?: Mode;
  /** The most preferred first; default all of the mode. */
  readonly suites?: readonly Suite[];
  /** Largest record plaintext to accept, 4096..262144; default 262 144. */
  readonly recordLimit?: number;
  /** Milliseconds for the whole handshake; default 30 000. */
  readonly handshakeTimeout?: number;
  /** Where to count; default a fresh one. */
  readonly counters?: Counters;
  /** Is told the secrets of every connection; default none is. */
  readonly keyLog?: KeyLog | null;
}

/** Settings of a client. */
export interface ClientOptions extends CommonOptions {
  /** Whom to believe; asked at each connection, so that it can be exchanged. */
  readonly trust: () => Trust;
  /** Who we are; `null` for an anonymous client. Default anonymous. */
  readonly identity?: () => Identity | null;
  /** The name that the server must have; default the endpoint's host, or nothing but pins where it has none. */
  readonly serverName?: string | null;
  /** Where tickets are kept; without, every handshake is a full one. */
  readonly tickets?: TicketStore | null;
  /** Send waiting messages with a ticket's CLIENTHELLO; default false. */
  readonly earlyData?: boolean;
  /** For servers that deliver early data at once; default `held`. */
  readonly earlyDelivery?: EarlyDelivery;
  /** Send waiting messages right after CLIENTKEY, before the server's socket type is known; default false. */
  readonly fastStart?: boolean;
}

/** Settings of a server. */
export interface ServerOptions extends CommonOptions {
  /** At least one; asked at each connection. */
  readonly identities: () => readonly Identity[];
  /** Default `none`. */
  readonly clientAuth?: ClientAuth;
  /** Trust in clients; needed unless clientAuth is `none`. */
  readonly trust?: () => Trust;
  /** Milliseconds from the connection until the first CLIENTHELLO is there, greeting included; default 5000. */
  readonly helloTimeout?: number;
  /** Issue tickets; default `null`, none. */
  readonly tickets?: (TicketKeysOptions & TicketPolicy) | null;
  /** Limits before authentication; default those of {@link Admission}. */
  readonly admission?: Admission;
}

/**
 * What becomes of early data. `held`: a server delivers it once the handshake has verified, at most once; a client whose
 * early data was refused sends it again. `immediate`: a server delivers it as it opens, to an application that bears a
 * message twice, for a replayed flight is delivered before the client that it was stolen from is heard; and a client
 * does not send it again, since whoever replayed it may have had it delivered: what was refused is lost.
 */
export type EarlyDelivery = "held" | "immediate";

/** How tickets are given out. */
export interface TicketPolicy {
  /** How many right after the handshake, 1..4; default 1. One more follows each rotation, up to 4 in all. */
  readonly count?: number;
  /** Octets of early data that a ticket allows, 0..1 MiB; default 0, no early data. */
  readonly earlyLimit?: number;
  /** When early data is delivered; default `held`. */
  readonly earlyDelivery?: EarlyDelivery;
  /** Seconds since the last full handshake, at most; default 86 400. */
  readonly maxAuthAge?: number;
}

/** Less would be used up by the control messages of a few rotations. */
const MIN_MAX_BYTES = 65_536;
/** Most octets of early data. */
export const MAX_EARLY_LIMIT = 1024 * 1024;
/** Most tickets on one connection. */
export const MAX_TICKETS = 4;

/** Common settings with all defaults in. */
export interface Settings {
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly unixTime: () => number;
  readonly mode: Mode;
  readonly suites: readonly Suite[];
  readonly recordLimit: number;
  readonly handshakeTimeout: number;
  readonly limits: Required<KeyLimits>;
  readonly keyLog: KeyLog | null;
}

/** Checks and completes. Throws `RangeError`, saying what was expected. */
export function checkCommon(options: CommonOptions): Settings {
  const mode = options.mode ?? "hybrid";
  const limits = {
    maxMessages: options.maxMessages ?? 2 ** 32,
    maxBytes: options.maxBytes ?? 2 ** 40,
    maxAge: options.maxAge ?? 600_000,
  };
  inRange("maxMessages", limits.maxMessages, 8, 2 ** 32);
  inRange("maxBytes", limits.maxBytes, MIN_MAX_BYTES, 2 ** 40);
  if (!(limits.maxAge >= 1000)) throw new RangeError(`maxAge: 1000 ms or more, not ${limits.maxAge}`);
  const recordLimit = options.recordLimit ?? MAX_RECORD_LIMIT;
  inRange("recordLimit", recordLimit, MIN_RECORD_LIMIT, MAX_RECORD_LIMIT);
  const handshakeTimeout = options.handshakeTimeout ?? 30_000;
  if (!(handshakeTimeout > 0)) throw new RangeError("handshakeTimeout: more than 0 ms expected");
  return {
    provider: options.provider,
    random: options.random ?? options.provider.random,
    unixTime: options.unixTime,
    mode,
    suites: checkSuites(options.suites ?? defaultSuites(mode), mode),
    recordLimit,
    handshakeTimeout,
    limits,
    keyLog: options.keyLog ?? null,
  };
}

/** Throws `RangeError` for anything but the two words; `held` for nothing. */
export function checkEarlyDelivery(value: EarlyDelivery | undefined): EarlyDelivery {
  if (value === undefined || value === "held" || value === "immediate") return value ?? "held";
  throw new RangeError(`earlyDelivery: "held" or "immediate" expected, not ${JSON.stringify(value)}`);
}

/** A server name as a user gives it: lower-cased, checked. */
export function checkServerName(name: string | null | undefined): string | null {
  if (name === null || name === undefined) return null;
  const lower = name.toLowerCase();
  if (!isName(lower)) throw new RangeError(`serverName: ${NAME_RULE} expected, not ${JSON.stringify(name)}`);
  return lower;
}

/** Throws `RangeError` unless `value` is an integer within the bounds, both included. */
export function inRange(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name}: an integer in ${min}..${max} expected, not ${value}`);
  }
}

/** Signature octets that `mode` accepts of clients, for extension client_auth. */
export function clientAlgorithms(mode: Mode): Uint8Array {
  return Uint8Array.from(signaturesOfMode(mode), (name) => SIGNATURE_OCTETS[name]);
}
