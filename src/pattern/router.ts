/**
 * ROUTER (RFC 28): each peer has a routing id. A received message has its peer's id as an additional first frame; the
 * first frame of a message to send names the peer, and stays here.
 *
 * The id is the one assigned at connect(), or else the peer's own (property `Identity`), or else an automatic one: an
 * octet 00, which no peer may choose, and a counter. A pipe keeps its id for good, also from connection to connection.
 */
import { UsageError } from "../errors.ts";
import { FairQueue } from "../pipe/fair-queue.ts";
import type { Pipe } from "../pipe/pipe.ts";
import { inPlaceOf, type Message } from "../wire/message.ts";
import { PatternBase } from "./base.ts";

/** See the head of this file. */
export class Router extends PatternBase {
  readonly type = "ROUTER";
  override readonly intercept = null;
  readonly #incoming = new FairQueue();
  /** By routing id as a latin1 string. */
  readonly #peers = new Map<string, Pipe>();
  /** Who each pipe's peer was, by what the mechanism proved: an id stays with one identity (spec, "Routing ids"). */
  readonly #identities = new WeakMap<Pipe, unknown>();
  #lastAutomaticId = 0;

  override get readable(): boolean {
    return this.#incoming.readable;
  }

  override get writable(): boolean {
    if (!this.settings.mandatory) return true;
    for (const pipe of this.#peers.values()) if (pipe.writable) return true;
    return false;
  }

  /** A pipe with an assigned `routingId` can be sent to at once; others when they are connected. False: id in use. */
  override attach(pipe: Pipe): boolean {
    if (pipe.routingId === null) return true;
    const key = keyOf(pipe.routingId);
    if (this.#peers.has(key)) return this.#peers.get(key) === pipe;
    this.#peers.set(key, pipe);
    this.host.onWritable();
    return true;
  }

  /**
   * False: the id is in use, and `handover` is off or the holder is somebody else; or messages wait in this pipe for
   * another than its new peer. Who is turned away may come again when the id is free; libzmq keeps such a connection
   * open and never serves it.
   */
  override connected(pipe: Pipe): boolean {
    const id = pipe.routingId ?? this.#idOf(pipe);
    const key = keyOf(id);
    const holder = this.#peers.get(key);
    const identity = pipe.peer!.facts?.["peer"] ?? null;
    if (holder !== undefined && this.#identities.has(holder) && this.#identities.get(holder) !== identity) {
      if (holder !== pipe || pipe.outboundLength > 0) return false;
    }
    if (holder !== undefined && holder !== pipe && !this.settings.handover) return false;
    this.#identities.set(pipe, identity);
    pipe.routingId = id;
    this.#peers.set(key, pipe);
    if (holder !== pipe) holder?.terminate();
    this.probe(pipe);
    this.host.onWritable();
    return true;
  }

  override detach(pipe: Pipe): void {
    if (pipe.routingId === null) return;
    const key = keyOf(pipe.routingId);
    if (this.#peers.get(key) !== pipe) return;
    this.#peers.delete(key);
    // A mandatory send that waits for this peer's room has its answer now.
    this.host.onWritable();
  }

  /**
   * A message that is nothing but an id is dropped, as are those to unknown or full peers. With `mandatory` an unknown
   * peer throws EHOSTUNREACH and a full one gives false.
   */
  override send(message: Message): boolean {
    if (message.length < 2) return true;
    const pipe = this.#peers.get(keyOf(message[0]!));
    if (pipe === undefined) {
      if (this.settings.mandatory) throw new UsageError("EHOSTUNREACH");
      return true;
    }
    return pipe.write(message.slice(1)) || !this.settings.mandatory;
  }

  override receive(): Message | undefined {
    const pipe = this.#incoming.next();
    if (pipe === undefined) return undefined;
    const message = pipe.read()!;
    return inPlaceOf(message, [pipe.routingId!, ...message]);
  }

  override onReadable(pipe: Pipe): void {
    this.#incoming.add(pipe);
    this.host.onReadable();
  }

  override onWritable(_pipe: Pipe): void {
    this.host.onWritable();
  }

  /** RFC 37: an Identity is 1 to 255 octets and does not begin with 00. Anything else counts as none. */
  #idOf(pipe: Pipe): Buffer {
    const own = pipe.peer!.routingId;
    if (own.length >= 1 && own.length <= 255 && own[0] !== 0) return own;
    const id = Buffer.alloc(5);
    do {
      this.#lastAutomaticId = (this.#lastAutomaticId + 1) >>> 0;
      id.writeUInt32BE(this.#lastAutomaticId, 1);
    } while (this.#peers.has(keyOf(id)));
    return id;
  }
}

function keyOf(routingId: Buffer): string {
  return routingId.toString("latin1");
}
