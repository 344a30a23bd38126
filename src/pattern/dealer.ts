/** DEALER (RFC 28): sends to its peers in turn, receives from them by fair queueing, changes nothing. */
import { FairQueue } from "../pipe/fair-queue.ts";
import { LoadBalancer } from "../pipe/load-balance.ts";
import type { Pipe } from "../pipe/pipe.ts";
import type { Message } from "../wire/message.ts";
import { PatternBase } from "./base.ts";

/** See the head of this file. */
export class Dealer extends PatternBase {
  readonly type = "DEALER";
  override readonly intercept = null;
  readonly #peers = new LoadBalancer();
  readonly #incoming = new FairQueue();

  override get readable(): boolean {
    return this.#incoming.readable;
  }

  override get writable(): boolean {
    return this.#peers.writable;
  }

  override attach(pipe: Pipe): boolean {
    this.#peers.attach(pipe);
    if (!pipe.connected) this.host.onWritable();
    return true;
  }

  override connected(pipe: Pipe): boolean {
    this.probe(pipe);
    this.host.onWritable();
    return true;
  }

  override detach(pipe: Pipe): void {
    this.#peers.detach(pipe);
  }

  override send(message: Message): boolean {
    return this.#peers.next()?.write(message) ?? false;
  }

  override receive(): Message | undefined {
    return this.#incoming.next()?.read();
  }

  override onReadable(pipe: Pipe): void {
    this.#incoming.add(pipe);
    this.host.onReadable();
  }

  override onWritable(pipe: Pipe): void {
    this.#peers.activate(pipe);
    this.host.onWritable();
  }
}
