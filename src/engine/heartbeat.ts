/**
 * Heartbeats (RFC 37, "Connection Heartbeating"): when to send PING, and when the peer counts as dead.
 *
 * Any octet of the peer proves that it lives, not only a PONG: a large message on a slow line must not look like
 * silence. While we do not read (a full queue), silence proves nothing and no time is counted.
 *
 * A PING is also our own sign of life, on which a peer that was told a time-to-live relies. So they are sent while
 * octets come in and while we do not read, too.
 */

/** Times in milliseconds. */
export interface HeartbeatSettings {
  /** From one PING to the next; 0 never. */
  readonly interval: number;
  /** Silence after a PING until the peer is dead; -1 as the interval, 0 never. */
  readonly timeout: number;
  /** Announced with each PING: how long the peer shall wait for us; 0 nothing. */
  readonly timeToLive: number;
}

/** libzmq multiplies the announced tenths by 100 in 16 bits: from 656 on it would cut the connection at once. */
const MAX_TTL_TENTHS = 655;

/** What is due now. */
export type HeartbeatAction = "none" | "ping" | "dead";

/** See the head of this file. */
export class Heartbeat {
  readonly #interval: number;
  readonly #timeout: number;
  /** To announce, in tenths of a second. */
  readonly ttlTenths: number;
  #nextPing = Number.POSITIVE_INFINITY;
  #deadAt = Number.POSITIVE_INFINITY;
  #peerTtl = 0;
  #peerDeadAt = Number.POSITIVE_INFINITY;
  #pausedAt: number | null = null;

  constructor(settings: HeartbeatSettings, now: number) {
    this.#interval = settings.interval;
    this.#timeout = settings.timeout === -1 ? settings.interval : settings.timeout;
    this.ttlTenths = Math.min(Math.floor(settings.timeToLive / 100), MAX_TTL_TENTHS);
    if (this.#interval > 0) this.#nextPing = now + this.#interval;
  }

  /** When `due` wants to be asked. */
  get deadline(): number {
    if (this.#pausedAt !== null) return this.#nextPing;
    return Math.min(this.#nextPing, this.#deadAt, this.#peerDeadAt);
  }

  /** Octets came in. */
  heard(now: number): void {
    this.#deadAt = Number.POSITIVE_INFINITY;
    if (this.#peerTtl > 0) this.#peerDeadAt = now + this.#peerTtl;
  }

  /** The peer announced a time-to-live in tenths of a second; 0 withdraws it. */
  announced(ttlTenths: number, now: number): void {
    this.#peerTtl = ttlTenths * 100;
    this.#peerDeadAt = ttlTenths === 0 ? Number.POSITIVE_INFINITY : now + this.#peerTtl;
  }

  /** We stop reading. */
  pause(now: number): void {
    this.#pausedAt ??= now;
  }

  /** We read again: the times of the peer's death move by as long as we did not. */
  resume(now: number): void {
    if (this.#pausedAt === null) return;
    const lost = now - this.#pausedAt;
    this.#pausedAt = null;
    this.#deadAt += lost;
    this.#peerDeadAt += lost;
  }

  /** What is to be done at `now`. A PING that is reported is taken as sent; while one is unanswered there is no other. */
  due(now: number): HeartbeatAction {
    const reading = this.#pausedAt === null;
    if (reading && (now >= this.#deadAt || now >= this.#peerDeadAt)) return "dead";
    if (now < this.#nextPing) return "none";
    this.#nextPing = now + this.#interval;
    if (reading) {
      if (this.#deadAt !== Number.POSITIVE_INFINITY) return "none";
      if (this.#timeout > 0) this.#deadAt = now + this.#timeout;
    }
    return "ping";
  }
}
