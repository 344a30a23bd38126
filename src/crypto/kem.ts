/** A {@link Kem} from what a back end brings; the checks of FIPS 203, section 7, that both make alike. */
import { Held } from "./held.ts";
import { requireLength, withRandomness } from "./inputs.ts";
import type { Kem, KemName, KemSecretKey, Random } from "./provider.ts";

/** What a back end brings for one ML-KEM parameter set. Lengths and the modulus have been checked before. */
export interface KemCore<K> {
  readonly name: KemName;
  generate(seed: Uint8Array): { readonly publicKey: Uint8Array; readonly secretKey: K };
  /** From this source by the runtime's own means, `undefined` when it has none for it. */
  draw?(source: Random): { readonly publicKey: Uint8Array; readonly secretKey: K } | undefined;
  encapsulate(
    publicKey: Uint8Array,
    randomness: Uint8Array | Random,
  ): { readonly ciphertext: Uint8Array; readonly secret: Uint8Array };
  decapsulate(ciphertext: Uint8Array, secretKey: K): Uint8Array;
  erase(secretKey: K): void;
}

/** Octets of keys and ciphertexts (FIPS 203, table 3). */
export const KEM_LENGTHS = {
  "ML-KEM-768": { publicKey: 1184, ciphertext: 1088 },
  "ML-KEM-1024": { publicKey: 1568, ciphertext: 1568 },
} as const;

/** Octets of a seed d || z. */
const SEED_LENGTH = 64;
/** Octets of the seed rho at the end of an encapsulation key; before it come coefficients of 12 bits. */
const RHO_LENGTH = 32;
/** The modulus q. */
const MODULUS = 3329;

/** FIPS 203, section 7.2, "Modulus check": every coefficient is below q. The key is public, so this may stop early. */
function isReduced(publicKey: Uint8Array): boolean {
  for (let i = 0; i < publicKey.length - RHO_LENGTH; i += 3) {
    const middle = publicKey[i + 1]!;
    const low = publicKey[i]! | ((middle & 0x0f) << 8);
    const high = (middle >> 4) | (publicKey[i + 2]! << 4);
    if (low >= MODULUS || high >= MODULUS) return false;
  }
  return true;
}

/** Completes a KEM with its checks. */
export function buildKem<K>(core: KemCore<K>): Kem {
  const lengths = KEM_LENGTHS[core.name];

  /** Local, so that a key of another parameter set or another back end is told apart. */
  class SecretKey extends Held<K> implements KemSecretKey {}

  return Object.freeze({
    name: core.name,
    publicKeyLength: lengths.publicKey,
    ciphertextLength: lengths.ciphertext,
    generate(seed: Uint8Array | Random) {
      const drawn = typeof seed === "function" ? core.draw?.(seed) : undefined;
      const { publicKey, secretKey } =
        drawn ?? withRandomness(seed, core.generate, SEED_LENGTH, `${core.name} seed`);
      return { publicKey, secretKey: new SecretKey(secretKey, core.erase) };
    },
    encapsulate(publicKey: Uint8Array, randomness: Uint8Array | Random) {
      if (publicKey.length !== lengths.publicKey || !isReduced(publicKey)) return null;
      return core.encapsulate(publicKey, randomness);
    },
    decapsulate(ciphertext: Uint8Array, secretKey: KemSecretKey) {
      requireLength(ciphertext, lengths.ciphertext, `${core.name} ciphertext`);
      if (!(secretKey instanceof SecretKey)) throw new TypeError(`not a key of this ${core.name}`);
      return core.decapsulate(ciphertext, secretKey.get());
    },
  });
}
