/** PUSH (RFC 30): hands each message to one peer, in turn; blocks when none has room; never discards. */
import { LoadBalancer } from "../pipe/load-balance.ts";
import type { Pipe } from "../pipe/pipe.ts";
import type { Message } from "../wire/message.ts";
import { PatternBase } from "./base.ts";

/** See the head of this file. */
export class Push extends PatternBase {
  readonly type = "PUSH";
  readonly #peers = new LoadBalancer();

  override get writable(): boolean {
    return this.#peers.writable;
  }

  override attach(pipe: Pipe): boolean {
    this.#peers.attach(pipe);
    this.host.onWritable();
    return true;
  }

  override detach(pipe: Pipe): void {
    this.#peers.detach(pipe);
  }

  override send(message: Message): boolean {
    return this.#peers.next()?.write(message) ?? false;
  }

  override onWritable(pipe: Pipe): void {
    this.#peers.activate(pipe);
    this.host.onWritable();
  }
}
