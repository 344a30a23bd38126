/**
 * The pure back end: every primitive from the @noble packages. Works wherever JavaScript does and is the yardstick
 * that native primitives are probed against. It makes no promise of constant time beyond what noble makes.
 */
import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { concatBytes, randomBytes } from "@noble/hashes/utils.js";
import { ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";
import { ml_kem768, ml_kem1024 } from "@noble/post-quantum/ml-kem.js";
import { wipe } from "../bytes/constant-time.ts";
import { buildAead } from "./aead.ts";
import { ed25519Message, hasAcceptablePoints } from "./ed25519-rules.ts";
import { buildHash } from "./hash.ts";
import { withRandomness } from "./inputs.ts";
import { buildKem } from "./kem.ts";
import type {
  Aead,
  AeadName,
  CryptoProvider,
  Hash,
  HashName,
  Kem,
  KemName,
  RunningHash,
  Signature,
  X25519,
} from "./provider.ts";
import { scryptMemory } from "./scrypt-limits.ts";
import { buildSignature } from "./signature.ts";
import { buildX25519 } from "./x25519.ts";

const HASHES = { "SHA-256": sha256, "SHA-384": sha384 } as const;
const AEADS = { "AES-256-GCM": gcm, "ChaCha20-Poly1305": chacha20poly1305 } as const;
const KEMS = { "ML-KEM-768": ml_kem768, "ML-KEM-1024": ml_kem1024 } as const;
const DSAS = { "ML-DSA-44": ml_dsa44, "ML-DSA-65": ml_dsa65, "ML-DSA-87": ml_dsa87 } as const;

function hash(name: HashName): Hash {
  const noble = HASHES[name];
  return buildHash({
    name,
    digest(parts) {
      const running = noble.create();
      for (const part of parts) running.update(part);
      return running.digest();
    },
    start(): RunningHash {
      const running = noble.create();
      return {
        update(bytes) {
          running.update(bytes);
          return this;
        },
        digest: () => running.clone().digest(),
      };
    },
    hmac(key, parts) {
      const running = hmac.create(noble, key);
      for (const part of parts) running.update(part);
      return running.digest();
    },
  });
}

function aead(name: AeadName): Aead {
  const cipher = AEADS[name];
  return buildAead<Uint8Array>({
    name,
    load: (key) => new Uint8Array(key),
    beginSeal(key, nonce) {
      const copied = nonce.slice();
      return (aad, plaintext) => [
        cipher(key, copied, aad).encrypt(plaintext.length === 1 ? plaintext[0]! : concatBytes(...plaintext)),
      ];
    },
    beginOpen(key, nonce) {
      const copied = nonce.slice();
      return (aad, sealed) => {
        const opener = cipher(key, copied, aad);
        try {
          return opener.decrypt(sealed);
        } catch {
          // With the lengths checked, a wrong tag is all that noble can object to.
          return null;
        }
      };
    },
    erase: wipe,
  });
}

function kem(name: KemName): Kem {
  const noble = KEMS[name];
  return buildKem<Uint8Array>({
    name,
    generate: (seed) => noble.keygen(seed),
    encapsulate(publicKey, randomness) {
      const { cipherText, sharedSecret } = withRandomness(randomness, (m) => noble.encapsulate(publicKey, m));
      return { ciphertext: cipherText, secret: sharedSecret };
    },
    decapsulate: (ciphertext, secretKey) => noble.decapsulate(ciphertext, secretKey),
    erase: wipe,
  });
}

function mlDsa(name: keyof typeof DSAS): Signature {
  const noble = DSAS[name];
  return buildSignature<Uint8Array>({
    name,
    load: (seed) => noble.keygen(seed),
    sign: (secretKey, message, context, randomness) =>
      randomness === null
        ? noble.sign(message, secretKey, { context, extraEntropy: false })
        : withRandomness(randomness, (octets) =>
            noble.sign(message, secretKey, { context, extraEntropy: octets }),
          ),
    verify: (publicKey, message, context, signature) =>
      noble.verify(signature, message, publicKey, { context }),
    erase: wipe,
  });
}

/** The point that canonical octets encode, or `null` when there is none. */
function decodePoint(octets: Uint8Array): InstanceType<typeof ed25519.Point> | null {
  try {
    return ed25519.Point.fromBytes(octets);
  } catch {
    return null;
  }
}

/** Octets in the little-endian order of RFC 8032 as a number. */
function littleEndian(octets: Uint8Array): bigint {
  return octets.reduceRight((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

/**
 * RFC 8032, section 5.1.7, by recomputing R and comparing its octets, as OpenSSL and BoringSSL do. noble's own
 * `verify` multiplies the equation by the cofactor, and so accepts signatures with a small-order part that they refuse.
 */
function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const A = hasAcceptablePoints(publicKey, signature) ? decodePoint(publicKey) : null;
  const order = ed25519.Point.Fn.ORDER;
  const S = littleEndian(signature.subarray(32));
  if (A === null || S >= order) return false;
  const R = signature.subarray(0, 32);
  const k = littleEndian(sha512(concatBytes(R, publicKey, message))) % order;
  const expected = ed25519.Point.BASE.multiplyUnsafe(S).subtract(A.multiplyUnsafe(k)).toBytes();
  return expected.every((octet, i) => octet === R[i]);
}

const ed25519Signature: Signature = buildSignature<Uint8Array>({
  name: "Ed25519",
  load: (seed) => ({ publicKey: ed25519.getPublicKey(seed), secretKey: new Uint8Array(seed) }),
  sign: (seed, message, context) => ed25519.sign(ed25519Message(context, message), seed),
  verify: (publicKey, message, context, signature) =>
    verifyEd25519(publicKey, ed25519Message(context, message), signature),
  erase: wipe,
});

const exchange: X25519 = buildX25519<Uint8Array>({
  load: (secretKey) => new Uint8Array(secretKey),
  publicKey: (secretKey) => x25519.getPublicKey(secretKey),
  sharedSecret(secretKey, publicKey) {
    try {
      return x25519.getSharedSecret(secretKey, publicKey);
    } catch {
      // With the lengths checked, a public key of small order is all that noble can object to.
      return null;
    }
  },
  erase: wipe,
});

/** The pure back end. */
export function nobleProvider(): CryptoProvider {
  return Object.freeze<CryptoProvider>({
    name: "noble",
    hashes: Object.freeze({ "SHA-256": hash("SHA-256"), "SHA-384": hash("SHA-384") }),
    aeads: Object.freeze({
      "AES-256-GCM": aead("AES-256-GCM"),
      "ChaCha20-Poly1305": aead("ChaCha20-Poly1305"),
    }),
    kems: Object.freeze({ "ML-KEM-768": kem("ML-KEM-768"), "ML-KEM-1024": kem("ML-KEM-1024") }),
    signatures: Object.freeze({
      Ed25519: ed25519Signature,
      "ML-DSA-44": mlDsa("ML-DSA-44"),
      "ML-DSA-65": mlDsa("ML-DSA-65"),
      "ML-DSA-87": mlDsa("ML-DSA-87"),
    }),
    x25519: exchange,
    scrypt(passphrase, salt, parameters) {
      const { N, r, p, length } = parameters;
      return scrypt(passphrase, salt, { N, r, p, dkLen: length, maxmem: scryptMemory(parameters) });
    },
    random: (length) => randomBytes(length),
  });
}
