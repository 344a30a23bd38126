/** Blocks of memory of one size that many connections use in turn, so that memory follows activity, not their number. */

/** See the head of this file. Blocks hold what their last user left in them. */
export class MemoryPool {
  /** Octets of a block. */
  readonly size: number;
  readonly #keep: number;
  readonly #free: Buffer[] = [];

  /** Keeps at most `keep` blocks that nobody uses. */
  constructor(size: number, keep: number) {
    this.size = size;
    this.#keep = keep;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.size);
  }

  give(block: Buffer): void {
    if (this.#free.length < this.#keep) this.#free.push(block);
  }
}
