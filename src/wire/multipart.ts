/** Collects the frames of one message until the last (RFC 37: a message is delivered whole or not at all). */
import { PeerError } from "../errors.ts";
import { MORE } from "./frame.ts";
import type { Message } from "./message.ts";

/** Bounds what a peer can make us hold by never sending a last frame. */
export class MultipartAssembler {
  readonly #maxFrames: number;
  readonly #maxSize: number;
  #frames: Message = [];
  #size = 0;

  /** At most `maxFrames` frames and `maxSize` octets a message. */
  constructor(maxFrames: number, maxSize: number) {
    this.#maxFrames = maxFrames;
    this.#maxSize = maxSize;
  }

  /** True between the first and the last frame of a message. */
  get begun(): boolean {
    return this.#frames.length > 0;
  }

  /** Adds a frame. The whole message when it was the last, else null. Throws {@link PeerError} `ERR_ZMTP_MESSAGE_TOO_LARGE`. */
  add(flags: number, body: Buffer): Message | null {
    const frames = this.#frames;
    if ((flags & MORE) === 0 && frames.length === 0) return [body];
    this.#size += body.length;
    if (frames.length === this.#maxFrames || this.#size > this.#maxSize) {
      throw new PeerError(
        "ERR_ZMTP_MESSAGE_TOO_LARGE",
        `A message of more than ${this.#maxFrames} frames or ${this.#maxSize} octets`,
      );
    }
    frames.push(body);
    if ((flags & MORE) !== 0) return null;
    this.#frames = [];
    this.#size = 0;
    return frames;
  }
}
