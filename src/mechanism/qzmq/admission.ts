/**
 * What a server spends on peers that it does not know yet, over all connections of a socket (spec, "Limits before
 * authentication"): half-open handshakes in all and by address, public-key operations under way, octets held, cookies.
 */
import type { CryptoProvider, Random } from "../../crypto/provider.ts";
import { PeerError } from "../../errors.ts";
import { addressKey } from "./address.ts";
import { CookieJar } from "./cookie.ts";

/** When a CLIENTHELLO without a cookie is answered by RETRY. */
export type CookiePolicy = "never" | "underLoad" | "always";

/** Limits; times in milliseconds. */
export interface AdmissionOptions {
  /** Half-open handshakes in all; default 10 000. Beyond, the oldest without a valid cookie makes room. */
  readonly maxHandshakes?: number;
  /** And for one IPv4 address or IPv6 /64; default 256. Beyond, new ones are refused. */
  readonly maxHandshakesPerAddress?: number;
  /** Octets held for half-open handshakes; default 64 MiB. */
  readonly maxHandshakeBytes?: number;
  /** Public-key operations begun and not returned; default 64. */
  readonly maxOperations?: number;
  /** Default `underLoad`. */
  readonly cookies?: CookiePolicy;
  /** Under load: more than so many handshakes wait for a public-key operation; default 32. */
  readonly loadWaiting?: number;
  /** Or the oldest has waited so long; default 50. */
  readonly loadWait?: number;
  /** How long a cookie is good, and a secret makes cookies; default 60 000. */
  readonly cookieTimeout?: number;
}

/** Runs a task in a later turn of the event loop. */
export type Defer = (task: () => void) => void;

interface Job {
  readonly seat: Seat;
  readonly since: number;
  readonly defer: Defer;
  /** Runs the operation; calls `done` once, when it has returned. */
  readonly start: (done: () => void) => void;
}

/** Shared by the connections of one listening socket. Draws 32 octets of `random` for each cookie secret. */
export class Admission {
  readonly cookies: CookieJar;
  readonly #options: Required<AdmissionOptions>;
  readonly #seats = new Set<Seat>();
  readonly #withoutCookie = new Set<Seat>();
  readonly #perAddress = new Map<string, number>();
  /** Operations that have not begun, one for a seat at most, the oldest first. */
  readonly #waiting = new Map<Seat, Job>();
  /** Those of them that have not been deferred, by address; the address whose turn it is first. */
  readonly #turns = new Map<string, Set<Job>>();
  #operations = 0;
  #bytes = 0;
  #now = Number.NEGATIVE_INFINITY;

  /** Throws `RangeError` for limits below 1. */
  constructor(provider: CryptoProvider, random: Random, options: AdmissionOptions = {}) {
    this.#options = {
      maxHandshakes: options.maxHandshakes ?? 10_000,
      maxHandshakesPerAddress: options.maxHandshakesPerAddress ?? 256,
      maxHandshakeBytes: options.maxHandshakeBytes ?? 64 * 1024 * 1024,
      maxOperations: options.maxOperations ?? 64,
      cookies: options.cookies ?? "underLoad",
      loadWaiting: options.loadWaiting ?? 32,
      loadWait: options.loadWait ?? 50,
      cookieTimeout: options.cookieTimeout ?? 60_000,
    };
    const { cookies: _policy, loadWaiting: _waiting, loadWait: _wait, ...limits } = this.#options;
    for (const [name, limit] of Object.entries(limits)) {
      if (!(limit >= 1)) throw new RangeError(`${name}: 1 or more, not ${limit}`);
    }
    this.cookies = new CookieJar(provider, random, this.#options.cookieTimeout);
  }

  /** Half-open handshakes, operations that wait, operations under way, octets held. */
  get load(): {
    readonly handshakes: number;
    readonly waiting: number;
    readonly operations: number;
    readonly bytes: number;
  } {
    return {
      handshakes: this.#seats.size,
      waiting: this.#waiting.size,
      operations: this.#operations,
      bytes: this.#bytes,
    };
  }

  /**
   * Takes in a new handshake; `drop` is called when it has to make room for another. Throws {@link PeerError}
   * `ERR_QZMQ_BUSY` when the address has too many, or when all are full and each has shown a valid cookie.
   */
  enter(peerAddress: string, drop: () => void): Seat {
    const key = addressKey(peerAddress);
    const sameAddress = key === null ? 0 : (this.#perAddress.get(key) ?? 0);
    if (sameAddress >= this.#options.maxHandshakesPerAddress)
      throw busy("Too many handshakes of one address");
    if (this.#seats.size >= this.#options.maxHandshakes) {
      const oldest = this.#withoutCookie.values().next().value;
      if (oldest === undefined) throw busy("Too many handshakes");
      oldest.leave();
      oldest.drop();
    }
    const seat = new Seat(this, key, drop);
    this.#seats.add(seat);
    this.#withoutCookie.add(seat);
    if (key !== null) this.#perAddress.set(key, sameAddress + 1);
    return seat;
  }

  /** The time, as some connection was told it: waiting is measured by the latest. */
  tick(now: number): void {
    if (now > this.#now) this.#now = now;
  }

  /** Whether a CLIENTHELLO without a cookie must come again with one. */
  wantsCookie(): boolean {
    const { cookies, loadWaiting, loadWait } = this.#options;
    if (cookies !== "underLoad") return cookies === "always";
    if (this.#waiting.size > loadWaiting) return true;
    const oldest = this.#waiting.values().next().value;
    return oldest !== undefined && this.#now - oldest.since >= loadWait;
  }

  /** Of {@link Seat.operate}. */
  enqueue(seat: Seat, defer: Defer, start: (done: () => void) => void): void {
    const job: Job = { seat, since: this.#now, defer, start };
    this.#waiting.set(seat, job);
    const key = seat.address ?? "";
    const jobs = this.#turns.get(key) ?? new Set<Job>();
    this.#turns.set(key, jobs.add(job));
    this.#begin();
  }

  /** Of {@link Seat.proven}. */
  proven(seat: Seat): void {
    this.#withoutCookie.delete(seat);
  }

  /** Of {@link Seat.hold} and {@link Seat.leave}; negative gives back. */
  account(octets: number): void {
    if (octets > 0 && this.#bytes + octets > this.#options.maxHandshakeBytes)
      throw busy("Handshake buffers are full");
    this.#bytes += octets;
  }

  /** Of {@link Seat.leave}. */
  release(seat: Seat): void {
    this.#seats.delete(seat);
    this.#withoutCookie.delete(seat);
    const job = this.#waiting.get(seat);
    if (job !== undefined) this.#forget(job);
    if (seat.address === null) return;
    const left = this.#perAddress.get(seat.address)! - 1;
    if (left === 0) this.#perAddress.delete(seat.address);
    else this.#perAddress.set(seat.address, left);
  }

  dispose(): void {
    this.cookies.dispose();
  }

  /** Hands operations to the event loop as long as there is room, one of each address in turn. */
  #begin(): void {
    while (this.#operations < this.#options.maxOperations) {
      const next = this.#turns.entries().next().value;
      if (next === undefined) return;
      const [key, jobs] = next;
      const job: Job = jobs.values().next().value!;
      jobs.delete(job);
      this.#turns.delete(key);
      if (jobs.size > 0) this.#turns.set(key, jobs);
      this.#operations++;
      job.defer(() => this.#run(job));
    }
  }

  #forget(job: Job): void {
    const key = job.seat.address ?? "";
    const jobs = this.#turns.get(key);
    this.#waiting.delete(job.seat);
    if (jobs?.delete(job) && jobs.size === 0) this.#turns.delete(key);
  }

  #run(job: Job): void {
    let over = false;
    const done = () => {
      if (over) return;
      over = true;
      this.#operations--;
      this.#begin();
    };
    // Gone meanwhile: its seat was left.
    if (this.#waiting.get(job.seat) === job && this.#waiting.delete(job.seat)) job.start(done);
    else done();
  }
}

/** One half-open handshake's share. */
export class Seat {
  /** Key of the peer's address; `null` where it has none. */
  readonly address: string | null;
  readonly drop: () => void;
  readonly #admission: Admission;
  #held = 0;
  #buffered = 0;
  #left = false;

  constructor(admission: Admission, address: string | null, drop: () => void) {
    this.#admission = admission;
    this.address = address;
    this.drop = drop;
  }

  /** It showed a valid cookie: it does not make room for others any more. */
  proven(): void {
    this.#admission.proven(this);
  }

  /** Accounts for octets held until {@link Seat.leave}. Throws {@link PeerError} `ERR_QZMQ_BUSY` when there is no room. */
  hold(octets: number): void {
    if (this.#left) throw busy("The handshake has no seat any more");
    this.#admission.account(octets);
    this.#held += octets;
  }

  /** Octets that lie with the connection undecoded, in all; as {@link Seat.hold}. After {@link Seat.leave} nothing counts. */
  buffer(octets: number): void {
    if (this.#left) return;
    this.#admission.account(octets - this.#buffered);
    this.#buffered = octets;
  }

  /**
   * Runs a public-key operation in its turn, through `defer`. `start` calls `done` once the operation has returned;
   * until then it counts, even if the seat has been left. Nothing is run after {@link Seat.leave}.
   */
  operate(defer: Defer, start: (done: () => void) => void): void {
    if (this.#left) throw busy("The handshake has no seat any more");
    this.#admission.enqueue(this, defer, start);
  }

  /** The handshake is over. May be called again. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#admission.account(-this.#held - this.#buffered);
    this.#held = this.#buffered = 0;
    this.#admission.release(this);
  }
}

function busy(message: string): PeerError {
  return new PeerError("ERR_QZMQ_BUSY", message);
}
