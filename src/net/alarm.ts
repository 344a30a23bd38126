/** One timer for a time that moves: later while traffic flows, seldom sooner. */

const LONGEST = 0x7fffffff;

/**
 * Calls `onTime` when the time set has come, or earlier: a time set later does not move the timer, whose owner looks
 * again and sets it anew. Never holds the process alive.
 */
export class Alarm {
  readonly #onTime: () => void;
  #timer: NodeJS.Timeout | null = null;
  #at = Number.POSITIVE_INFINITY;

  constructor(onTime: () => void) {
    this.#onTime = onTime;
  }

  /** `time` on the clock of `performance.now()`; `Infinity` is never. */
  set(time: number): void {
    if (time >= this.#at) return;
    this.clear();
    this.#at = time;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#at = Number.POSITIVE_INFINITY;
        this.#onTime();
      },
      Math.min(Math.max(0, time - performance.now()), LONGEST),
    );
    this.#timer.unref();
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#at = Number.POSITIVE_INFINITY;
  }
}
