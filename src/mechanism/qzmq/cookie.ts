/**
 * Stateless cookies (spec, "Cookies"):
 *
 *     cookie = key number u8 || time u64 || MAC[32]
 *     MAC    = HMAC-SHA256(secret[key number], "QZMQ/1 cookie" || key number || time || connection u64
 *                          || v8<peer address> || SHA-256(CLIENTHELLO data with an empty cookie))
 *
 * Time is that of the server's monotonic clock in whole milliseconds; nobody else reads it.
 */
import { equalSecret, wipe } from "../../bytes/constant-time.ts";
import { Reader } from "../../bytes/reader.ts";
import { utf8, Writer } from "../../bytes/writer.ts";
import type { CryptoProvider, Random } from "../../crypto/provider.ts";

/** Octets of a cookie. */
export const COOKIE_LENGTH = 41;
const LABEL = utf8("QZMQ/1 cookie");
const SECRET_LENGTH = 32;

/** What a cookie is bound to. */
export interface CookieSubject {
  /** Number of the accepted connection: a cookie is good on one connection. */
  readonly connectionId: number;
  /** At most 255 octets. */
  readonly peerAddress: string;
  /** CLIENTHELLO's data with an empty cookie field. */
  readonly clientHello: Uint8Array;
}

/** One secret of the two that count. */
interface CookieSecret {
  readonly number: number;
  readonly secret: Uint8Array;
  /** When it stops being used for new cookies. */
  readonly until: number;
}

/** Makes and checks cookies for one listening socket. Draws 32 octets for each secret, every `lifetime`. */
export class CookieJar {
  readonly #provider: CryptoProvider;
  readonly #random: Random;
  readonly #lifetime: number;
  #current: CookieSecret | null = null;
  #previous: CookieSecret | null = null;

  /** `lifetime` in milliseconds: how long a secret makes cookies, and how long a cookie is good. */
  constructor(provider: CryptoProvider, random: Random, lifetime: number) {
    this.#provider = provider;
    this.#random = random;
    this.#lifetime = lifetime;
  }

  bake(subject: CookieSubject, now: number): Uint8Array {
    const current = this.#turn(now);
    return this.#cookie(current, Math.floor(now), subject);
  }

  /** Whether this cookie was made here, for this subject, not too long ago. */
  accepts(cookie: Uint8Array, subject: CookieSubject, now: number): boolean {
    if (cookie.length !== COOKIE_LENGTH) return false;
    this.#turn(now);
    const secret = [this.#current, this.#previous].find((candidate) => candidate?.number === cookie[0]);
    // A time that no number can hold was not written here.
    if (!secret || cookie[1] !== 0 || cookie[2]! >= 0x20) return false;
    const time = new Reader(cookie.subarray(1, 9)).u64("cookie time");
    if (time > now || now - time > this.#lifetime) return false;
    return equalSecret(this.#cookie(secret, time, subject), cookie);
  }

  dispose(): void {
    wipe(this.#current?.secret, this.#previous?.secret);
    this.#current = this.#previous = null;
  }

  /** The secret for new cookies; retires the one before last. */
  #turn(now: number): CookieSecret {
    const current = this.#current;
    if (current !== null && now < current.until) return current;
    wipe(this.#previous?.secret);
    // A secret that retired more than a lifetime ago has no cookie left that would still be good.
    const keep = current !== null && now - current.until <= this.#lifetime;
    if (!keep) wipe(current?.secret);
    this.#previous = keep ? current : null;
    this.#current = {
      number: current === null ? 0 : (current.number + 1) % 256,
      secret: this.#random(SECRET_LENGTH),
      until: now + this.#lifetime,
    };
    return this.#current;
  }

  #cookie(secret: CookieSecret, time: number, subject: CookieSubject): Uint8Array {
    const hash = this.#provider.hashes["SHA-256"];
    const head = new Writer().u8(secret.number).u64(time).finish();
    const bound = new Writer()
      .u64(subject.connectionId)
      .v8(utf8(subject.peerAddress).subarray(0, 255))
      .bytes(hash.digest(subject.clientHello))
      .finish();
    return new Writer()
      .bytes(head)
      .bytes(hash.hmac(secret.secret, LABEL, head, bound))
      .finish();
  }
}
