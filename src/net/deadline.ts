/** The time limit of one operation. */

const LONGEST = 0x7fffffff;

/** Calls back once, unless cleared before. */
export class Deadline {
  readonly #timer: NodeJS.Timeout;

  /** `milliseconds` above 2^31 - 1 count as that, about 25 days. */
  constructor(milliseconds: number, onExpire: () => void) {
    this.#timer = setTimeout(onExpire, Math.min(milliseconds, LONGEST));
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
