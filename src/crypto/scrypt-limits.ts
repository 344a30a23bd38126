/** Bounds of scrypt's parameters, the same whichever back end computes it. */
import type { ScryptParameters } from "./provider.ts";

/** Octets of memory that scrypt may take: 128 N r (RFC 7914, section 2). */
const MEMORY_LIMIT = 2 ** 30;

/**
 * Octets to allow a back end for these parameters. Throws `RangeError` unless N is a power of two above 1 and below
 * 2^(16 r), r and p are positive, r p is below 2^30 (RFC 7914, section 6), and memory stays within 1 GiB.
 */
export function scryptMemory({ N, r, p, length }: ScryptParameters): number {
  const positive = [N, r, p, length].every((value) => Number.isSafeInteger(value) && value > 0);
  if (!positive || N < 2 || N >= 2 ** (16 * r) || !Number.isInteger(Math.log2(N)) || r * p >= 2 ** 30) {
    throw new RangeError(`scrypt: invalid parameters N=${N}, r=${r}, p=${p}, length=${length}`);
  }
  if (128 * r * (N + p) > MEMORY_LIMIT) {
    throw new RangeError(`scrypt: N=${N}, r=${r}, p=${p} take more than ${MEMORY_LIMIT} octets of memory`);
  }
  // Two blocks of scratch beside the N and the p that RFC 7914 names, and room for a back end's own.
  return 128 * r * (N + p + 2) + 4096;
}
