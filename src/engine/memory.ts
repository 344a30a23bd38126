/** Memory that the engines of one context share. */
import { REGION } from "../wire/frame-batch.ts";
import { MemoryPool } from "../wire/memory-pool.ts";

/** Octets of the largest record that a mechanism may ask for: 256 KiB of plaintext, and what surrounds it. */
const RECORD = 262_144 + 64;

/** See the head of this file. */
export class EngineMemory {
  /**
   * Frees memory that nobody will look at again, now instead of at some garbage collection; views of it are empty
   * afterwards. What is not worth it is left alone.
   */
  readonly free: (bytes: Uint8Array) => void;
  /** For batches on their way out. */
  readonly regions = new MemoryPool(REGION, 16);
  /** For records that did not come in one piece. */
  readonly records = new MemoryPool(RECORD, 4);

  /** Without `free` everything is left to the garbage collector. */
  constructor(free: (bytes: Uint8Array) => void = () => {}) {
    this.free = free;
  }
}
