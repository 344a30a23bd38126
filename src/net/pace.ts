/**
 * When a batch is written: at the end of the turn of the event loop in which it was begun, so that what a program sends
 * in one go leaves in one write. A program that sends in a loop gets only some 500 messages sent a turn; of small ones
 * the batch waits for more, for to seal and write each 9 KiB apart was a third of their cost.
 */

/** A batch below this size waits for the next turn when the turn that is over added so many items ... */
const FULL = 49_152;
const BUSY = 256;
/** ... for so many turns at most. */
const PATIENCE = 8;

/** See the head of this file. */
export class Pace {
  readonly #batch: { readonly batched: number };
  readonly #flush: () => void;
  /** The end of a turn is awaited. */
  #due = false;
  /** The task of `later` is awaited. */
  #held = false;
  /** Items added in this turn, and turns that the batch has waited. */
  #added = 0;
  #waited = 0;
  readonly #turnOver = (): void => this.#endTurn();

  /** Calls `flush` when `batch` is to be written. */
  constructor(batch: { readonly batched: number }, flush: () => void) {
    this.#batch = batch;
    this.#flush = flush;
  }

  /** An item was added to the batch. */
  added(): void {
    this.#added++;
    this.soon();
  }

  /** There is something to write. */
  soon(): void {
    if (this.#due) return;
    this.#due = true;
    process.nextTick(this.#turnOver);
  }

  /** Calls `task`, which flushes, once in the next turn, and does not flush before. */
  later(task: () => void): void {
    if (this.#held) return;
    this.#held = true;
    setImmediate(() => {
      this.#held = false;
      task();
    });
  }

  #endTurn(): void {
    const busy = this.#added >= BUSY && this.#batch.batched < FULL && this.#waited < PATIENCE;
    this.#added = 0;
    if (busy) {
      this.#waited++;
      setImmediate(this.#turnOver);
      return;
    }
    this.#waited = 0;
    this.#due = false;
    if (!this.#held) this.#flush();
  }
}
