/** Treatment of inputs that every back end shares: their lengths, and where randomness comes from. */
import { wipe } from "../bytes/constant-time.ts";
import type { Random } from "./provider.ts";

/** Throws `RangeError` unless `bytes` is exactly `length` octets long. */
export function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length !== length)
    throw new RangeError(`${what}: expected ${length} octets, got ${bytes.length}`);
}

/**
 * Hands `use` 32 octets of randomness, drawn from a source if need be. What was drawn here is wiped here; octets that
 * the caller brought stay the caller's.
 */
export function withRandomness<T>(randomness: Uint8Array | Random, use: (octets: Uint8Array) => T): T {
  if (typeof randomness !== "function") {
    requireLength(randomness, 32, "randomness");
    return use(randomness);
  }
  const drawn = randomness(32);
  try {
    requireLength(drawn, 32, "randomness");
    return use(drawn);
  } finally {
    wipe(drawn);
  }
}
