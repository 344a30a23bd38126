/**
 * A socket pattern: which peer a message goes to and which peer the next one comes from. One file each, one class
 * each, composed of the parts in `pipe/`. To add a socket type: write its class here, name it in `create.ts`.
 */
import type { Pipe, PipeOwner } from "../pipe/pipe.ts";
import type { Message } from "../wire/message.ts";
import type { SocketType } from "../wire/socket-type.ts";

/** What a pattern tells its socket. Calls may come from within any method of the pattern, so they must be cheap. */
export interface PatternHost {
  /** `receive()` may succeed now. */
  onReadable(): void;
  /** `send()` may succeed now. */
  onWritable(): void;
}

/** Options that patterns read while they run. One record a socket, changed in place by its options. */
export interface PatternSettings {
  /** Our own routing id (ZMQ_ROUTING_ID), null for none. */
  routingId: Buffer | null;
  /** ROUTER: an unknown or full peer is an error, not a drop (ZMQ_ROUTER_MANDATORY). */
  mandatory: boolean;
  /** ROUTER: a newcomer takes over a routing id in use (ZMQ_ROUTER_HANDOVER). */
  handover: boolean;
  /** ROUTER, DEALER, REQ: send an empty message to each new peer (ZMQ_PROBE_ROUTER). */
  probeRouter: boolean;
  /** REQ: match replies to requests by number (ZMQ_REQ_CORRELATE). */
  correlate: boolean;
  /** REQ: a new request may be sent before the reply (ZMQ_REQ_RELAXED). */
  relaxed: boolean;
  /** XPUB: which repeats the application sees (ZMQ_XPUB_VERBOSE, ZMQ_XPUB_VERBOSER). */
  verbosity: null | "allSubs" | "allSubsUnsubs";
  /** PUB, XPUB: a full subscriber blocks the sender instead of losing messages (ZMQ_XPUB_NODROP). */
  noDrop: boolean;
  /** XPUB: the application decides on subscriptions (ZMQ_XPUB_MANUAL). */
  manual: boolean;
  /** XPUB: sent to each new subscriber first (ZMQ_XPUB_WELCOME_MSG); null for none. */
  welcomeMessage: Buffer | null;
  /** PUB, XPUB, SUB: deliver what does not match (ZMQ_INVERT_MATCHING). */
  invertMatching: boolean;
  /** PUB, XPUB: most topics one peer may hold. More than this or the next two closes its connection. */
  maxSubscriptions: number;
  /** Octets of the longest topic. */
  maxTopicLength: number;
  /** Octets of all topics of one peer together. */
  maxTopicOctets: number;
}

/** libzmq's defaults. */
export function defaultPatternSettings(): PatternSettings {
  return {
    routingId: null,
    mandatory: false,
    handover: false,
    probeRouter: false,
    correlate: false,
    relaxed: false,
    verbosity: null,
    noDrop: false,
    manual: false,
    welcomeMessage: null,
    invertMatching: false,
    maxSubscriptions: 1_000_000,
    maxTopicLength: 65_536,
    maxTopicOctets: 67_108_864,
  };
}

/** See the head of this file. Methods never call back into user code. */
export interface Pattern extends PipeOwner {
  readonly type: SocketType;
  /** True when `receive()` would return a message. */
  readonly readable: boolean;
  /** True when `send()` would not return false (libzmq's ZMQ_POLLOUT). */
  readonly writable: boolean;

  /**
   * A pipe begins: on the connecting side at `connect()`, before there is a peer; on the bound side after the
   * handshake. False refuses it, and the connection is closed: a second peer of a PAIR, a routing id in use. A pipe
   * that was refused on the connecting side may still be `connected` later, when there is a place for it.
   */
  attach(pipe: Pipe): boolean;
  /**
   * A handshake succeeded; `pipe.peer` is set and `pipe.connected` true. Follows every `attach` on the bound side and
   * each (re)connect on the other, and is followed by {@link Pipe.flush}. False refuses the peer, and the connection
   * is closed.
   */
  connected(pipe: Pipe): boolean;
  /** The connection of a pipe that stays (connecting side) is lost; it may be `connected` again. */
  disconnected(pipe: Pipe): void;
  /** The pipe is over: nothing more is written to it. What it still holds inbound stays readable until drained. */
  detach(pipe: Pipe): void;
  /**
   * Sends a message of one or more frames, which the pattern may keep but not change. False when no peer can take it
   * now; `onWritable` follows. Throws {@link UsageError}: EFSM out of turn, EHOSTUNREACH for a mandatory ROUTER,
   * EINVAL for a message this type cannot send, ENOTSUP where the type does not send.
   */
  send(message: Message): boolean;
  /**
   * The next message by fair queueing, or undefined. Throws {@link UsageError}: EFSM out of turn, ENOTSUP where the
   * type does not receive.
   */
  receive(): Message | undefined;
}
