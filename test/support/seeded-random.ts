/** Randomness that replays: SHA-256 over a seed and a counter. */
import { createHash } from "node:crypto";
import type { Random } from "../../src/crypto/provider.ts";

/** A source of octets that is the same for the same seed. Never for anything but tests. */
export function seededRandom(seed: string): Random {
  let block = 0;
  let pool = Buffer.alloc(0);
  return (length) => {
    while (pool.length < length) {
      pool = Buffer.concat([pool, createHash("sha256").update(`${seed}/${block++}`).digest()]);
    }
    const out = Uint8Array.from(pool.subarray(0, length));
    pool = pool.subarray(length);
    return out;
  };
}
