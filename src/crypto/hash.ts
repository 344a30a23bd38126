/** A {@link Hash} from what a back end brings: a running hash and HMAC. HKDF is here, once for all of them. */
import { wipe } from "../bytes/constant-time.ts";
import type { Hash, HashName, RunningHash } from "./provider.ts";

/** What a back end brings for one hash function. */
export interface HashCore {
  readonly name: HashName;
  digest(parts: readonly Uint8Array[]): Uint8Array;
  start(): RunningHash;
  hmac(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array;
}

/** Octets that each hash puts out (FIPS 180-4). */
export const HASH_LENGTHS = { "SHA-256": 32, "SHA-384": 48 } as const;

/** The counter behind the first block of HKDF-Expand. */
const FIRST = Uint8Array.of(1);

/** Completes a hash function with the constructions over it. */
export function buildHash(core: HashCore): Hash {
  const length = HASH_LENGTHS[core.name];
  return Object.freeze({
    name: core.name,
    length,
    digest: (...parts: readonly Uint8Array[]) => core.digest(parts),
    start: () => core.start(),
    hmac: (key: Uint8Array, ...parts: readonly Uint8Array[]) => core.hmac(key, parts),
    extract: (salt: Uint8Array, keyMaterial: Uint8Array) => core.hmac(salt, [keyMaterial]),
    expand(pseudoRandomKey: Uint8Array, info: Uint8Array, size: number): Uint8Array {
      if (!Number.isInteger(size) || size < 1 || size > 255 * length) {
        throw new RangeError(`HKDF-Expand: expected a size of 1..${255 * length} octets, got ${size}`);
      }
      // RFC 5869, section 2.3: T(i) = HMAC(PRK, T(i - 1) || info || i). One block is all that a handshake asks for.
      if (size === length) return core.hmac(pseudoRandomKey, [info, FIRST]);
      const out = new Uint8Array(size);
      let block: Uint8Array = new Uint8Array(0);
      for (let offset = 0, i = 1; offset < size; offset += length, i++) {
        const next = core.hmac(pseudoRandomKey, [block, info, Uint8Array.of(i)]);
        wipe(block);
        block = next;
        out.set(block.subarray(0, size - offset), offset);
      }
      wipe(block);
      return out;
    },
  });
}
