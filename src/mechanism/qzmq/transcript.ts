/**
 * The transcript of one handshake (spec, "Transcript"):
 *
 *     "QZMQ/1" || client greeting octets 10..63 || server greeting octets 10..63 || each message: name v8<> || data
 *
 * with the plaintext fields of a sealed part in place of the whole sealed field. Octets 0..9 of a greeting are left
 * out because they are padding that old peers fill as they like.
 */
import { utf8 } from "../../bytes/writer.ts";
import type { Hash, RunningHash } from "../../crypto/provider.ts";

const PREFIX = utf8("QZMQ/1");
const GREETING_START = 10;

/** Octets that both sides saw, before the suite and with it the hash is known. */
export class OpenTranscript {
  readonly #greetings: Uint8Array;
  #clientHello: Uint8Array = new Uint8Array(0);

  /** Both greetings, 64 octets each; copied. */
  constructor(clientGreeting: Uint8Array, serverGreeting: Uint8Array) {
    this.#greetings = Buffer.concat([
      PREFIX,
      clientGreeting.subarray(GREETING_START),
      serverGreeting.subarray(GREETING_START),
    ]);
  }

  /** The CLIENTHELLO that counts, name and data; copied. A second one takes the place of the first. */
  setClientHello(body: Uint8Array): void {
    this.#clientHello = body.slice();
  }

  /** TH(CLIENTHELLO) under any hash: early data goes by that of the ticket. */
  hashWith(hash: Hash): Uint8Array {
    return hash.digest(this.#greetings, this.#clientHello);
  }

  /** The transcript through CLIENTHELLO, under the hash of the chosen suite. */
  choose(hash: Hash): Transcript {
    return new Transcript(hash).add(this.#greetings).add(this.#clientHello);
  }
}

/** A running transcript hash. */
export class Transcript {
  readonly #running: RunningHash;

  constructor(hash: Hash) {
    this.#running = hash.start();
  }

  /** Appends octets; they are not kept. */
  add(bytes: Uint8Array): this {
    this.#running.update(bytes);
    return this;
  }

  /** TH of all octets so far. */
  hash(): Uint8Array {
    return this.#running.digest();
  }
}
