/** A {@link Signature} from what a back end brings; the checks that both make alike. */
import { Held } from "./held.ts";
import { requireLength } from "./inputs.ts";
import type { Random, Signature, SignatureName, SigningKey } from "./provider.ts";

/** What a back end brings for one signature scheme. Lengths have been checked before. */
export interface SignatureCore<K> {
  readonly name: SignatureName;
  /** A back end's form of a seed, copied, with the public key. */
  load(seed: Uint8Array): { readonly publicKey: Uint8Array; readonly secretKey: K };
  sign(key: K, message: Uint8Array, context: Uint8Array, randomness: Uint8Array | Random | null): Uint8Array;
  signAsync?(
    key: K,
    message: Uint8Array,
    context: Uint8Array,
    randomness: Uint8Array | Random | null,
  ): Promise<Uint8Array>;
  verify(publicKey: Uint8Array, message: Uint8Array, context: Uint8Array, signature: Uint8Array): boolean;
  erase(key: K): void;
}

/** RFC 8032, section 5.1; FIPS 204, table 2. */
const LENGTHS = {
  Ed25519: { publicKey: 32, signature: 64 },
  "ML-DSA-44": { publicKey: 1312, signature: 2420 },
  "ML-DSA-65": { publicKey: 1952, signature: 3309 },
  "ML-DSA-87": { publicKey: 2592, signature: 4627 },
} as const;

/** Octets of a seed, for all of them. */
const SEED_LENGTH = 32;
/** Octets of a context at most (FIPS 204, algorithm 2). */
const CONTEXT_LIMIT = 255;

function requireContext(context: Uint8Array): void {
  if (context.length > CONTEXT_LIMIT) {
    throw new RangeError(`context: expected at most ${CONTEXT_LIMIT} octets, got ${context.length}`);
  }
}

function buildKey<K>(core: SignatureCore<K>, seed: Uint8Array): SigningKey {
  requireLength(seed, SEED_LENGTH, `${core.name} seed`);
  const { publicKey, secretKey } = core.load(seed);
  const held = new Held(secretKey, core.erase);
  const key: SigningKey = {
    publicKey,
    sign(message, context, randomness) {
      requireContext(context);
      return core.sign(held.get(), message, context, randomness);
    },
    wipe: () => held.wipe(),
  };
  if (core.signAsync === undefined) return key;
  return {
    ...key,
    async signAsync(message, context, randomness) {
      requireContext(context);
      return core.signAsync!(held.get(), message, context, randomness);
    },
  };
}

/** Completes a signature scheme with its checks. */
export function buildSignature<K>(core: SignatureCore<K>): Signature {
  const lengths = LENGTHS[core.name];
  return Object.freeze({
    name: core.name,
    publicKeyLength: lengths.publicKey,
    signatureLength: lengths.signature,
    key: (seed: Uint8Array) => buildKey(core, seed),
    publicKey(seed: Uint8Array): Uint8Array {
      const key = buildKey(core, seed);
      key.wipe();
      return key.publicKey;
    },
    sign(
      seed: Uint8Array,
      message: Uint8Array,
      context: Uint8Array,
      randomness: Uint8Array | Random | null,
    ): Uint8Array {
      const key = buildKey(core, seed);
      try {
        return key.sign(message, context, randomness);
      } finally {
        key.wipe();
      }
    },
    verify(publicKey: Uint8Array, message: Uint8Array, context: Uint8Array, signature: Uint8Array): boolean {
      requireContext(context);
      if (publicKey.length !== lengths.publicKey || signature.length !== lengths.signature) return false;
      return core.verify(publicKey, message, context, signature);
    },
  });
}
