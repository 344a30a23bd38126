/** Treatment of inputs that every back end shares: their lengths, and where randomness comes from. */
import { wipe } from "../bytes/constant-time.ts";
import type { Random } from "./provider.ts";

/** Throws `RangeError` unless `bytes` is exactly `length` octets long. */
export function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length !== length)
    throw new RangeError(`${what}: expected ${length} octets, got ${bytes.length}`);
}

/**
 * Hands `use` 32 octets of randomness, or `length`, drawn from a source if need be. What was drawn here is wiped here;
 * octets that the caller brought stay the caller's. `what` names them in the `RangeError` for a wrong length.
 */
export function withRandomness<T>(
  randomness: Uint8Array | Random,
  use: (octets: Uint8Array) => T,
  length = 32,
  what = "randomness",
): T {
  if (typeof randomness !== "function") {
    requireLength(randomness, length, what);
    return use(randomness);
  }
  const drawn = randomness(length);
  try {
    requireLength(drawn, length, what);
    return use(drawn);
  } finally {
    wipe(drawn);
  }
}
