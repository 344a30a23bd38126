/**
 * A pipe joins a socket to one peer: a queue out, a queue in. High-water marks are enforced here and nowhere else.
 *
 *     pattern --write()--> [outbound] --take()--> transport        write() is false when the queue is full
 *     pattern <--read()--- [inbound] <--deliver()-- transport      deliver() is false when the queue is full
 *
 * The transport is a connection, or over inproc the other socket's pipe. While it can take messages at once they
 * never enter the outbound queue, so the high-water mark counts only what the transport has not taken. After a
 * refusal room is announced when the queue is half empty, not at every message (libzmq's low-water mark): a writer
 * that is woken for each freed place would spend its time waking up.
 */
import { Queue } from "../bytes/queue.ts";
import type { PeerError } from "../errors.ts";
import { type Message, ownMessage, type PipeItem, SubscriptionChange } from "../wire/message.ts";
import type { Metadata } from "../wire/metadata.ts";

/** What the handshake told about a peer. */
export interface Peer {
  /** Property `Socket-Type`; `""` when the peer sent none, as libzmq allows. */
  readonly socketType: string;
  /** Property `Identity`; empty when the peer has none. */
  readonly routingId: Buffer;
  readonly metadata: Metadata;
  /** What the mechanism negotiated, for people; null for NULL. */
  readonly facts: Readonly<Record<string, unknown>> | null;
}

/** The side of a pipe that carries items to the peer. */
export interface PipeTransport {
  /** Takes one item now, or refuses it with false; then it calls {@link Pipe.flush} once it can take more. */
  take(item: PipeItem): boolean;
  /** The inbound queue has room again after {@link Pipe.deliver} returned false. */
  resume(): void;
  /** The socket wants this peer gone: closes the connection at once, without linger. `cause` is the peer's misdeed, if any. */
  terminate(cause: PeerError | null): void;
}

/** The socket pattern, as a pipe sees it. */
export interface PipeOwner {
  /** The inbound queue was empty and is not any more. */
  onReadable(pipe: Pipe): void;
  /** The pipe accepts writes again after it refused one. */
  onWritable(pipe: Pipe): void;
  /**
   * A subscription of the peer, at once and past the queue. False: no more for now; the owner calls
   * {@link Pipe.resume}.
   */
  onSubscription(pipe: Pipe, change: SubscriptionChange): boolean;
  /** When set, sees each inbound message first and returns true for those it consumed (3.0 subscriptions). */
  readonly intercept: ((pipe: Pipe, message: Message) => boolean) | null;
}

/** Queue limits of a pipe, in messages; 0 is unlimited (ZMQ_SNDHWM, ZMQ_RCVHWM). */
export interface PipeLimits {
  readonly sendHighWaterMark: number;
  readonly receiveHighWaterMark: number;
  /** Keep only the newest message in each direction (ZMQ_CONFLATE). */
  readonly conflate: boolean;
}

/** See the head of this file. */
export class Pipe {
  /** The peer, once a handshake has succeeded; kept when the connection is lost. */
  peer: Peer | null = null;
  /** ROUTER: the id that leads here. Set before `attach` to assign one (ZMQ_CONNECT_ROUTING_ID), else null. */
  routingId: Buffer | null = null;
  /** The last round of matching that found this pipe; see {@link Markable} in `subscription-trie.ts`. */
  mark = 0;

  readonly #outbound = new Queue<PipeItem>();
  readonly #inbound = new Queue<Message>();
  readonly #owner: PipeOwner;
  readonly #conflate: boolean;
  #sendLimit: number;
  #receiveLimit: number;
  #transport: PipeTransport | null = null;
  #full = false;
  #forgotten = false;
  #stalled = false;
  #draining = false;

  constructor(owner: PipeOwner, limits: PipeLimits) {
    this.#owner = owner;
    this.#conflate = limits.conflate;
    this.#sendLimit = this.#limit(limits.sendHighWaterMark);
    this.#receiveLimit = this.#limit(limits.receiveHighWaterMark);
  }

  /** Messages and subscriptions that the transport has not taken yet. */
  get outboundLength(): number {
    return this.#outbound.length;
  }

  /** Messages that wait to be read. */
  get inboundLength(): number {
    return this.#inbound.length;
  }

  /** True while a transport is attached: the peer is there and the handshake is done. */
  get connected(): boolean {
    return this.#transport !== null;
  }

  /** True when {@link Pipe.write} would take a message. */
  get writable(): boolean {
    return !this.#full;
  }

  /** True while the transport must not deliver: the inbound queue is full. A new transport looks at this first. */
  get stalled(): boolean {
    return this.#stalled;
  }

  // The socket's side.

  /** Sends a message, or returns false when the peer's queue is full; then `onWritable` will follow. */
  write(message: Message): boolean {
    if (this.#full) return false;
    if (this.#outbound.length === 0 && this.#transport?.take(message)) return true;
    if (this.#conflate) this.#outbound.clear();
    this.#outbound.push(ownMessage(message));
    // Full already when the next write would exceed the mark, so that `writable` foretells `write()`.
    this.#full = this.#outbound.length >= this.#sendLimit;
    return true;
  }

  /** Sends a message before everything that waits, whatever the high-water mark: a probe, a welcome. */
  writeAhead(message: Message): void {
    if (this.#outbound.length === 0 && this.#transport?.take(message)) return;
    this.#outbound.unshift(message);
  }

  /** Sends a change of subscription, whatever the high-water mark: the user's own topics bound their number. */
  writeSubscription(change: SubscriptionChange): void {
    if (this.#outbound.length === 0 && this.#transport?.take(change)) return;
    this.#outbound.push(change);
  }

  /** The oldest inbound message, or `undefined`. */
  read(): Message | undefined {
    const message = this.#inbound.shift();
    if (this.#stalled && this.#inbound.length <= this.#receiveLimit / 2) this.resume();
    return message;
  }

  /** Lets a stalled transport deliver again. */
  resume(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#transport?.resume();
  }

  /** Ends the connection from the socket's side; `cause` is the peer's misdeed, if any. */
  terminate(cause: PeerError | null = null): void {
    this.#transport?.terminate(cause);
  }

  /** Takes what waits to be sent, oldest first, until `take` refuses one or none is left. */
  drain(take: (item: PipeItem) => boolean): void {
    // A peer over inproc may answer from within `take`: the loop that runs already serves what that adds.
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let item = this.#outbound.peek(); item !== undefined; item = this.#outbound.peek()) {
        if (!take(item)) break;
        if (this.#outbound.peek() === item) this.#outbound.shift();
      }
    } finally {
      this.#draining = false;
    }
    if (this.#outbound.length <= this.#sendLimit / 2) this.#announceRoom();
  }

  /** New limits for an existing pipe (ZMQ_SNDHWM and ZMQ_RCVHWM may change after connect). */
  setLimits(sendHighWaterMark: number, receiveHighWaterMark: number): void {
    this.#sendLimit = this.#limit(sendHighWaterMark);
    this.#receiveLimit = this.#limit(receiveHighWaterMark);
    if (this.#outbound.length >= this.#sendLimit) this.#full = true;
    else this.#announceRoom();
    if (this.#inbound.length <= this.#receiveLimit / 2) this.resume();
  }

  // The transport's side.

  /**
   * A connection is up. What waits goes out with the next {@link Pipe.flush}, due once the pattern has accepted the
   * peer (`Pattern.connected`), so that nothing reaches a refused peer and a probe or welcome goes first.
   */
  attach(transport: PipeTransport, peer: Peer): void {
    this.#transport = transport;
    this.#forgotten = false;
    this.#stalled = this.#inbound.length >= this.#receiveLimit;
    this.peer = peer;
  }

  /**
   * The connection is gone. Items not taken stay queued and more may be written; with `forget` (a bound socket's
   * pipe, ZMQ_IMMEDIATE) they are dropped, and writes are refused until the pipe is attached and flushed again.
   */
  detach(forget: boolean): void {
    this.#transport = null;
    this.#stalled = false;
    if (!forget) return;
    this.#outbound.clear();
    this.#forgotten = true;
    this.#full = true;
  }

  /** Drops queued changes of subscription: after a reconnect the pattern sends its whole set anew. */
  forgetSubscriptions(): void {
    for (let left = this.#outbound.length; left > 0; left--) {
      const item = this.#outbound.shift()!;
      if (!(item instanceof SubscriptionChange)) this.#outbound.push(item);
    }
    if (this.#outbound.length <= this.#sendLimit / 2) this.#announceRoom();
  }

  /** The transport can take items again: hands it what is queued. */
  flush(): void {
    const transport = this.#transport;
    if (transport !== null) this.drain((item) => this.#transport === transport && transport.take(item));
  }

  /**
   * Hands in one item of the peer; it is always kept. False when the queue is now full: deliver no more until
   * {@link PipeTransport.resume}.
   */
  deliver(item: PipeItem): boolean {
    if (item instanceof SubscriptionChange) {
      if (!this.#owner.onSubscription(this, item)) this.#stalled = true;
      return !this.#stalled;
    }
    const intercept = this.#owner.intercept;
    if (intercept?.call(this.#owner, this, item)) return !this.#stalled;
    const wasEmpty = this.#inbound.length === 0;
    if (this.#conflate) this.#inbound.clear();
    this.#inbound.push(item);
    if (wasEmpty) this.#owner.onReadable(this);
    // The owner may have read in onReadable, hence the length once more.
    if (this.#inbound.length >= this.#receiveLimit) this.#stalled = true;
    return !this.#stalled;
  }

  /** Stops the transport after the current item, for an `intercept` that takes no more; {@link Pipe.resume} ends it. */
  stall(): void {
    this.#stalled = true;
  }

  #announceRoom(): void {
    if (!this.#full || this.#forgotten) return;
    this.#full = false;
    this.#owner.onWritable(this);
  }

  /** 0 is unlimited, and ZMQ_CONFLATE keeps one message whatever the marks. */
  #limit(highWaterMark: number): number {
    return highWaterMark === 0 || this.#conflate ? Infinity : highWaterMark;
  }
}
