/** What tells the two roles apart behind one mechanism, and what a connection takes up while its handshake lasts. */
import type { CryptoProvider } from "../../crypto/provider.ts";
import type { Mechanism } from "../mechanism.ts";
import type { Defer } from "./admission.ts";
import type { Counters } from "./counters.ts";
import type { Awaiting, Handshake } from "./handshake.ts";

/** What a role brings. */
export interface Role {
  readonly asServer: boolean;
  readonly provider: CryptoProvider;
  readonly counters: Counters;
  readonly recordLimit: number;
  readonly unixTime: () => number;
  /** Milliseconds until the peer's first message, and until the end of the handshake. */
  readonly helloTimeout: number;
  readonly handshakeTimeout: number;
  /** Enters a connection; `drop` is called when it has to make room. Throws {@link PeerError} `ERR_QZMQ_BUSY`. */
  enter(peerAddress: string, drop: () => void): Entry;
  /** The connection is over. */
  over(mechanism: Mechanism): void;
}

/** One connection's entry. */
export interface Entry {
  begin(handshake: Handshake): Awaiting;
  /** Runs a public-key operation in its turn; `start` calls `done` once it has returned. */
  operate(defer: Defer, start: (done: () => void) => void): void;
  /** The time, at each call. */
  tick(now: number): void;
  /** Accounts for octets of the peer that lie undecoded, in all. Throws {@link PeerError} `ERR_QZMQ_BUSY`. */
  buffer(octets: number): void;
  /** The handshake is over, one way or the other. May be called again. */
  leave(): void;
}
