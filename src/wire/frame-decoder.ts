/**
 * Frames are decoded here: octets in, any way they happen to be cut, frames out one at a time.
 *
 * Memory. A body is memory that nobody writes again, so it can be handed to the user. Small frames are moved, many at
 * once, into slabs of 8 KiB: a 16-octet message that the user keeps pins one slab, not the chunk in which it arrived;
 * frames from 256 octets on share slabs of 64 KiB. A large body is a view of a chunk that the decoder owns; one that came in
 * a borrowed chunk (a read buffer that is used again), or not whole, is assembled in a buffer of its own. Reserved is
 * up to {@link RESERVE} octets, beyond that as much as has really arrived: announcing 8 EiB costs us nothing. Whoever
 * reads from a socket can put the rest of such a body where it belongs ({@link FrameDecoder.space}), without a copy. A
 * transient decoder, whose bodies are only looked at until the next call, assembles in memory that is used again.
 */
import { bufferOver } from "../bytes/as-buffer.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import { checkFrame, LONG, readFrameSize } from "./frame.ts";
import type { MemoryPool } from "./memory-pool.ts";
import type { Message } from "./message.ts";

/** Slab size, and the most memory behind a chunk that is parsed where it lies. */
const SLAB = 8192;
/** Frames from this size on begin no slab of small ones: they share one with their like, are viewed, or assembled. */
const VIEW = 4096;
/** What an announced size may reserve before its octets arrive. */
const RESERVE = 4 * 1024 * 1024;
/** So much room for a body is worth a read of its own. */
const DIRECT = 131_072;
/** Smaller bodies of a transient decoder are not worth a block of the pool. */
const POOLED = 16_384;
/** Slab of frames between `RUN` and half of this: one of 8 KiB, a microsecond, was a quarter of eight frames of 1 KiB. */
const MEDIUM_SLAB = 65_536;
const RUN = 256;
/** So many octets of frames smaller than `VIEW` are worth such a slab. */
const WORTH_A_RUN = 2 * SLAB;
const EMPTY = Buffer.alloc(0);

/** Takes messages. */
export interface MessageSink {
  /** False: no more for now. The message was taken all the same. */
  deliver(message: Message): boolean;
}

/** See the head of this file. After a thrown error the decoder must not be used again. */
export class FrameDecoder {
  /** Flags of the frame that `next` found. */
  flags = 0;
  /** Body of the frame that `next` found; empty again when it finds none. */
  body: Buffer = EMPTY;
  /** How many messages the last `shortMessages` handed out. */
  delivered = 0;
  /** Largest acceptable body in octets; a larger one is refused from its header. May be changed between frames. */
  limit: number;
  /** Where a transient decoder assembles large bodies; null: each in memory of its own. */
  pool: MemoryPool | null = null;
  /** Gets chunks of which nothing is needed any more: their octets were copied to where they belong. */
  free: ((chunk: Uint8Array) => void) | null = null;

  /** The memory being parsed: a slab, or a chunk itself. */
  #window: Buffer = EMPTY;
  #position = 0;
  /** The window's memory: to ask it each time costs as much as the view that is made. */
  #memory: ArrayBufferLike = EMPTY.buffer;
  /** The chunk from which the window was taken, and how much of it the window covers. */
  #chunk: Buffer = EMPTY;
  #taken = 0;
  /** A body that was given out lies in the chunk. */
  #viewed = false;
  /** The chunk is the caller's, to be written again after `release`. */
  #borrowed = false;
  readonly #transient: boolean;
  readonly #waiting = new ChunkQueue();

  /** A frame cut off by the end of the octets so far: its header, as far as it has come ... */
  readonly #header = Buffer.alloc(9);
  #headerLength = 0;
  /** ... and its body, once the size is known. */
  #assembly: Buffer | null = null;
  #assembled = 0;
  #size = 0;
  /** The pool's memory in use: by the body in assembly, or by the last one. */
  #block: Buffer | null = null;

  /** `transient`: bodies are valid only until the next call of any method. */
  constructor(limit: number, transient = false) {
    this.limit = limit;
    this.#transient = transient;
  }

  /** Octets of memory behind what has not been decoded: received, or reserved for the rest of a frame. */
  get held(): number {
    const current = this.#window.length - this.#position + this.#chunk.length - this.#taken;
    return current + this.#waiting.size + (this.#assembly?.length ?? 0);
  }

  /** Stores octets. The chunk belongs to the decoder from now on; a `borrowed` one only until {@link FrameDecoder.release}. */
  push(chunk: Buffer, borrowed = false): void {
    if (chunk.length === 0) return;
    if (this.#spent) {
      this.#chunk = chunk;
      this.#taken = 0;
      this.#viewed = false;
      this.#borrowed = borrowed;
    } else {
      this.#waiting.push(chunk, borrowed);
    }
  }

  /**
   * Where the next octets can be put instead of pushing them: memory reserved for a large body. Null when that does not
   * pay; what is pushed then reserves more. Valid until `push` or `next`; tell {@link FrameDecoder.filled} how many came.
   */
  get space(): Buffer | null {
    if (this.#assembly === null || !this.#spent) return null;
    const end = Math.min(this.#size, this.#assembly.length);
    return end - this.#assembled < DIRECT ? null : this.#assembly.subarray(this.#assembled, end);
  }

  /** So many octets were put into `space`. */
  filled(length: number): void {
    this.#assembled += length;
  }

  /** Nothing is stored but the frame in assembly. */
  get #spent(): boolean {
    return (
      this.#position === this.#window.length && this.#taken === this.#chunk.length && this.#waiting.size === 0
    );
  }

  /** A borrowed chunk is about to be written again: keeps a copy of what has not been decoded. */
  release(): void {
    if (!this.#borrowed) return;
    this.#borrowed = false;
    // The window, slab or not, shows the octets of the chunk before `taken`.
    this.#taken -= this.#window.length - this.#position;
    this.#window = EMPTY;
    this.#memory = EMPTY.buffer;
    this.#position = 0;
    if (this.#transient) this.body = EMPTY;
    this.#chunk = this.#taken < this.#chunk.length ? Buffer.from(this.#chunk.subarray(this.#taken)) : EMPTY;
    this.#taken = 0;
  }

  /**
   * Decodes the next frame into `flags` and `body`; false when more octets are needed.
   * Throws {@link PeerError} `ERR_ZMTP_MALFORMED_FRAME` and `ERR_ZMTP_MESSAGE_TOO_LARGE`.
   */
  next(): boolean {
    for (;;) {
      const window = this.#window;
      const start = this.#position;
      const left = window.length - start;
      if (this.#headerLength > 0 || this.#assembly !== null) {
        const whole = this.#assembly !== null && this.#assembled === this.#size;
        if (left === 0 && !whole && !this.#refill()) return false;
        if (this.#continue()) return true;
        continue;
      }
      // The common case: header and body lie in the window.
      if (left >= 2) {
        const flags = window[start]!;
        if ((flags & LONG) === 0) {
          const end = start + 2 + window[start + 1]!;
          if (end <= window.length) {
            checkFrame(flags, window[start + 1]!, this.limit);
            this.flags = flags;
            this.body = bufferOver(this.#memory, window.byteOffset + start + 2, end - start - 2);
            this.#position = end;
            return true;
          }
        } else if (left >= 9) {
          const size = readFrameSize(window, start + 1);
          checkFrame(flags, size, this.limit);
          const end = start + 9 + size;
          if (end <= window.length) {
            this.flags = flags;
            this.body = bufferOver(this.#memory, window.byteOffset + start + 9, size);
            this.#position = end;
            return true;
          }
        }
      }
      if (left === 0) {
        if (!this.#refill()) return false;
      } else if (this.#taken < this.#chunk.length) {
        this.#reslab();
      } else {
        this.#begin();
      }
    }
  }

  /**
   * Hands the messages of one short frame that come next in the window to `sink`, in one loop: half the time of `next`
   * and its callers. Stops before anything else, as a frame that is cut off (which leaves the window empty), or when
   * `sink` wants no more: then false. `sink` must not call the decoder. Not for a transient decoder.
   */
  shortMessages(sink: MessageSink): boolean {
    this.delivered = 0;
    const { byteOffset, length } = this.#window;
    for (let start = this.#position + 2; start <= length; start = this.#position + 2) {
      const size = this.#window[start - 1]!;
      // Neither MORE, LONG nor COMMAND, nor a reserved bit.
      if (this.#window[start - 2] !== 0 || start + size > length || size > this.limit) break;
      this.#position = start + size;
      this.delivered++;
      if (!sink.deliver([bufferOver(this.#memory, byteOffset + start, size)])) return false;
    }
    return true;
  }

  /** Makes the next stored octets the window. False when there are none. */
  #refill(): boolean {
    if (this.#taken === this.#chunk.length) {
      if (this.free !== null && !this.#viewed) this.free(this.#chunk);
      const chunk = this.#waiting.shift();
      this.#chunk = chunk ?? EMPTY;
      this.#taken = 0;
      this.#viewed = false;
      this.#borrowed = false;
      if (chunk === undefined) {
        this.#window = EMPTY;
        this.#memory = EMPTY.buffer;
        this.#position = 0;
        // Given out; an idle connection must not hold on to it.
        this.body = EMPTY;
        if (this.#assembly === null) this.#giveBack();
        return false;
      }
    }
    this.#slab();
    return true;
  }

  /** The window's last frame is cut off, but its rest lies in the same chunk: starts the next window at that frame. */
  #reslab(): void {
    this.#taken -= this.#window.length - this.#position;
    this.#slab();
  }

  #slab(): void {
    const chunk = this.#chunk;
    const left = chunk.length - this.#taken;
    // What counts is the memory behind the chunk: it may be the short rest of a long one.
    if (this.#transient || (!this.#borrowed && chunk.buffer.byteLength <= SLAB)) {
      this.#viewed = true;
      this.#parseInPlace();
      return;
    }
    const next = this.#frameSize();
    const run = next >= RUN ? this.#run() : 0;
    if (run >= WORTH_A_RUN || (run > 0 && next >= VIEW)) {
      this.#takeRun(run);
    } else if (next >= VIEW) {
      // The rest or the beginning of a frame is copied to where the whole belongs. What is whole has more than 32 KiB: a
      // view pins at most 8 times its size, since no record and no read brings more than 256 KiB.
      if (this.#assembly === null && next <= left) this.#viewed = true;
      this.#parseInPlace();
      this.#limitWindow();
      if (this.#borrowed && this.#headerLength === 0) this.#begin();
    } else {
      const size = left < SLAB ? left : SLAB;
      // The pool of Node 24 is of 64 KiB.
      const pooled = size < SLAB / 4 && Buffer.poolSize <= SLAB;
      this.#copyOut(pooled ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size));
    }
  }

  /** Moves the next octets of the chunk into `slab`, which they fill, and parses them there. */
  #copyOut(slab: Buffer): void {
    this.#chunk.copy(slab, 0, this.#taken, this.#taken + slab.length);
    this.#window = slab;
    this.#memory = slab.buffer;
    this.#position = 0;
    this.#taken += slab.length;
  }

  /** Octets of the whole frames of medium size that come next in the chunk, 64 KiB at most. */
  #run(): number {
    if (this.#assembly !== null || this.#headerLength > 0) return 0;
    const end = Math.min(this.#chunk.length, this.#taken + MEDIUM_SLAB);
    let at = this.#taken;
    // A size of 2^63 or more is refused in its turn, behind the frames before it.
    while (at < end && (this.#chunk[at + 1]! <= 0x7f || at === this.#taken)) {
      const size = this.#frameSize(at);
      if (size < RUN || size > MEDIUM_SLAB / 2 || at + size > end) break;
      at += size;
    }
    return at - this.#taken;
  }

  /** Frames of medium size share a slab, or stay where they are when a slab would pin as much. */
  #takeRun(run: number): void {
    if (this.#borrowed || this.#chunk.buffer.byteLength > 2 * MEDIUM_SLAB) {
      this.#copyOut(Buffer.allocUnsafeSlow(run));
      return;
    }
    this.#viewed = true;
    this.#parseInPlace();
    this.#limitWindow(run);
  }

  #parseInPlace(): void {
    this.#window = this.#chunk;
    this.#memory = this.#chunk.buffer;
    this.#position = this.#taken;
    this.#taken = this.#chunk.length;
  }

  /** Ends an in-place window behind its first frame or frames, so that small ones after them go through a slab again. */
  #limitWindow(size = this.#frameSize(this.#position)): void {
    const end = this.#position + size;
    if (end >= this.#window.length) return;
    this.#taken = end;
    this.#window = this.#window.subarray(0, end);
  }

  /** Whole size of the frame, or of the rest of the frame, that begins at `from` in the chunk; 0 when its header is cut off. */
  #frameSize(from = this.#taken): number {
    if (this.#assembly !== null) return this.#size - this.#assembled;
    if (this.#headerLength > 0) return 0;
    const chunk = this.#chunk;
    const left = chunk.length - from;
    if (left < 2) return 0;
    if ((chunk[from]! & LONG) === 0) return 2 + chunk[from + 1]!;
    return left < 9 ? 0 : 9 + readFrameSize(chunk, from + 1);
  }

  /** Keeps the cut-off frame at the window's end: its header or, when that is whole, its size and what is there of its body. */
  #begin(): void {
    const window = this.#window;
    const left = window.length - this.#position;
    const headerSize = (window[this.#position]! & LONG) === 0 ? 2 : 9;
    const take = left < headerSize ? left : headerSize;
    window.copy(this.#header, 0, this.#position, this.#position + take);
    this.#headerLength = take;
    this.#position += take;
    if (take === headerSize) this.#open();
  }

  /** The kept header is whole: checks it and makes room for the body. */
  #open(): void {
    const flags = this.#header[0]!;
    const size = (flags & LONG) === 0 ? this.#header[1]! : readFrameSize(this.#header, 1);
    checkFrame(flags, size, this.limit);
    this.flags = flags;
    this.#size = size;
    this.#assembled = 0;
    this.#assembly = this.#room(size);
  }

  /** Memory for a body, or for its beginning. */
  #room(size: number): Buffer {
    if (this.pool !== null && size >= POOLED && size <= this.pool.size) {
      this.#block ??= this.pool.take();
      return this.#block;
    }
    return Buffer.allocUnsafeSlow(size < RESERVE ? size : RESERVE);
  }

  #giveBack(): void {
    if (this.#block !== null) this.pool?.give(this.#block);
    this.#block = null;
  }

  /** Goes on with the kept frame. True when it is whole. */
  #continue(): boolean {
    const window = this.#window;
    if (this.#assembly === null) {
      const headerSize = (this.#header[0]! & LONG) === 0 ? 2 : 9;
      const missing = headerSize - this.#headerLength;
      const take = Math.min(missing, window.length - this.#position);
      window.copy(this.#header, this.#headerLength, this.#position, this.#position + take);
      this.#headerLength += take;
      this.#position += take;
      if (take < missing) return false;
      this.#open();
    }
    const take = Math.min(this.#size - this.#assembled, window.length - this.#position);
    this.#reserve(this.#assembled + take);
    window.copy(this.#assembly!, this.#assembled, this.#position, this.#position + take);
    this.#assembled += take;
    this.#position += take;
    if (this.#assembled < this.#size) return false;
    const assembly = this.#assembly!;
    this.body = assembly.length === this.#size ? assembly : assembly.subarray(0, this.#size);
    this.#assembly = null;
    this.#assembled = 0;
    this.#headerLength = 0;
    return true;
  }

  /** Grows the assembly buffer by doubling, never beyond the announced size. */
  #reserve(needed: number): void {
    const old = this.#assembly!;
    if (needed <= old.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#size, Math.max(needed, old.length * 2)));
    old.copy(grown, 0, 0, this.#assembled);
    this.#assembly = grown;
  }
}
