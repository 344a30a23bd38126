/** Outer frames of the mechanism: ZMTP commands, and a look at message boundaries in early data (RFC 37, "Framing"). */

/** Bits of a frame's flags octet. */
const MORE = 1;
const LONG = 2;
const COMMAND = 4;

/** Octets before the body of a command frame of `size` octets. */
function headerLength(size: number): 2 | 9 {
  return size > 255 ? 9 : 2;
}

/**
 * One allocation that holds a command frame's header and the first `prefix` octets of its `size`-octet body. Returns
 * the memory and where the body begins; those octets are the caller's to fill, all of them.
 */
export function beginCommand(
  size: number,
  prefix: number,
): { readonly bytes: Uint8Array; readonly body: number } {
  const body = headerLength(size);
  const bytes = new Uint8Array(body + prefix);
  if (body === 2) {
    bytes[0] = COMMAND;
    bytes[1] = size;
  } else {
    bytes[0] = COMMAND | LONG;
    writeU64(bytes, 1, size);
  }
  return { bytes, body };
}

/** A whole command frame around `body` (name and data), in fresh memory. */
export function encodeCommand(body: Uint8Array): Uint8Array {
  const frame = beginCommand(body.length, body.length);
  frame.bytes.set(body, frame.body);
  return frame.bytes;
}

/** True for the flags of a command frame, short or long form. */
export function isCommand(flags: number): boolean {
  return (flags & ~LONG) === COMMAND;
}

/** Writes an unsigned integer below 2^53 into eight octets at `offset`. */
export function writeU64(bytes: Uint8Array, offset: number, value: number): void {
  writeU32(bytes, offset, Math.floor(value / 0x100000000));
  writeU32(bytes, offset + 4, value % 0x100000000);
}

/** Writes an unsigned integer below 2^32 into four octets at `offset`. */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** Octets of the whole messages that encoded frames begin with; `null` when there is a frame of another kind. */
export function wholeMessages(frames: Uint8Array): number | null {
  let whole = 0;
  for (let offset = 0; offset < frames.length; ) {
    const flags = frames[offset]!;
    if ((flags & ~(MORE | LONG)) !== 0) return null;
    const header = (flags & LONG) === 0 ? 2 : 9;
    if (offset + header > frames.length) break;
    let size = 0;
    for (let i = 1; i < header; i++) size = size * 256 + frames[offset + i]!;
    offset += header + size;
    if (offset <= frames.length && (flags & MORE) === 0) whole = offset;
  }
  return whole;
}

/** Whether encoded frames are whole messages and nothing else: no command, no octet and no frame missing at the end. */
export function areWholeMessages(frames: Uint8Array): boolean {
  return wholeMessages(frames) === frames.length;
}
