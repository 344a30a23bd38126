/** The client's tickets: a bounded store in memory, each ticket given out once (spec, "Resumption"). */
import { wipe } from "../../bytes/constant-time.ts";
import { hex, type Mode } from "./algorithm.ts";
import type { PeerRecord } from "./verdict.ts";

/** A ticket with what is needed to use it. */
export interface StoredTicket {
  readonly ticket: Uint8Array;
  /** Of the suite's hash length. The store keeps a copy; who takes it out wipes it. */
  readonly psk: Uint8Array;
  /** 4 octets. */
  readonly suite: Uint8Array;
  /** Who the server was; to be checked again with `Trust.recheck` before use. */
  readonly server: PeerRecord;
  /** Unix seconds by our clock. */
  readonly expires: number;
  /** Octets of early data that the server accepts. */
  readonly earlyLimit: number;
  /** The server's record limit in the session. */
  readonly recordLimit: number;
}

/** For whom a ticket is good: all of it must be the same again. */
export interface TicketScope {
  readonly endpoint: string;
  /** The name expected of the server, `""` for none. */
  readonly serverName: string;
  /** `Trust.digest`. */
  readonly trustDigest: Uint8Array;
  /** Fingerprint of our own key; `null` when anonymous. */
  readonly ownKey: Uint8Array | null;
  readonly mode: Mode;
  readonly socketType: string;
  /** Our Identity property. */
  readonly identity: Uint8Array;
}

/** Bounds of a {@link TicketStore}. */
export interface TicketStoreOptions {
  /** Scopes remembered; the least recently used goes first. Default 256. */
  readonly maxScopes?: number;
  /** Tickets for each scope; the oldest goes first. Default 4, as many as a connection may bring. */
  readonly maxPerScope?: number;
}

/** Tickets by scope. One store may serve many sockets. */
export class TicketStore {
  readonly #maxScopes: number;
  readonly #maxPerScope: number;
  /** Least recently used scope first; in each, the oldest ticket first. */
  readonly #scopes = new Map<string, StoredTicket[]>();

  /** Throws `RangeError` for bounds below 1. */
  constructor(options: TicketStoreOptions = {}) {
    const { maxScopes = 256, maxPerScope = 4 } = options;
    for (const bound of [maxScopes, maxPerScope]) {
      if (!Number.isInteger(bound) || bound < 1)
        throw new RangeError(`a bound of a ticket store: 1 or more, not ${bound}`);
    }
    this.#maxScopes = maxScopes;
    this.#maxPerScope = maxPerScope;
  }

  /** Tickets in store. */
  get size(): number {
    let size = 0;
    for (const tickets of this.#scopes.values()) size += tickets.length;
    return size;
  }

  /** Adds a ticket, with a copy of its PSK; makes room by dropping the oldest. */
  put(scope: TicketScope, ticket: StoredTicket): void {
    const key = keyOf(scope);
    const tickets = this.#scopes.get(key) ?? [];
    tickets.push({ ...ticket, psk: new Uint8Array(ticket.psk) });
    if (tickets.length > this.#maxPerScope) wipe(tickets.shift()!.psk);
    this.#touch(key, tickets);
    if (this.#scopes.size > this.#maxScopes) this.#drop(this.#scopes.keys().next().value!);
  }

  /** The newest ticket for this scope that has not expired at `now` (Unix seconds), taken out; `undefined` when there is none. */
  take(scope: TicketScope, now: number): StoredTicket | undefined {
    const key = keyOf(scope);
    const tickets = this.#scopes.get(key);
    if (tickets === undefined) return undefined;
    let newest = tickets.pop();
    while (newest !== undefined && now >= newest.expires) {
      wipe(newest.psk);
      newest = tickets.pop();
    }
    if (tickets.length === 0) this.#scopes.delete(key);
    else this.#touch(key, tickets);
    return newest;
  }

  /** Forgets all tickets for a scope, such as after the server refused our identity. */
  forget(scope: TicketScope): void {
    this.#drop(keyOf(scope));
  }

  /** Overwrites and forgets everything. */
  dispose(): void {
    for (const key of [...this.#scopes.keys()]) this.#drop(key);
  }

  #touch(key: string, tickets: StoredTicket[]): void {
    this.#scopes.delete(key);
    this.#scopes.set(key, tickets);
  }

  #drop(key: string): void {
    for (const { psk } of this.#scopes.get(key) ?? []) wipe(psk);
    this.#scopes.delete(key);
  }
}

/** One string for a scope; JSON keeps parts apart whatever they hold. */
function keyOf(scope: TicketScope): string {
  const { endpoint, serverName, trustDigest, ownKey, mode, socketType, identity } = scope;
  const own = ownKey === null ? null : hex(ownKey);
  return JSON.stringify([endpoint, serverName, hex(trustDigest), own, mode, socketType, hex(identity)]);
}
