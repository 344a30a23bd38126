/** The exchange of greetings, the first 64 octets each way (RFC 37, "Greeting"). */
import { PeerError } from "../errors.ts";
import {
  checkGreetingStart,
  decodeGreeting,
  encodeGreeting,
  GREETING_LENGTH,
  type Greeting,
} from "../wire/greeting.ts";

/** Both greetings as they go over the wire, ours from the start, the peer's as it comes. */
export class Greetings {
  readonly local: Buffer;
  readonly peer: Buffer = Buffer.alloc(GREETING_LENGTH);
  readonly #mechanism: string;
  #received = 0;

  constructor(mechanism: string, asServer: boolean) {
    this.#mechanism = mechanism;
    this.local = encodeGreeting(mechanism, asServer);
  }

  /** Takes what belongs to the peer's greeting; returns how many octets that was. */
  take(chunk: Buffer): number {
    const taken = chunk.copy(this.peer, this.#received, 0, GREETING_LENGTH - this.#received);
    this.#received += taken;
    return taken;
  }

  /** The peer's greeting, null while it is not whole. Throws {@link PeerError} as soon as it cannot become acceptable. */
  parse(): Greeting | null {
    checkGreetingStart(this.peer.subarray(0, this.#received));
    if (this.#received < GREETING_LENGTH) return null;
    const greeting = decodeGreeting(this.peer);
    if (greeting.mechanism === this.#mechanism) return greeting;
    throw new PeerError(
      "ERR_ZMTP_MECHANISM_MISMATCH",
      `The peer wants mechanism ${greeting.mechanism}, we ${this.#mechanism}`,
    );
  }
}
