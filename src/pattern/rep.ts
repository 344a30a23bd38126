/**
 * REP (RFC 28): a request by fair queueing, then its reply to the same peer, then the next request.
 *
 * The envelope of a request is everything up to and including its first empty frame; it goes out again before the
 * reply. A reply whose peer has gone or is full is dropped: REP never blocks.
 */
import { UsageError } from "../errors.ts";
import { FairQueue } from "../pipe/fair-queue.ts";
import type { Pipe } from "../pipe/pipe.ts";
import { inPlaceOf, type Message } from "../wire/message.ts";
import { PatternBase } from "./base.ts";

/** See the head of this file. */
export class Rep extends PatternBase {
  readonly type = "REP";
  override readonly intercept = isMalformed;
  readonly #incoming = new FairQueue();
  readonly #peers = new Set<Pipe>();
  /** The request that was read and not answered yet. */
  #request: { readonly peer: Pipe; readonly envelope: Message } | null = null;

  override get readable(): boolean {
    return this.#request === null && this.#incoming.readable;
  }

  override get writable(): boolean {
    return this.#request !== null;
  }

  override attach(pipe: Pipe): boolean {
    this.#peers.add(pipe);
    return true;
  }

  override detach(pipe: Pipe): void {
    this.#peers.delete(pipe);
  }

  override receive(): Message | undefined {
    if (this.#request !== null) throw new UsageError("EFSM");
    const peer = this.#incoming.next();
    if (peer === undefined) return undefined;
    const message = peer.read()!;
    const bodyStart = delimiterOf(message) + 1;
    this.#request = { peer, envelope: message.slice(0, bodyStart) };
    this.host.onWritable();
    return inPlaceOf(message, message.slice(bodyStart));
  }

  override send(message: Message): boolean {
    const request = this.#request;
    if (request === null) throw new UsageError("EFSM");
    this.#request = null;
    if (this.#peers.has(request.peer)) request.peer.write([...request.envelope, ...message]);
    if (this.#incoming.readable) this.host.onReadable();
    return true;
  }

  override onReadable(pipe: Pipe): void {
    this.#incoming.add(pipe);
    if (this.#request === null) this.host.onReadable();
  }
}

/** Index of the first empty frame. The body, and empty frames in it, belong to the application. */
function delimiterOf(message: Message): number {
  return message.findIndex((frame) => frame.length === 0);
}

/** A request needs a delimiter and at least one frame after it; libzmq skips others too. */
function isMalformed(_pipe: Pipe, message: Message): boolean {
  const delimiter = delimiterOf(message);
  return delimiter === -1 || delimiter === message.length - 1;
}
