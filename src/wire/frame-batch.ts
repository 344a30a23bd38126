/**
 * Frames on their way out are collected here and written many at once: one write to the kernel, or one AEAD call, for
 * hundreds of small messages. Small bodies are copied behind their header; large ones are referenced and never joined.
 */

import { MAX_HEADER, MORE, writeHeader } from "./frame.ts";
import type { MemoryPool } from "./memory-pool.ts";
import type { Message } from "./message.ts";

/** Bodies up to this size are copied into the batch: below it a copy costs less than one more piece to write. */
const COPY = 16_384;
/** First region of a batch; most batches of an idle or request-reply connection fit. */
const SMALL = 2048;
/** Size that further regions have at least: it holds a frame of {@link COPY} octets. */
export const REGION = 65_536;
const EMPTY = Buffer.alloc(0);

/** See the head of this file. */
export class FrameBatch {
  /** Octets collected. */
  size = 0;
  readonly #pool: MemoryPool;
  #small: Buffer | null = null;
  #region: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  #pieces: Buffer[] = [];
  /** Regions lent by the pool for what was collected or taken last. */
  #lent: Buffer[] = [];
  /** Those of them that the kernel may still read. */
  #away: Buffer[] = [];

  /** `pool` lends regions, each of {@link REGION} octets or more. */
  constructor(pool: MemoryPool) {
    this.#pool = pool;
  }

  /** Appends the frames of a message. Frames that are not copied must not change until they are written. */
  message(message: Message): void {
    const last = message.length - 1;
    for (let i = 0; i < last; i++) this.frame(MORE, message[i]!);
    this.frame(0, message[last]!);
  }

  /** Appends one frame. */
  frame(flags: number, body: Uint8Array): void {
    const length = body.length;
    if (length > COPY) {
      this.#room(MAX_HEADER);
      const begin = this.#end;
      this.#end = writeHeader(this.#region, begin, flags, length);
      this.#cut();
      this.#pieces.push(body as Buffer);
      this.size += length + this.#end - begin;
      return;
    }
    this.#room(MAX_HEADER + length);
    const region = this.#region;
    const begin = this.#end;
    let at = begin;
    if (length <= 0xff) {
      region[at++] = flags;
      region[at++] = length;
    } else {
      at = writeHeader(region, at, flags, length);
    }
    region.set(body, at);
    this.#end = at + length;
    this.size += this.#end - begin;
  }

  /** Appends a frame that is encoded already, such as a command. */
  encoded(frame: Uint8Array): void {
    const length = frame.length;
    this.size += length;
    if (length > COPY) {
      this.#cut();
      this.#pieces.push(frame as Buffer);
      return;
    }
    this.#room(length);
    this.#region.set(frame, this.#end);
    this.#end += length;
  }

  /**
   * Takes out what was collected first, at most `limit` octets, as pieces to write in order. Until `recycle`, or after
   * `abandon` until `drained`, they stay as they are.
   */
  take(limit = Number.POSITIVE_INFINITY): Buffer[] {
    this.#cut();
    if (this.size > limit) return this.#takeSome(limit);
    const pieces = this.#pieces;
    this.#pieces = [];
    this.size = 0;
    return pieces;
  }

  #takeSome(limit: number): Buffer[] {
    const pieces = this.#pieces;
    let left = limit;
    let whole = 0;
    while (pieces[whole]!.length <= left) left -= pieces[whole++]!.length;
    const taken = pieces.splice(0, whole);
    if (left > 0) {
      taken.push(pieces[0]!.subarray(0, left));
      pieces[0] = pieces[0]!.subarray(left);
    }
    this.size -= limit;
    return taken;
  }

  /** What was taken has been written or copied: its memory may be used again, once nothing else is collected. */
  recycle(): void {
    if (this.size > 0) return;
    for (const region of this.#lent) this.#pool.give(region);
    this.#lent.length = 0;
    this.#region = this.#small ?? EMPTY;
    this.#start = 0;
    this.#end = 0;
  }

  /** What was taken is still being read by the kernel: leaves its memory alone until `drained`. */
  abandon(): void {
    this.#away.push(...this.#lent);
    this.#lent.length = 0;
    this.#small = null;
    this.#region = EMPTY;
    this.#start = 0;
    this.#end = 0;
  }

  /** All that was taken has been written. */
  drained(): void {
    for (const region of this.#away) this.#pool.give(region);
    this.#away.length = 0;
  }

  #room(needed: number): void {
    if (this.#end + needed <= this.#region.length) return;
    this.#cut();
    if (this.#small === null && needed <= SMALL) {
      this.#small = Buffer.allocUnsafeSlow(SMALL);
      this.#region = this.#small;
    } else {
      this.#region = this.#pool.take();
      this.#lent.push(this.#region);
    }
    this.#start = 0;
    this.#end = 0;
  }

  #cut(): void {
    if (this.#end === this.#start) return;
    this.#pieces.push(this.#region.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}
