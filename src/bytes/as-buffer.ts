/** Octets as Node.js Buffers over the same memory. */

/** Octets as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

type BufferClass = new (memory: ArrayBufferLike, offset: number, length: number) => Buffer;

/** The class of all Buffers, which Node keeps to itself but for this; elsewhere it may be null or another. */
const Species = (Buffer as unknown as { readonly [Symbol.species]?: BufferClass | null })[Symbol.species];

/**
 * `length` octets of `memory` from `offset` on, as a Buffer. `subarray` and `Buffer.from` do the same, but ask the
 * typed array for its memory each time and check their arguments: 20 ns here, 60 there (Node 20), once a message.
 */
export const bufferOver: (memory: ArrayBufferLike, offset: number, length: number) => Buffer =
  typeof Species === "function" &&
  Object.getPrototypeOf(new Species(new ArrayBuffer(0), 0, 0)) === Buffer.prototype
    ? (memory, offset, length) => new Species(memory, offset, length)
    : (memory, offset, length) => Buffer.from(memory, offset, length);
