/**
 * The door between a connection and its security mechanism (RFC 37, "The ZMTP mechanism"). The engine knows
 * mechanisms only by this file; a mechanism knows nothing of sockets, timers or patterns.
 *
 * One mechanism object serves one connection and goes one way:
 *
 *     start -> handshaking <-> waiting -> ready -> dispose
 *
 * - While `handshaking` it is handed every frame that comes in.
 * - While `waiting` (a signature in a worker thread, a ZAP decision, its turn for public-key work) it is handed
 *   nothing; the engine buffers, bounded, until {@link MechanismHost.wake} is called, then calls `advance`.
 * - Once `ready`, a transparent mechanism (NULL, PLAIN) is out of the way: frames pass without a call or a copy. A
 *   protecting one (CURVE, QZMQ) seals batches of encoded frames and opens each received frame into plaintext, which
 *   the engine decodes as the same frame stream a transparent connection has.
 * - It may speak at any time, after the handshake too (key rotation, tickets): the engine collects `takeOutput()`
 *   after every call, always ahead of application data.
 *
 * Failure is one thing: any method may throw {@link PeerError}. What the mechanism wants the peer to be told (an
 * ERROR command) is in `takeOutput()` by then; the engine writes it and closes.
 */

import type { Random } from "../crypto/provider.ts";
import type { PeerError } from "../errors.ts";
import type { Metadata } from "../wire/metadata.ts";

/** Where the mechanism stands. */
export type MechanismStatus = "handshaking" | "waiting" | "ready";

/** A decision of the authorizer (RFC 27). 200 accept, 300 try later, 400 refused, 500 the authorizer is broken. */
export interface Authorization {
  readonly status: 200 | 300 | 400 | 500;
  readonly text: string;
  /** Becomes property `User-Id` of the peer's metadata. */
  readonly userId: string;
  /** Further properties of the peer, as the authorizer gave them. */
  readonly metadata: Metadata;
  /** When the authorizer itself broke its protocol (status 500): what to report instead of a refusal. */
  readonly error?: PeerError;
}

/** What the connection offers its mechanism. Given in `start`, valid until `dispose`. */
export interface MechanismHost {
  /** Our greeting and the peer's, 64 octets each, as they went over the wire. */
  readonly localGreeting: Uint8Array;
  readonly peerGreeting: Uint8Array;
  /** Our properties (Socket-Type, Identity, ...), encoded as in a READY command. Read when they are to be sent. */
  readonly metadata: Uint8Array;
  /** The endpoint as the user wrote it: what we connected to, or the one that accepted. */
  readonly endpoint: string;
  /** The peer's address without port: an IP, `""` for ipc. Never shown to a peer. */
  readonly peerAddress: string;
  /** A number that no other connection of this process has, for as long as the process lives. */
  readonly connectionId: number;
  readonly random: Random;
  /**
   * Called with the peer's properties before the handshake may complete. Throws {@link PeerError} when this socket
   * cannot talk to that peer; a mechanism whose RFC has an ERROR command queues one and lets the error through.
   */
  acceptPeer(metadata: Metadata): void;
  /**
   * Asks the authorizer (ZAP) about these credentials. Calls `decided` exactly once, possibly before returning, unless
   * the connection closes first. Without an authorizer the host answers by the socket's options. `claimed` are the
   * peer's properties as it gave them, where the mechanism has them by now; `acceptPeer` has not seen them.
   */
  authorize(
    credentials: readonly Uint8Array[],
    decided: (decision: Authorization) => void,
    claimed?: Metadata,
  ): void;
  /** Runs `task` in a later turn of the event loop, in fair order among all connections: for costly public-key work. */
  defer(task: () => void): void;
  /** How many such tasks, of all connections, have not begun. */
  readonly deferred: number;
  /**
   * Tells the engine that a `waiting` mechanism can go on, or that `canSend` or `takeOutput()` may have changed. Not
   * from within a method of the mechanism: what changes there is seen when it returns.
   */
  wake(): void;
  /**
   * Whole messages that wait to be sent, as encoded frames, together at most `limit` octets; for early data. They
   * leave the queue: the mechanism now owes their delivery for as long as the connection lives.
   */
  takeEarlyMessages(limit: number): Uint8Array[];
}

/** Messages, multipart ones counted once, that passed through a protecting mechanism. */
export interface MessageCounters {
  messagesSealed: number;
  messagesOpened: number;
}

/** A security mechanism on one connection. `now` is in milliseconds, monotonic unless said otherwise. */
export interface Mechanism {
  /** 1 to 20 characters of `A-Z 0-9 - _ . +` (RFC 37), as sent in the greeting. */
  readonly name: string;
  /** The as-server octet of our greeting. */
  readonly asServer: boolean;
  readonly status: MechanismStatus;
  /** True when frames travel as they are once `ready`. */
  readonly transparent: boolean;
  /** The largest frame body that is acceptable now; the engine refuses a larger one from its header, before buffering. */
  readonly maxFrameSize: number;
  /** False while application data must wait although the handshake is done (a limit reached, a close begun). */
  readonly canSend: boolean;
  /** The peer's properties, non-null once `ready`. */
  readonly peerMetadata: Metadata | null;
  /** What was negotiated, for events and status pages; null while there is nothing to tell. Holds no secret. */
  readonly facts: Readonly<Record<string, unknown>> | null;
  /** When `onDeadline` wants to be called, on the clock of `now`; `Infinity` when never. May change in any call. */
  readonly deadline: number;
  /** Commands that end the connection when the decrypted stream holds them. Absent: none. Only when not transparent. */
  readonly reserved?: ReadonlySet<string>;
  /** True once both sides said goodbye, or the peer did not in time: flush, and cut the transport. Absent: never. */
  readonly ended?: boolean;
  /** True while the plaintext last returned is early data: its messages are marked. Absent: never. */
  readonly early?: boolean;
  /** Where the engine counts messages, which a protecting mechanism cannot tell apart in its records. Absent: nowhere. */
  readonly counters?: MessageCounters;

  /**
   * The transport is connected, greetings are still to come: a mechanism that bounds what strangers may hold, and for how
   * long, counts from here. Throws {@link PeerError} when there is no room. Absent: such bounds are not its own.
   */
  admit?(connection: Pick<MechanismHost, "peerAddress" | "wake">, now: number): void;
  /**
   * So many octets of the peer lie undecoded, in memory reserved for them; they count until the handshake is done, which
   * with early data is after `ready`. Throws {@link PeerError} when there is no room. Absent: they are not counted.
   */
  holding?(octets: number, now: number): void;
  /** Both greetings are known and name this mechanism. Throws {@link PeerError} when their roles do not fit. */
  start(host: MechanismHost, now: number): void;
  /**
   * One frame of the peer. `flags` is its flags octet, `body` a view valid only during the call. Returns plaintext
   * for the frame decoder (fresh memory that the mechanism does not keep), or null when the frame was for the
   * mechanism itself. Never called while `waiting`, nor when transparent and `ready`.
   */
  receive(flags: number, body: Uint8Array, now: number): Uint8Array | null;
  /**
   * The engine refuses what the peer sent: an outer frame (malformed, too large, no command during the handshake), or
   * something in the decrypted stream. Queues what the peer is to be told; returns the error to report. Absent: the
   * peer is told nothing. Returns the error as it is after a failure of the mechanism's own.
   */
  refuse?(where: "frame" | "stream", error: PeerError, now: number): PeerError;
  /** Goes on after `wake()`. Returns plaintext as `receive` does (early data that has been accepted). */
  advance(now: number): Uint8Array | null;
  /** Encoded frames to write before anything else, empty when there are none. The mechanism does not keep them. */
  takeOutput(): Uint8Array[];
  /**
   * Protects a batch of encoded frames, `size` octets in all; a frame may be cut anywhere between pieces. Returns
   * octets to write, freshly made. The pieces may be overwritten after the call. Only when `ready`, not transparent
   * and `canSend`.
   */
  seal(frames: readonly Uint8Array[], size: number, now: number): Uint8Array[];
  /**
   * What was sealed is on its way: while the peer looks at it there is time for what the next records will need, whatever
   * they hold. Absent: nothing.
   */
  prepare?(): void;
  /** The deadline has passed. */
  onDeadline(now: number): void;
  /** We are about to close in good order: queues an authenticated goodbye where the mechanism has one. */
  close(now: number): void;
  /** The transport ended. Throws {@link PeerError} when the mechanism can tell that this was a truncation. */
  end(): void;
  /** Overwrites secrets. No other call follows. */
  dispose(): void;
}

/** Makes one mechanism object for each connection of a socket, and holds what those share. */
export interface MechanismFactory {
  readonly name: string;
  /** For the `securityMechanism` option: null for NULL, else the lower-case name. */
  readonly optionName: string | null;
  /**
   * True when the peer's ERROR proves nothing, so that the connecting side comes back, with growing pauses. Otherwise
   * it does not come back with the same credentials (RFC 37).
   */
  readonly errorIsHint?: boolean;
  /**
   * False when binding or connecting inproc, where no mechanism runs, is refused rather than left unprotected. NULL and
   * PLAIN let it pass, as libzmq does.
   */
  readonly securesInproc?: false;
  create(): Mechanism;
}
