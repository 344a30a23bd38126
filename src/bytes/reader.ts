/**
 * Reads fixed layouts out of an octet string, left to right, checking each length before it takes anything.
 * Every multi-octet integer of ZMTP and QZMQ is big-endian.
 */

/** Raised when an octet string ends too early, goes on too long, or holds a value out of range. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

/** A cursor over octets that it does not own: what it returns are views, valid as long as the input is. */
export class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    // Never a Buffer: `slice` of a Buffer is a view, so a caller's copy would be none.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Octets read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Octets not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** The next `length` octets, as a view. Throws {@link LayoutError} when fewer are left. */
  bytes(length: number, what = "field"): Uint8Array {
    if (length > this.remaining) {
      throw new LayoutError(`${what}: ${length} octets announced, ${this.remaining} left`);
    }
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  u8(what = "u8"): number {
    return this.bytes(1, what)[0]!;
  }

  u16(what = "u16"): number {
    const b = this.bytes(2, what);
    return b[0]! * 0x100 + b[1]!;
  }

  u32(what = "u32"): number {
    const b = this.bytes(4, what);
    return b[0]! * 0x1000000 + b[1]! * 0x10000 + b[2]! * 0x100 + b[3]!;
  }

  /** An unsigned 64-bit integer; values from 2^53 on, which a number cannot hold, throw {@link LayoutError}. */
  u64(what = "u64"): number {
    const high = this.u32(what);
    const low = this.u32(what);
    if (high >= 0x200000) throw new LayoutError(`${what}: beyond 2^53`);
    return high * 0x100000000 + low;
  }

  /** `v8<>`: octets behind a length of one octet. `min` and `max` bound the length, both included. */
  v8(what = "v8", min = 0, max = 0xff): Uint8Array {
    return this.#vector(this.u8(what), what, min, max);
  }

  /** `v16<>`: octets behind a length of two octets. */
  v16(what = "v16", min = 0, max = 0xffff): Uint8Array {
    return this.#vector(this.u16(what), what, min, max);
  }

  /** `v32<>`: octets behind a length of four octets. */
  v32(what = "v32", min = 0, max = 0xffffffff): Uint8Array {
    return this.#vector(this.u32(what), what, min, max);
  }

  /** All that is left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** Throws {@link LayoutError} unless everything has been read. */
  end(what = "message"): void {
    if (this.remaining !== 0) throw new LayoutError(`${what}: ${this.remaining} octets too many`);
  }

  #vector(length: number, what: string, min: number, max: number): Uint8Array {
    if (length < min || length > max)
      throw new LayoutError(`${what}: length ${length}, allowed ${min}..${max}`);
    return this.bytes(length, what);
  }
}
