/** PULL (RFC 30): receives from all peers by fair queueing. */
import { FairQueue } from "../pipe/fair-queue.ts";
import type { Pipe } from "../pipe/pipe.ts";
import type { Message } from "../wire/message.ts";
import { PatternBase } from "./base.ts";

/** See the head of this file. */
export class Pull extends PatternBase {
  readonly type = "PULL";
  override readonly intercept = null;
  readonly #incoming = new FairQueue();

  override get readable(): boolean {
    return this.#incoming.readable;
  }

  override receive(): Message | undefined {
    return this.#incoming.next()?.read();
  }

  override onReadable(pipe: Pipe): void {
    this.#incoming.add(pipe);
    this.host.onReadable();
  }
}
