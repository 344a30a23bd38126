/** Chunks of octets that wait to be decoded, oldest first. Short ones are joined: each alone costs a hundred times its octets. */
import { Queue } from "../bytes/queue.ts";

/** Chunks from this size on wait as they are. */
const LONG = 4096;
/** Short ones are joined in pieces of memory of this size. */
const JOINED = 8192;
const EMPTY = Buffer.alloc(0);

/** See the head of this file. */
export class ChunkQueue {
  readonly #chunks = new Queue<Buffer>();
  #queued = 0;
  /** Short chunks behind those, joined. */
  #tail: Buffer = EMPTY;
  #joined = 0;

  /** Octets that wait. */
  get size(): number {
    return this.#queued + this.#joined;
  }

  /** Adds a chunk, which becomes the queue's unless it is `borrowed`. */
  push(chunk: Buffer, borrowed: boolean): void {
    if (chunk.length >= LONG) {
      this.#endTail();
      this.#enqueue(borrowed ? Buffer.from(chunk) : chunk);
      return;
    }
    if (this.#joined + chunk.length > this.#tail.length) {
      this.#endTail();
      this.#tail = Buffer.allocUnsafeSlow(JOINED);
    }
    this.#joined += chunk.copy(this.#tail, this.#joined);
  }

  /** The oldest octets, or `undefined`. */
  shift(): Buffer | undefined {
    if (this.#chunks.length === 0) this.#endTail();
    const chunk = this.#chunks.shift();
    this.#queued -= chunk?.length ?? 0;
    return chunk;
  }

  /** What was joined takes its place among the others. */
  #endTail(): void {
    if (this.#joined > 0) this.#enqueue(this.#tail.subarray(0, this.#joined));
    this.#tail = EMPTY;
    this.#joined = 0;
  }

  #enqueue(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#queued += chunk.length;
  }
}
