/** Comparison and wiping of secrets. The only file that does either. */
import { timingSafeEqual } from "node:crypto";

/**
 * Compares two octet strings in time that depends only on their lengths.
 * A difference of length is not secret and returns at once.
 */
export function equalSecret(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** True when every octet is zero; looks at all of them whatever it finds. */
export function isAllZero(bytes: Uint8Array): boolean {
  let seen = 0;
  for (let i = 0; i < bytes.length; i++) seen |= bytes[i]!;
  return seen === 0;
}

/**
 * Overwrites secrets with zeros. Called by whoever made them, in `finally`.
 * The engine may have moved or copied the memory before: this shortens the life of a secret, no more.
 */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}
