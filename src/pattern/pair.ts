/** PAIR (RFC 31): one peer at a time; blocks while it is absent or full; never discards. */
import { FairQueue } from "../pipe/fair-queue.ts";
import type { Pipe } from "../pipe/pipe.ts";
import type { Message } from "../wire/message.ts";
import { PatternBase } from "./base.ts";

/** See the head of this file. */
export class Pair extends PatternBase {
  readonly type = "PAIR";
  override readonly intercept = null;
  #peer: Pipe | null = null;
  // More than the one pipe only while a former peer's messages wait to be read.
  readonly #incoming = new FairQueue();

  override get readable(): boolean {
    return this.#incoming.readable;
  }

  override get writable(): boolean {
    return this.#peer?.writable ?? false;
  }

  /** Seats the pipe if the seat is free. */
  override attach(pipe: Pipe): boolean {
    if (this.#peer === null) {
      this.#peer = pipe;
      this.host.onWritable();
    }
    return this.#peer === pipe;
  }

  /** A pipe that was refused before may sit down now; libzmq leaves it dead for ever. */
  override connected(pipe: Pipe): boolean {
    return this.attach(pipe);
  }

  override detach(pipe: Pipe): void {
    if (this.#peer === pipe) this.#peer = null;
  }

  override send(message: Message): boolean {
    return this.#peer?.write(message) ?? false;
  }

  override receive(): Message | undefined {
    return this.#incoming.next()?.read();
  }

  override onReadable(pipe: Pipe): void {
    this.#incoming.add(pipe);
    this.host.onReadable();
  }

  override onWritable(pipe: Pipe): void {
    if (this.#peer === pipe) this.host.onWritable();
  }
}
