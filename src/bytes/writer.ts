/** Builds fixed layouts, the mirror of {@link Reader}. For handshakes and files; messages take the frame encoder. */

/** Collects fields and joins them once, in {@link Writer.finish}. Throws `RangeError` for values that do not fit. */
export class Writer {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Octets collected so far. */
  get length(): number {
    return this.#length;
  }

  /** Appends octets as they are; they are copied only in {@link Writer.finish}. */
  bytes(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return this;
  }

  u8(value: number): this {
    return this.#integer(value, 1);
  }

  u16(value: number): this {
    return this.#integer(value, 2);
  }

  u32(value: number): this {
    return this.#integer(value, 4);
  }

  /** An unsigned integer below 2^53 in eight octets. */
  u64(value: number): this {
    return this.#integer(value, 8);
  }

  /** `v8<>`: octets behind a length of one octet. */
  v8(bytes: Uint8Array): this {
    return this.u8(bytes.length).bytes(bytes);
  }

  /** `v16<>`: octets behind a length of two octets. */
  v16(bytes: Uint8Array): this {
    return this.u16(bytes.length).bytes(bytes);
  }

  /** `v32<>`: octets behind a length of four octets. */
  v32(bytes: Uint8Array): this {
    return this.u32(bytes.length).bytes(bytes);
  }

  /** All fields in one fresh octet string. */
  finish(): Uint8Array {
    const out = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      out.set(part, offset);
      offset += part.length;
    }
    return out;
  }

  #integer(value: number, width: number): this {
    const limit = width === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (8 * width) - 1;
    if (!Number.isInteger(value) || value < 0 || value > limit) {
      throw new RangeError(`${value} does not fit an unsigned integer of ${width} octets`);
    }
    const out = new Uint8Array(width);
    for (let i = width - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) out[i] = rest % 256;
    return this.bytes(out);
  }
}

const encoder = new TextEncoder();

/** UTF-8 octets of a string. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
