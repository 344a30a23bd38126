/** Keys that seal tickets: their rotation, and the memory of tickets already used (spec, "Resumption"). */
import { equalSecret, wipe } from "../../bytes/constant-time.ts";
import { LayoutError } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import type { AeadKey, CryptoProvider, Random } from "../../crypto/provider.ts";
import { hex } from "./algorithm.ts";
import type { TicketRefusal } from "./resumption.ts";
import { decodeTicket, encodeTicket, type TicketState } from "./ticket.ts";

/** No lifetime is longer, in seconds. */
export const MAX_TICKET_LIFETIME = 86_400;
/** No sealed ticket is longer, in octets. */
export const MAX_TICKET = 4096;

const HEAD = 13;
/** A key seals for this long, seconds; it opens until the last ticket under it has expired, and is erased then. */
const SEALING_PERIOD = 3600;
/** With nonces at random, this many tickets under one key keep a collision below 2^-32 (NIST SP 800-38D, section 8.3). */
const MAX_PER_KEY = 2 ** 32;
/** One for each hour of the longest lifetime, and some for clocks that jump; far below the 256 key numbers. */
const MAX_KEYS = 32;

/** A ticket that opened and is now marked used, or why not. */
export type OpenedTicket =
  | { readonly kind: "opened"; readonly state: TicketState }
  | { readonly kind: "refused"; readonly cause: TicketRefusal };

/** Settings of {@link TicketKeys}. */
export interface TicketKeysOptions {
  /** Lifetime of tickets, whole seconds, 1..86400; default 7200. */
  readonly lifetime?: number;
  /** How many used tickets are remembered until they expire; default 65 536. When full, nothing resumes. */
  readonly maxUsed?: number;
  /** How many tickets one key seals; default and at most 2^32. */
  readonly maxPerKey?: number;
}

interface TicketKey {
  readonly number: number;
  readonly aead: AeadKey;
  readonly since: number;
  sealed: number;
  /** When the last ticket under it expires. */
  until: number;
}

/**
 * The ticket keys of one listening socket, in memory only. Make another one when its keys, trust or client_auth change,
 * and dispose of this one. `now` is Unix time in seconds.
 */
export class TicketKeys {
  /** 16 random octets, to put into {@link TicketState.context}. */
  readonly context: Uint8Array;
  /** Lifetime of tickets, seconds. */
  readonly lifetime: number;
  readonly #provider: CryptoProvider;
  readonly #random: Random;
  readonly #maxUsed: number;
  readonly #maxPerKey: number;
  /** Oldest first. */
  #keys: TicketKey[] = [];
  #nextNumber = 0;
  /** Heads of used tickets, with the time when they may be forgotten. */
  readonly #used = new Map<string, number>();
  #sweptAt = Number.NEGATIVE_INFINITY;

  /** Throws `RangeError` for settings out of bounds. */
  constructor(provider: CryptoProvider, random: Random, options: TicketKeysOptions = {}) {
    const { lifetime = 7200, maxUsed = 65_536, maxPerKey = MAX_PER_KEY } = options;
    if (!Number.isInteger(lifetime) || lifetime < 1 || lifetime > MAX_TICKET_LIFETIME) {
      throw new RangeError(`ticket lifetime: 1..${MAX_TICKET_LIFETIME} whole seconds, not ${lifetime}`);
    }
    if (!Number.isInteger(maxUsed) || maxUsed < 1) throw new RangeError(`maxUsed: 1 or more, not ${maxUsed}`);
    if (!Number.isInteger(maxPerKey) || maxPerKey < 1 || maxPerKey > MAX_PER_KEY) {
      throw new RangeError(`maxPerKey: 1..2^32, not ${maxPerKey}`);
    }
    this.#provider = provider;
    this.#random = random;
    this.#maxUsed = maxUsed;
    this.#maxPerKey = maxPerKey;
    this.lifetime = lifetime;
    this.context = random(16);
  }

  /**
   * The sealed ticket: key number u8, nonce[12], AES-256-GCM of the state. `null` when the state is too large for a
   * ticket or expired by now. Throws `RangeError` when it would outlive {@link TicketKeys.lifetime}.
   */
  seal(state: TicketState, now: number): Uint8Array | null {
    if (state.expires > now + this.lifetime) throw new RangeError("this ticket would live too long");
    if (state.expires <= now) return null;
    const plaintext = encodeTicket(state);
    if (plaintext === null) return null;
    const key = this.#sealingKey(now);
    key.sealed++;
    key.until = Math.max(key.until, state.expires);
    const nonce = this.#random(12);
    const head = new Writer().u8(key.number).bytes(nonce).finish();
    const out = new Writer().bytes(head);
    for (const piece of key.aead.seal(nonce, head, [plaintext])) out.bytes(piece);
    wipe(plaintext);
    return out.finish();
  }

  /** Opens a ticket and marks it used in the same step. The state's PSK is the caller's to wipe. */
  open(ticket: Uint8Array, now: number): OpenedTicket {
    this.#eraseSpentKeys(now);
    const key = this.#keys.find(({ number }) => number === ticket[0]);
    if (key === undefined || ticket.length < HEAD) return refuse("foreign");
    const head = ticket.subarray(0, HEAD);
    const plaintext = key.aead.open(head.subarray(1), head, ticket.subarray(HEAD));
    if (plaintext === null) return refuse("foreign");
    let state: TicketState;
    try {
      state = decodeTicket(plaintext);
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error;
      return refuse("malformed");
    } finally {
      wipe(plaintext);
    }
    const cause = this.#markUsed(hex(head), state, now);
    if (cause === null) return { kind: "opened", state };
    wipe(state.psk);
    return refuse(cause);
  }

  /** Overwrites all keys; tickets under them become foreign. */
  dispose(): void {
    for (const { aead } of this.#keys) aead.wipe();
    this.#keys = [];
    this.#used.clear();
  }

  #markUsed(head: string, state: TicketState, now: number): TicketRefusal | null {
    if (!equalSecret(state.context, this.context)) return "context";
    if (now >= state.expires) return "expired";
    if (this.#used.has(head)) return "used";
    if (this.#used.size >= this.#maxUsed) this.#sweep(now);
    if (this.#used.size >= this.#maxUsed) return "full";
    this.#used.set(head, state.expires);
    return null;
  }

  /** Forgets used tickets that have expired, at most once a second: it looks at all of them. */
  #sweep(now: number): void {
    if (Math.abs(now - this.#sweptAt) < 1) return;
    this.#sweptAt = now;
    for (const [head, expires] of this.#used) if (now >= expires) this.#used.delete(head);
  }

  #sealingKey(now: number): TicketKey {
    this.#eraseSpentKeys(now);
    const newest = this.#keys[this.#keys.length - 1];
    if (newest !== undefined) {
      const age = now - newest.since;
      if (age >= 0 && age < SEALING_PERIOD && newest.sealed < this.#maxPerKey) return newest;
    }
    if (this.#keys.length === MAX_KEYS) this.#keys.shift()!.aead.wipe();
    const secret = this.#random(32);
    const aead = this.#provider.aeads["AES-256-GCM"].key(secret);
    wipe(secret);
    const key: TicketKey = { number: this.#nextNumber, aead, since: now, sealed: 0, until: now };
    this.#nextNumber = (this.#nextNumber + 1) % 256;
    this.#keys.push(key);
    return key;
  }

  #eraseSpentKeys(now: number): void {
    const spent = this.#keys.filter(({ until }) => until < now);
    for (const { aead } of spent) aead.wipe();
    if (spent.length > 0) this.#keys = this.#keys.filter(({ until }) => until >= now);
  }
}

function refuse(cause: TicketRefusal): OpenedTicket {
  return { kind: "refused", cause };
}
