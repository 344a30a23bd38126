/** Files of keys, trust and configuration: read whole, and never more of them than is asked for. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { wipe } from "../bytes/constant-time.ts";

/**
 * Reads a regular file of `limit` octets at most, also while somebody writes to it; nothing blocks. What is checked, by
 * `check` too, is the open file, so that it cannot be exchanged after the check. Throws the system's error, what
 * `check` throws, or `RangeError` for another kind of file or a longer one.
 */
export function readSmallFile(
  path: string,
  limit: number,
  check: (stats: Stats) => void = () => {},
): Uint8Array {
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory()) throw new RangeError("is a folder, not a regular file");
    if (!stats.isFile()) throw new RangeError("is not a regular file");
    check(stats);
    return readToEnd(file, Math.min(stats.size, limit), limit);
  } finally {
    closeSync(file);
  }
}

/** `expected` is how many octets there probably are. */
function readToEnd(file: number, expected: number, limit: number): Uint8Array {
  // One octet of room more than there is shows the end.
  let buffer = new Uint8Array(expected + 1);
  let length = 0;
  for (;;) {
    const read = readSync(file, buffer, length, buffer.length - length, null);
    if (read === 0) return buffer.subarray(0, length);
    length += read;
    if (length > limit) {
      wipe(buffer);
      throw new RangeError(`is longer than ${limit} octets`);
    }
    if (length < buffer.length) continue;
    const larger = new Uint8Array(Math.min(2 * buffer.length, limit) + 1);
    larger.set(buffer);
    wipe(buffer);
    buffer = larger;
  }
}
