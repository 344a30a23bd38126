/** Counts what a stranger can make happen at will, so that he cannot fill a log with it. */

/** From one report to the next, in milliseconds. */
const INTERVAL = 1000;

/** Reports the first at once, then one a second at most, which says how many there were. */
export class Tally {
  #times = 0;
  #reportedAt = Number.NEGATIVE_INFINITY;

  /** It happened at `now` (monotonic milliseconds): calls `report` with how often since the last report, or does not. */
  add(now: number, report: (times: number) => void): void {
    this.#times++;
    if (now - this.#reportedAt < INTERVAL) return;
    const times = this.#times;
    this.#times = 0;
    this.#reportedAt = now;
    report(times);
  }
}
