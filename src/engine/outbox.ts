/**
 * What an engine has to write: what is urgent (greeting, handshake, what the mechanism says later), then the batch of
 * frames, as they are or sealed.
 */
import type { Mechanism } from "../mechanism/mechanism.ts";
import { encodeSubscription } from "../wire/command.ts";
import { FrameBatch } from "../wire/frame-batch.ts";
import { type PipeItem, SubscriptionChange } from "../wire/message.ts";
import type { EngineMemory } from "./memory.ts";

/** PINGs and PONGs of ours that may wait; a peer that neither reads nor stops asking gets no more. */
const MAX_BEATS = 256;

/**
 * So much of a batch that is more than twice as large is sealed at a time: the sealed copy of a very large message then
 * never exists as a whole, and other connections get their turn between its parts.
 */
const PORTION = 262_144;

/** See the head of this file. */
export class Outbox {
  readonly #mechanism: Mechanism;
  readonly #memory: EngineMemory;
  readonly #batch: FrameBatch;
  #urgent: Uint8Array[] = [];
  /** The batch's pieces were taken as they are, and `written` has not been called yet. */
  #lent = false;
  /** Sealed pieces taken last, which the kernel may still read. */
  #sealed: readonly Uint8Array[] | null = null;
  /** PINGs and PONGs in the batch. */
  #beats = 0;
  #open = false;

  constructor(mechanism: Mechanism, memory: EngineMemory) {
    this.#mechanism = mechanism;
    this.#memory = memory;
    this.#batch = new FrameBatch(memory.regions);
  }

  /** Octets in the batch. */
  get batched(): number {
    return this.#batch.size;
  }

  get hasUrgent(): boolean {
    return this.#urgent.length > 0;
  }

  /** Goes out before the batch. */
  urgent(frame: Uint8Array): void {
    this.#urgent.push(frame);
  }

  /** The mechanism's `canSend`, as of the last `collect`: asked for each message, it would cost as much as framing it. */
  get open(): boolean {
    return this.#open;
  }

  /** What the mechanism says is urgent, and whether it takes more. To be called whenever it has done something. */
  collect(): void {
    this.#open = this.#mechanism.canSend;
    const output = this.#mechanism.takeOutput();
    if (output.length > 0) this.#urgent.push(...output);
  }

  /** Frames an item into the batch; how subscriptions travel depends on the peer's minor version. */
  item(item: PipeItem, peerMinor: 0 | 1): void {
    if (item instanceof SubscriptionChange) this.#batch.encoded(encodeSubscription(item, peerMinor));
    else this.#batch.message(item);
  }

  /** Queues a PING or PONG; drops it when too many wait already. */
  beat(frame: Buffer): void {
    if (this.#beats++ < MAX_BEATS) this.#batch.encoded(frame);
  }

  /**
   * What to write, in order; the batch only when `withBatch`, and not more of it than is to be sealed at a time. Throws
   * what sealing throws.
   */
  take(withBatch: boolean, now: number): Uint8Array[] {
    const out = this.#urgent;
    this.#urgent = [];
    const size = this.#batch.size;
    if (size === 0 || !withBatch) return out;
    if (this.#mechanism.transparent) {
      this.#beats = 0;
      this.#lent = true;
      const pieces = this.#batch.take();
      return out.length === 0 ? pieces : out.concat(pieces);
    }
    const portion = size > 2 * PORTION ? PORTION : size;
    if (portion === size) this.#beats = 0;
    let sealed: Uint8Array[];
    try {
      sealed = this.#mechanism.seal(this.#batch.take(portion), portion, now);
    } catch (error) {
      this.#urgent = out;
      throw error;
    }
    // The pieces left are cut from memory that the pieces sealed lie in.
    this.#batch.recycle();
    this.#sealed = sealed;
    // Sealing may have started something (a rotation): what it says goes before the next record, not before these.
    this.collect();
    return out.length === 0 ? sealed : out.concat(sealed);
  }

  /** Puts back what was taken: it is urgent now. */
  putBack(pieces: Uint8Array[]): void {
    this.#sealed = null;
    this.#urgent = pieces.concat(this.#urgent);
  }

  /**
   * The output last taken is out of our hands. `copied`: its memory may be written again at once; else call `drained`
   * when it may, or nothing.
   */
  written(copied: boolean): void {
    if (this.#sealed !== null) this.#mechanism.prepare?.();
    if (copied) this.drained();
    // Sealed pieces are not the batch's; what waits in it until the mechanism may send again is untouched.
    if (!this.#lent) return;
    this.#lent = false;
    if (copied) this.#batch.recycle();
    else this.#batch.abandon();
  }

  /** Nobody reads any more what was taken. */
  drained(): void {
    this.#batch.drained();
    if (this.#sealed === null) return;
    for (const piece of this.#sealed) this.#memory.free(piece);
    this.#sealed = null;
  }
}
