/** The client's tickets: a bounded store in memory. */
import type { Mode } from "./algorithm.ts";
import type { PeerRecord } from "./trust.ts";

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
  /** Tickets for each scope; the oldest goes first. Default 4. */
  readonly maxPerScope?: number;
}

/** Tickets by scope, each given out once. One store may serve many sockets. */
export declare class TicketStore {
  constructor(options?: TicketStoreOptions);
  /** Tickets in store. */
  readonly size: number;
  put(scope: TicketScope, ticket: StoredTicket): void;
  /** The newest ticket for this scope that has not expired, taken out; `undefined` when there is none. */
  take(scope: TicketScope, now: number): StoredTicket | undefined;
  /** Forgets all tickets for a scope, such as after the server refused our identity. */
  forget(scope: TicketScope): void;
  /** Overwrites and forgets everything. */
  dispose(): void;
}
