/** The socket types, as zeromq.js names them. */
// biome-ignore-all lint/suspicious/noUnsafeDeclarationMerging: the members exist: send and receive are inherited, and the accessors of options are defined below
import { requireNumber } from "./arguments.ts";
import type { Context } from "./context.ts";
import { UsageError } from "./errors.ts";
import type { OperationOptions } from "./operation.ts";
import { defineOption } from "./option-accessors.ts";
import { OPTION, OPTIONS } from "./option-table.ts";
import type { MessageLike } from "./outgoing.ts";
import { Socket } from "./socket.ts";
import { CORE } from "./socket-core.ts";
import { SOCKET_TYPE_NUMBER, type SocketType } from "./wire/socket-type.ts";

/** One frame of a received message. Other messages may lie in its `buffer`: never transfer that. */
export type Message = Buffer;

/** Sockets that send. `M` is what they accept, `O` are further arguments of `send`. */
export interface Writable<
  M extends MessageLike | MessageLike[] = MessageLike | MessageLike[],
  O extends unknown[] = [options?: OperationOptions],
> {
  /** Kept and read back (ZMQ_MULTICAST_HOPS). */
  multicastHops: number;
  /** Kept and read back (ZMQ_SNDBUF). */
  sendBufferSize: number;
  /** Messages that may wait for one peer; 0 no limit. Effective at once (ZMQ_SNDHWM). */
  sendHighWaterMark: number;
  /** How long `send` waits, in milliseconds; -1 for ever, 0 not at all. Effective at once (ZMQ_SNDTIMEO). */
  sendTimeout: number;
  /**
   * Resolves when the message is queued for a peer. Buffers of up to 128 octets may be reused then; longer ones belong
   * to the socket. One send may be pending: another throws EBUSY. Rejects with EAGAIN after `sendTimeout` or `close`,
   * EHOSTUNREACH, EFSM.
   */
  send(message: M, ...options: O): Promise<void>;
}

/** Sockets that receive. `M` are the frames of a message. */
export interface Readable<M extends object[] = Message[]> {
  /** Kept and read back (ZMQ_RCVBUF). */
  receiveBufferSize: number;
  /** Messages of one peer that may wait to be received; 0 no limit. Effective at once (ZMQ_RCVHWM). */
  receiveHighWaterMark: number;
  /** How long `receive` waits, in milliseconds; -1 for ever, 0 not at all. Effective at once (ZMQ_RCVTIMEO). */
  receiveTimeout: number;
  /**
   * Resolves with the next message. One receive may be pending: another throws EBUSY. Rejects with EAGAIN after
   * `receiveTimeout` or `close`, EFSM.
   */
  receive(options?: OperationOptions): Promise<M>;
  /** Messages until the socket is closed. */
  [Symbol.asyncIterator](): AsyncIterator<M, undefined>;
}

/** libzmq's number for {@link Stream}, which no ZMTP socket type has. */
const STREAM = 11;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type SettableKeys<T> = {
  [K in keyof T]-?: T[K] extends (...args: never[]) => unknown
    ? never
    : Same<Pick<T, K>, Readonly<Pick<T, K>>> extends true
      ? never
      : K;
}[keyof T];

/** What a constructor of socket `S` accepts: its settable properties, and its context. */
export type SocketOptions<S extends Socket> = { [K in SettableKeys<S>]?: S[K] } & { context?: Context };

/** One peer (RFC 31). */
export class Pair extends Socket {
  constructor(options?: SocketOptions<Pair>) {
    super(SOCKET_TYPE_NUMBER.PAIR, options);
  }
}
export interface Pair extends Writable, Readable {}

/** Sends to all subscribers whose topics match (RFC 29). */
export class Publisher extends Socket {
  /** A full subscriber blocks `send` instead of losing the message (ZMQ_XPUB_NODROP). */
  declare noDrop: boolean;
  /** Keep only the newest message (ZMQ_CONFLATE). */
  declare conflate: boolean;
  /** Deliver what does not match; the subscribers must agree (ZMQ_INVERT_MATCHING). */
  declare invertMatching: boolean;
  /** Topics that one subscriber may hold; more end its connection. Default 1 000 000; libzmq has no such limit. */
  declare maxSubscriptions: number;
  /** Octets of the longest topic that a subscriber may name; default 65 536. */
  declare maxTopicLength: number;

  constructor(options?: SocketOptions<Publisher>) {
    super(SOCKET_TYPE_NUMBER.PUB, options);
  }
}
export interface Publisher extends Writable {}

/** Receives what publishers send on its topics (RFC 29). */
export class Subscriber extends Socket {
  /** Keep only the newest message (ZMQ_CONFLATE). */
  declare conflate: boolean;
  /** Deliver what does not match; the publisher must agree (ZMQ_INVERT_MATCHING). */
  declare invertMatching: boolean;

  constructor(options?: SocketOptions<Subscriber>) {
    super(SOCKET_TYPE_NUMBER.SUB, options);
  }

  /** Asks for messages that begin with any of `prefixes`, or for all. */
  subscribe(...prefixes: (Buffer | string)[]): void {
    this.#change(OPTION.subscribe, prefixes);
  }

  /** Takes back one `subscribe` of each prefix, or of everything. */
  unsubscribe(...prefixes: (Buffer | string)[]): void {
    this.#change(OPTION.unsubscribe, prefixes);
  }

  #change(option: number, prefixes: (Buffer | string)[]): void {
    for (const prefix of prefixes.length === 0 ? [null] : prefixes) this.setStringOption(option, prefix);
  }
}
export interface Subscriber extends Readable {}

/** Sends a request, then receives its reply, in turns (RFC 28). */
export class Request extends Socket {
  /** 1 to 255 octets (ZMQ_ROUTING_ID). */
  declare routingId: string | null;
  /** Send an empty message to each new peer (ZMQ_PROBE_ROUTER). */
  declare probeRouter: boolean;
  /** Number the requests, and take only the reply with the same number (ZMQ_REQ_CORRELATE). */
  declare correlate: boolean;
  /** Allow a new request before the reply (ZMQ_REQ_RELAXED). */
  declare relaxed: boolean;

  constructor(options?: SocketOptions<Request>) {
    super(SOCKET_TYPE_NUMBER.REQ, options);
  }
}
export interface Request extends Readable, Writable {}

/** Receives a request, then sends its reply, in turns (RFC 28). */
export class Reply extends Socket {
  /** 1 to 255 octets (ZMQ_ROUTING_ID). */
  declare routingId: string | null;

  constructor(options?: SocketOptions<Reply>) {
    super(SOCKET_TYPE_NUMBER.REP, options);
  }
}
export interface Reply extends Readable, Writable {}

/** Sends to its peers in turn and receives from all of them (RFC 28). */
export class Dealer extends Socket {
  /** 1 to 255 octets (ZMQ_ROUTING_ID). */
  declare routingId: string | null;
  /** Send an empty message to each new peer (ZMQ_PROBE_ROUTER). */
  declare probeRouter: boolean;
  /** Keep only the newest message (ZMQ_CONFLATE). */
  declare conflate: boolean;

  constructor(options?: SocketOptions<Dealer>) {
    super(SOCKET_TYPE_NUMBER.DEALER, options);
  }
}
export interface Dealer extends Readable, Writable {}

/** Further options of `connect`. */
export interface RouterConnectOptions {
  /** The routing id by which we shall address that peer. */
  routingId?: string;
}

/** Receives with the sender's routing id in front, and sends to the peer that the first frame names (RFC 28). */
export class Router extends Socket {
  /** 1 to 255 octets (ZMQ_ROUTING_ID). */
  declare routingId: string | null;
  /** An unknown peer rejects `send` with EHOSTUNREACH; else the message is dropped (ZMQ_ROUTER_MANDATORY). */
  declare mandatory: boolean;
  /** Send an empty message to each new peer (ZMQ_PROBE_ROUTER). */
  declare probeRouter: boolean;
  /** A new peer takes over a routing id in use; else it is refused (ZMQ_ROUTER_HANDOVER). */
  declare handover: boolean;

  constructor(options?: SocketOptions<Router>) {
    super(SOCKET_TYPE_NUMBER.ROUTER, options);
  }

  override connect(address: string, options: RouterConnectOptions = {}): void {
    if (options.routingId) this.setStringOption(OPTION.connectRoutingId, options.routingId);
    super.connect(address);
  }
}
export interface Router extends Readable, Writable {}

/** Receives from all its peers (RFC 30). */
export class Pull extends Socket {
  /** Keep only the newest message (ZMQ_CONFLATE). */
  declare conflate: boolean;

  constructor(options?: SocketOptions<Pull>) {
    super(SOCKET_TYPE_NUMBER.PULL, options);
  }
}
export interface Pull extends Readable {}

/** Sends to its peers in turn (RFC 30). */
export class Push extends Socket {
  /** Keep only the newest message (ZMQ_CONFLATE). */
  declare conflate: boolean;

  constructor(options?: SocketOptions<Push>) {
    super(SOCKET_TYPE_NUMBER.PUSH, options);
  }
}
export interface Push extends Writable {}

/** A {@link Publisher} that receives its subscribers' subscriptions as messages: 01 or 00, then the topic (RFC 29). */
export class XPublisher extends Socket {
  /** A full subscriber blocks `send` instead of losing the message (ZMQ_XPUB_NODROP). */
  declare noDrop: boolean;
  /** Leave it to the application to subscribe its peers (ZMQ_XPUB_MANUAL). */
  declare manual: boolean;
  /** Sent first to each new subscriber (ZMQ_XPUB_WELCOME_MSG). */
  declare welcomeMessage: string | null;
  /** Deliver what does not match; the subscribers must agree (ZMQ_INVERT_MATCHING). */
  declare invertMatching: boolean;
  /** Topics that one subscriber may hold; more end its connection. Default 1 000 000; libzmq has no such limit. */
  declare maxSubscriptions: number;
  /** Octets of the longest topic that a subscriber may name; default 65 536. */
  declare maxTopicLength: number;

  constructor(options?: SocketOptions<XPublisher>) {
    super(SOCKET_TYPE_NUMBER.XPUB, options);
  }

  /** Receive repeated subscriptions too, or repeated cancellations as well (ZMQ_XPUB_VERBOSE, ZMQ_XPUB_VERBOSER). */
  set verbosity(value: null | "allSubs" | "allSubsUnsubs") {
    const option = value === "allSubsUnsubs" ? OPTION.verboser : OPTION.verbose;
    this.setBoolOption(option, value === "allSubs" || value === "allSubsUnsubs");
  }
}
export interface XPublisher extends Readable, Writable {}

/** A {@link Subscriber} that subscribes by sending messages: 01 or 00, then the topic (RFC 29). */
export class XSubscriber extends Socket {
  constructor(options?: SocketOptions<XSubscriber>) {
    super(SOCKET_TYPE_NUMBER.XSUB, options);
  }
}
export interface XSubscriber extends Readable, Writable {}

/** Further options of `connect`. */
export interface StreamConnectOptions {
  routingId?: string;
}

/** Plain TCP without framing. Not supported: making one throws ENOTSUP. */
export class Stream extends Socket {
  /** Receive an empty message when a peer comes or goes (ZMQ_STREAM_NOTIFY). */
  declare notify: boolean;

  constructor(options?: SocketOptions<Stream>) {
    super(STREAM, options);
  }

  override connect(address: string, options: StreamConnectOptions = {}): void {
    if (options.routingId) this.setStringOption(OPTION.connectRoutingId, options.routingId);
    super.connect(address);
  }
}
export interface Stream extends Readable<[Message, Message]>, Writable<[MessageLike, MessageLike]> {}

const CLASSES: Readonly<Record<SocketType, { readonly prototype: Socket }>> = {
  PAIR: Pair,
  PUB: Publisher,
  SUB: Subscriber,
  REQ: Request,
  REP: Reply,
  DEALER: Dealer,
  ROUTER: Router,
  PULL: Pull,
  PUSH: Push,
  XPUB: XPublisher,
  XSUB: XSubscriber,
};

for (const row of OPTIONS) {
  if (row.types === "all" || row.name === "") continue;
  for (const type of row.types)
    defineOption(CLASSES[type].prototype, CLASSES[type].prototype.constructor.name, row);
}

/** What zeromq.js has no option for: bounds on what strangers may subscribe to. Effective at once. */
for (const { prototype } of [Publisher, XPublisher]) {
  for (const name of ["maxSubscriptions", "maxTopicLength"] as const) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      get(this: Socket): number {
        return this[CORE].options.patternSettings[name];
      },
      set(this: Socket, value: unknown) {
        requireNumber(value);
        if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff) throw new UsageError("EINVAL");
        this[CORE].options.patternSettings[name] = value;
      },
    });
  }
}
