/** A server's tickets: keys that are renewed when what they vouch for changes, and the content of each ticket. */
import { wipe } from "../../bytes/constant-time.ts";
import { type Metadata, property } from "../../wire/metadata.ts";
import { hex } from "./algorithm.ts";
import {
  checkEarlyDelivery,
  inRange,
  MAX_EARLY_LIMIT,
  MAX_TICKETS,
  type ServerOptions,
  type Settings,
} from "./config.ts";
import { type Counters, countTicketRefused } from "./counters.ts";
import type { ClientHello } from "./messages.ts";
import { DEFAULT_MAX_AUTH_AGE, refuseResumption } from "./resumption.ts";
import type { TicketState } from "./ticket.ts";
import { TicketKeys } from "./ticket-keys.ts";
import type { Trust } from "./trust.ts";
import type { PeerRecord } from "./verdict.ts";

/** What a connection knows when it issues tickets. */
export interface TicketSubject {
  readonly suite: Uint8Array;
  /** Fingerprint of the server's key in this session. */
  readonly serverKey: Uint8Array;
  readonly serverName: string;
  readonly client: PeerRecord | null;
  readonly clientMetadata: Metadata;
  /** Unix seconds of the last full handshake. */
  readonly authenticatedAt: number;
  readonly recordLimit: number;
}

/** Shared by the connections of one listening socket. */
export class TicketService {
  /** Tickets right after a handshake. */
  readonly count: number;
  /** Octets of early data that our tickets allow. */
  readonly earlyLimit: number;
  /** Deliver it before the handshake has verified. */
  readonly immediate: boolean;
  readonly #settings: Settings;
  readonly #options: ServerOptions;
  readonly #maxAuthAge: number;
  #keys: TicketKeys | null = null;
  /** What the keys vouch for. */
  #situation = "";

  /** `options.tickets` must not be null. Throws `RangeError` for values out of bounds. */
  constructor(settings: Settings, options: ServerOptions) {
    const { count = 1, earlyLimit = 0, maxAuthAge = DEFAULT_MAX_AUTH_AGE } = options.tickets ?? {};
    inRange("tickets.count", count, 1, MAX_TICKETS);
    inRange("tickets.earlyLimit", earlyLimit, 0, MAX_EARLY_LIMIT);
    if (!(maxAuthAge >= 1)) throw new RangeError(`tickets.maxAuthAge: 1 s or more, not ${maxAuthAge}`);
    this.#settings = settings;
    this.#options = options;
    this.count = count;
    this.earlyLimit = earlyLimit;
    this.immediate = checkEarlyDelivery(options.tickets?.earlyDelivery) === "immediate";
    this.#maxAuthAge = maxAuthAge;
    this.#current();
  }

  /** The state of a ticket that resumes, its PSK the caller's to wipe; `null` for a full handshake. `now` is Unix seconds. */
  resume(hello: ClientHello, now: number, counters: Counters): TicketState | null {
    const keys = this.#current();
    const opened = keys.open(hello.sessionId, now);
    if (opened.kind === "refused") {
      countTicketRefused(counters, opened.cause);
      return null;
    }
    const offer = {
      context: keys.context,
      serverKeys: this.#options.identities().map((identity) => identity.fingerprint),
      suitesEnabled: this.#settings.suites.map((suite) => suite.octets),
      suitesOffered: hello.suites,
      serverName: hello.extensions.serverName ?? "",
      clientAuth: this.#options.clientAuth ?? "none",
      trust: this.#trust(),
      maxAuthAge: this.#maxAuthAge,
    } as const;
    const cause = refuseResumption(opened.state, offer, now);
    if (cause === null) {
      counters.ticketsUsed++;
      return opened.state;
    }
    wipe(opened.state.psk);
    countTicketRefused(counters, cause);
    return null;
  }

  /** A ticket around `psk`; `null` when its names are too long for one. `now` is Unix seconds. */
  issue(subject: TicketSubject, psk: Uint8Array, now: number) {
    const keys = this.#current();
    const { clientMetadata, ...rest } = subject;
    const identity = property(clientMetadata, "Identity") ?? new Uint8Array(0);
    const socketType = property(clientMetadata, "Socket-Type")!;
    if (identity.length > 255 || socketType.length > 255) return null;
    const state: TicketState = {
      ...rest,
      context: keys.context,
      psk,
      socketType: Buffer.from(socketType).toString("latin1"),
      identity,
      expires: now + keys.lifetime,
      earlyLimit: this.earlyLimit,
    };
    const ticket = keys.seal(state, now);
    return ticket === null ? null : { ticket, lifetime: keys.lifetime, earlyLimit: this.earlyLimit };
  }

  dispose(): void {
    this.#keys?.dispose();
  }

  #trust(): Trust | null {
    return (this.#options.clientAuth ?? "none") === "none" ? null : (this.#options.trust?.() ?? null);
  }

  /** The keys for things as they are: new ones when our keys, trust or client_auth have changed. */
  #current(): TicketKeys {
    const identities = this.#options.identities().map((identity) => hex(identity.fingerprint));
    const trust = this.#trust();
    const situation = [this.#options.clientAuth, trust === null ? "" : hex(trust.digest), ...identities].join(
      " ",
    );
    if (this.#keys !== null && situation === this.#situation) return this.#keys;
    this.#keys?.dispose();
    this.#situation = situation;
    this.#keys = new TicketKeys(this.#settings.provider, this.#settings.random, this.#options.tickets ?? {});
    return this.#keys;
  }
}
