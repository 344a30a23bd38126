/** Fair queueing: the pipes that hold messages take turns, one message a turn. */
import { Queue } from "../bytes/queue.ts";
import type { Pipe } from "./pipe.ts";

/**
 * A ring of the pipes that hold inbound messages, each of them once. A pipe enters it when it announces itself
 * readable and leaves it when it runs empty, so nothing has to be told when a pipe ends: what it still holds is read
 * in its turn.
 */
export class FairQueue {
  readonly #ready = new Queue<Pipe>();

  /** True when some pipe holds a message. */
  get readable(): boolean {
    return this.#ready.length > 0;
  }

  /** The pipe's inbound queue was empty and is not any more (`PipeOwner.onReadable`). */
  add(pipe: Pipe): void {
    this.#ready.push(pipe);
  }

  /** The pipe whose turn it is, or `undefined`. It holds a message, and the caller must read exactly one. */
  next(): Pipe | undefined {
    const pipe = this.#ready.peek();
    if (pipe === undefined) return undefined;
    const last = pipe.inboundLength === 1;
    if (last || this.#ready.length > 1) {
      this.#ready.shift();
      if (!last) this.#ready.push(pipe);
    }
    return pipe;
  }
}
