/**
 * Native ML-KEM and ML-DSA, where node:crypto has them. It takes no randomness from outside but seeds, so encapsulating
 * and signing are native only for callers that hand over the provider's own source; reproducible results come from the
 * pure back end. Keys enter and leave in DER, with the seed as the private key (RFC 9935 and RFC 9881, section 6).
 */
import * as crypto from "node:crypto";
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { wipe } from "../bytes/constant-time.ts";
import { buildKem, KEM_LENGTHS } from "./kem.ts";
import { plain } from "./node-bytes.ts";
import { drawKeyPair, SPKI } from "./node-keys.ts";
import type { Kem, KemName, Random, Signature, SignatureName, SigningKey } from "./provider.ts";
import { buildSignature } from "./signature.ts";

/** Functions that came to node:crypto later than the types this is compiled against. */
interface NativeKem {
  encapsulate(publicKey: KeyObject): { readonly sharedKey: Buffer; readonly ciphertext: Buffer };
  decapsulate(secretKey: KeyObject, ciphertext: Uint8Array): Buffer;
}

/** Names of the ML-DSA parameter sets. */
export type MlDsaName = Exclude<SignatureName, "Ed25519">;

/** The octets in which the object identifiers under 2.16.840.1.101.3.4 differ. */
const IDENTIFIERS: Record<KemName | MlDsaName, readonly [number, number]> = {
  "ML-KEM-768": [4, 2],
  "ML-KEM-1024": [4, 3],
  "ML-DSA-44": [3, 17],
  "ML-DSA-65": [3, 18],
  "ML-DSA-87": [3, 19],
};

/** AlgorithmIdentifier: SEQUENCE { OBJECT IDENTIFIER }. */
function algorithm(name: KemName | MlDsaName): readonly number[] {
  return [0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, ...IDENTIFIERS[name]];
}

/** PKCS#8: SEQUENCE { INTEGER 0, AlgorithmIdentifier, OCTET STRING { [0] seed } }. */
function importSeed(name: KemName | MlDsaName, seed: Uint8Array): KeyObject {
  const n = seed.length;
  const head = [0x30, n + 20, 0x02, 0x01, 0x00, ...algorithm(name), 0x04, n + 2, 0x80, n];
  const der = Buffer.concat([Buffer.from(head), seed]);
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } finally {
    wipe(der);
  }
}

/** Octets of SubjectPublicKeyInfo before the key, for keys of 256..65517 octets. */
const SPKI_HEAD = 22;

/** SubjectPublicKeyInfo: SEQUENCE { AlgorithmIdentifier, BIT STRING key }. */
function importPublic(name: KemName | MlDsaName, publicKey: Uint8Array): KeyObject {
  const all = publicKey.length + SPKI_HEAD - 4;
  const bits = publicKey.length + 1;
  const head = [0x30, 0x82, all >> 8, all & 0xff, ...algorithm(name), 0x03, 0x82, bits >> 8, bits & 0xff, 0];
  const der = Buffer.concat([Buffer.from(head), publicKey]);
  return createPublicKey({ key: der, ...SPKI });
}

function exportPublic(publicKey: KeyObject): Uint8Array {
  return new Uint8Array(publicKey.export(SPKI).subarray(SPKI_HEAD));
}

/**
 * Native ML-KEM, or `undefined` when the runtime has no such functions. `own` is the source of randomness for which
 * key pairs and encapsulations may be drawn natively; `pure` encapsulates for all others.
 */
export function nodeKem(name: KemName, own: Random, pure: Kem): Kem | undefined {
  if (!("encapsulate" in crypto && "decapsulate" in crypto)) return undefined;
  const native = crypto as unknown as NativeKem;
  return buildKem<KeyObject>({
    name,
    generate(seed) {
      const secretKey = importSeed(name, seed);
      return { publicKey: exportPublic(createPublicKey(secretKey)), secretKey };
    },
    draw(source) {
      return source === own ? drawKeyPair(name.toLowerCase(), KEM_LENGTHS[name].publicKey) : undefined;
    },
    encapsulate(publicKey, randomness) {
      // Not null: the key has been checked.
      if (randomness !== own) return pure.encapsulate(publicKey, randomness)!;
      const { ciphertext, sharedKey } = native.encapsulate(importPublic(name, publicKey));
      return { ciphertext: plain(ciphertext), secret: plain(sharedKey) };
    },
    decapsulate: (ciphertext, secretKey) => plain(native.decapsulate(secretKey, ciphertext)),
    erase: () => {},
  });
}

/** A native signing key, and what its pure twin is made from when a reproducible signature is asked for. */
interface MlDsaKey {
  readonly native: KeyObject;
  readonly seed: Uint8Array;
  pure?: SigningKey;
}

/** Native ML-DSA. Whether the runtime has it shows at first use. `own` and `pure` as for {@link nodeKem}. */
export function nodeMlDsa(name: MlDsaName, own: Random, pure: Signature): Signature {
  const signPure = (
    key: MlDsaKey,
    message: Uint8Array,
    context: Uint8Array,
    randomness: Uint8Array | Random | null,
  ): Uint8Array => {
    key.pure ??= pure.key(key.seed);
    return key.pure.sign(message, context, randomness);
  };
  return buildSignature<MlDsaKey>({
    name,
    load(seed) {
      const native = importSeed(name, seed);
      return {
        publicKey: exportPublic(createPublicKey(native)),
        secretKey: { native, seed: new Uint8Array(seed) },
      };
    },
    sign(key, message, context, randomness) {
      if (randomness !== own) return signPure(key, message, context, randomness);
      return plain(crypto.sign(null, message, withContext(key.native, context)));
    },
    signAsync(key, message, context, randomness) {
      if (randomness !== own) return Promise.resolve(signPure(key, message, context, randomness));
      // Copied: the caller may reuse its memory once this returns, and the signature is made later.
      const [laterMessage, laterContext] = [new Uint8Array(message), new Uint8Array(context)];
      return new Promise((resolve, reject) => {
        crypto.sign(null, laterMessage, withContext(key.native, laterContext), (error, signature) => {
          if (error) reject(error);
          else resolve(plain(signature));
        });
      });
    },
    verify: (publicKey, message, context, signature) =>
      crypto.verify(null, message, withContext(importPublic(name, publicKey), context), signature),
    erase(key) {
      wipe(key.seed);
      key.pure?.wipe();
    },
  });
}

/** The option `context` is younger than the types this is compiled against. */
function withContext(key: KeyObject, context: Uint8Array): { key: KeyObject; context: Uint8Array } {
  return { key, context };
}
