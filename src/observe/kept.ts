/** A value that is costly to make, such as the status of thousands of connections, and that anybody may ask for often. */

/** CPU milliseconds from which on a value is costly. */
const COSTLY = 20;
/** A costly value is kept for so many times what it cost, so that making it takes a tenth of the time at most. */
const TIMES = 10;
/** Milliseconds; nothing that is shown is older. */
const LONGEST = 2000;

/**
 * Makes the value when it is asked for. Whoever asks in the same turn of the event loop, as pipelined requests do, gets
 * the same one; a costly one is kept for some time more.
 */
export class Kept<T> {
  readonly #make: () => T;
  readonly #cpuTime: () => number;
  #kept: { readonly value: T } | null = null;

  /** `cpuTime` counts milliseconds. */
  constructor(make: () => T, cpuTime: () => number = ownCpuTime) {
    this.#make = make;
    this.#cpuTime = cpuTime;
  }

  /** Throws what the maker throws. */
  get(): T {
    if (this.#kept !== null) return this.#kept.value;
    const begin = this.#cpuTime();
    const value = this.#make();
    const cost = this.#cpuTime() - begin;
    this.#kept = { value };
    const drop = () => {
      this.#kept = null;
    };
    if (cost < COSTLY) setImmediate(drop);
    else setTimeout(drop, Math.min(TIMES * cost, LONGEST)).unref();
    return value;
  }
}

function ownCpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
