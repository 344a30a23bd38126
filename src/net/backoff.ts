/** How long to wait before the next attempt to connect. Random, so that a thousand clients do not return at once (RFC 37). */

/** Upper bound, in milliseconds, of the pause after failed handshakes: a wrong key shall not become a busy loop. */
const REFUSED_MAX = 30_000;
/** A pause that grows from 0 grows to this first. */
const SMALLEST = 10;

/** Times in milliseconds. */
export class Backoff {
  readonly #interval: number;
  readonly #max: number;
  readonly #random: () => number;
  #current: number;

  /** `max` 0: the pause does not grow (libzmq's default). `random` gives numbers from 0 to 1. */
  constructor(interval: number, max: number, random: () => number = Math.random) {
    this.#interval = interval;
    this.#max = max;
    this.#random = random;
    this.#current = interval;
  }

  /** A handshake succeeded. */
  reset(): void {
    this.#current = this.#interval;
  }

  /** The next pause. After a `refused` handshake it doubles every time, whatever `max` says. */
  next(refused: boolean): number {
    // An interval of 0 would never grow.
    const base = refused ? Math.max(this.#current, 1) : this.#current;
    const max = refused ? Math.max(this.#max, REFUSED_MAX) : this.#max;
    if (max > this.#interval) this.#current = Math.min(Math.max(base * 2, SMALLEST), max);
    return Math.floor(base + this.#random() * base);
  }
}
