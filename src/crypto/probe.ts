/**
 * Probes of native primitives: known answers and a round trip. Never by version or name of the runtime, for some
 * announce what they do not have. The answers are on inputs that count up, see {@link pattern}; the post-quantum
 * primitives, whose answers are too long to keep, are crossed with the pure back end instead.
 */
import { equalSecret } from "../bytes/constant-time.ts";
import { utf8 } from "../bytes/writer.ts";
import type {
  Aead,
  AeadName,
  CryptoProvider,
  Hash,
  HashName,
  Kem,
  KemName,
  Random,
  Signature,
  SignatureName,
  X25519,
} from "./provider.ts";

/** Digest of pattern(200, 0); HMAC of pattern(20, 0) under the former. */
const HASH_ANSWERS: Record<HashName, readonly [string, string]> = {
  "SHA-256": [
    "1901da1c9f699b48f6b2636e65cbf73abf99d0441ef67f5c540a42f7051dec6f",
    "326bbb9a9b7d9b6661d480bb97083b360a6d65463eb041d3e9257c2963d0a43c",
  ],
  "SHA-384": [
    "7ea4bb2534c67036f49de7beb5fe8a2478df04ff3fef40a9cd4923999a590e9912df1297217ce1a021aa2fb1013498b8",
    "8506f7cb86a0ca5706874e01b4bdd50666982793e48696bb4c5a440ab21015e7e6d2afdeb95d76957feb276c0cbf2ec0",
  ],
};

/** pattern(40, 3) sealed under pattern(32, 4) with nonce pattern(12, 1) and associated data pattern(17, 2). */
const AEAD_ANSWERS: Record<AeadName, string> = {
  "AES-256-GCM":
    "f519bd3335cc5118ec7e2be84759056dd66b89e2d6f848e7c8dfef442aaf43bd04b1a937bd69b675039540af6702e1026611c8876f9edf1e",
  "ChaCha20-Poly1305":
    "f9a029d2b816374f6fe25a4096f6f3954fab7b366cbfdd56487aec427e2977655bd8b95f2fed9018b2d7d05885b99781a704e1d7ae825848",
};

/** Public key of the secret key pattern(32, 1); its shared secret with the public key pattern(32, 101). */
const X25519_ANSWERS = [
  "07a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c",
  "a1bc6711cb9ae84fc44f1b07470f7089fbc752f823d59f064b8864a7a4944d3a",
] as const;

/** Passphrase pattern(10, 1), salt pattern(16, 1), N 2, r 1, p 2. */
const SCRYPT_ANSWER = "8c3aa46af0316fc3503dbcf5b7a2e7b42008d6023a13a8f53aa8ea7a651bb714";

/** First and last 16 octets of the public key of the seed pattern(64, 1); the secret that pattern(length, 2) yields. */
const KEM_ANSWERS: Record<KemName, readonly [string, string]> = {
  "ML-KEM-768": [
    "659717deb2b867fc2397dc212cf0ab353c636abbeb1cfcf3a18c128194ea649e",
    "7a4be984e0176d3dadf8ab3a790518177ccd2b68d0cbb57cbda51aaf78a144df",
  ],
  "ML-KEM-1024": [
    "c9912627d3562433666d91500f003e179ac272d0fe33a02322d16df8d8709ab0",
    "64ce7588509f80c6536a8211f50cf37a3239a50574c3a2f1e91cb77d8b71bc3d",
  ],
};

/** First and last 16 octets of the public key of the seed pattern(32, 1). */
const SIGNATURE_ANSWERS: Record<SignatureName, string> = {
  Ed25519: "79b5562e8fe654f94078b112e8a98ba7901f853ae695bed7e0e3910bad049664",
  "ML-DSA-44": "510c9bfd1dd7374f4e8ae71dd58281100b4fd76f59cd29ac8975ada5c7135cf6",
  "ML-DSA-65": "b0ead780af27b7f974532cd85bf3f860c86552f575f1ad74d90cde8be2a93ec1",
  "ML-DSA-87": "be8224ff468bc2af9a6848ede990f4a50da2e86c6282471472a943c267a481b4",
};

/** Ed25519 signature of pattern(50, 2) in the context "probe" under that seed. */
const ED25519_ANSWER =
  "f1a7571870906f0be2c72ab9e4afe30ee67fbe843b50c4903a3eace301b23e55669995d295115a848201a5bde16631140b88997048b0c5375cc2c12d423a9605";

/** `length` octets counting up from `first`. */
function pattern(length: number, first: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => first + i);
}

/** A copy with one bit turned, at `index` counted from either end. */
function tampered(bytes: Uint8Array, index = 0): Uint8Array {
  const out = new Uint8Array(bytes);
  out.set([out.at(index)! ^ 1], index < 0 ? out.length + index : index);
  return out;
}

function hex(...parts: readonly Uint8Array[]): string {
  return parts.map((part) => Buffer.from(part).toString("hex")).join("");
}

/** First and last 16 octets. */
function ends(bytes: Uint8Array): string {
  return hex(bytes.subarray(0, 16), bytes.subarray(-16));
}

/** An exception is how most runtimes say that they lack a primitive, or a variant of one: the answer is no. */
function holds(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

/** Digest in pieces with a look in between; HMAC under a key longer than a block, and under none. */
export function hashWorks(hash: Hash): boolean {
  return holds(() => {
    const [digest, mac] = HASH_ANSWERS[hash.name];
    const message = pattern(200, 0);
    const running = hash.start().update(message.subarray(0, 70));
    running.digest();
    return (
      hex(running.update(message.subarray(70)).digest()) === digest &&
      hex(hash.digest(message.subarray(0, 9), message.subarray(9))) === digest &&
      hex(hash.hmac(message, message.subarray(0, 20))) === mac &&
      hash.hmac(new Uint8Array(0), message).length === hash.length
    );
  });
}

/** Seals in pieces, opens, refuses a tampered tag, ciphertext and associated data. */
export function aeadWorks(aead: Aead): boolean {
  return holds(() => {
    const [nonce, aad, plaintext] = [pattern(12, 1), pattern(17, 2), pattern(40, 3)];
    const key = aead.key(pattern(32, 4));
    const pieces = key.seal(nonce, aad, [plaintext.subarray(0, 33), plaintext.subarray(33)]);
    const sealed = new Uint8Array(Buffer.concat(pieces));
    const opened = key.open(nonce, aad, sealed);
    return (
      hex(sealed) === AEAD_ANSWERS[aead.name] &&
      opened !== null &&
      equalSecret(opened, plaintext) &&
      key.open(nonce, aad, tampered(sealed, -1)) === null &&
      key.open(nonce, aad, tampered(sealed)) === null &&
      key.open(nonce, tampered(aad), sealed) === null
    );
  });
}

/** Public key, shared secret, the refusal of a public key of small order, and a key pair that the runtime draws. */
export function x25519Works(x25519: X25519, random: Random): boolean {
  return holds(() => {
    const secretKey = pattern(32, 1);
    const drawn = x25519.generate(random);
    const publicKey = x25519.publicKey(secretKey);
    const crossed = drawn.sharedSecret(publicKey);
    const secret = x25519.sharedSecret(secretKey, pattern(32, 101));
    return (
      hex(publicKey) === X25519_ANSWERS[0] &&
      secret !== null &&
      hex(secret) === X25519_ANSWERS[1] &&
      x25519.sharedSecret(secretKey, new Uint8Array(32)) === null &&
      crossed !== null &&
      equalSecret(crossed, x25519.sharedSecret(secretKey, drawn.publicKey)!)
    );
  });
}

/** scrypt at its cheapest. */
export function scryptWorks(scrypt: CryptoProvider["scrypt"]): boolean {
  return holds(
    () => hex(scrypt(pattern(10, 1), pattern(16, 1), { N: 2, r: 1, p: 2, length: 32 })) === SCRYPT_ANSWER,
  );
}

/** Key from a seed, implicit rejection, a round trip, a ciphertext of the pure back end and one for a drawn key. */
export function kemWorks(kem: Kem, pure: Kem, random: Random): boolean {
  return holds(() => {
    const { publicKey, secretKey } = kem.generate(pattern(64, 1));
    const [key, rejected] = KEM_ANSWERS[kem.name];
    const own = kem.encapsulate(publicKey, random)!;
    const foreign = pure.encapsulate(publicKey, pattern(32, 1))!;
    const drawn = kem.generate(random);
    const toDrawn = pure.encapsulate(drawn.publicKey, pattern(32, 1))!;
    return (
      ends(publicKey) === key &&
      hex(kem.decapsulate(pattern(kem.ciphertextLength, 2), secretKey)) === rejected &&
      equalSecret(kem.decapsulate(own.ciphertext, secretKey), own.secret) &&
      equalSecret(kem.decapsulate(foreign.ciphertext, secretKey), foreign.secret) &&
      equalSecret(kem.decapsulate(toDrawn.ciphertext, drawn.secretKey), toDrawn.secret)
    );
  });
}

/**
 * Key from a seed, and a signature that no other context or message has: the known one of Ed25519, for ML-DSA one
 * that the pure back end confirms.
 */
export function signatureWorks(scheme: Signature, pure: Signature, random: Random): boolean {
  return holds(() => {
    const [message, context] = [pattern(50, 2), utf8("probe")];
    const key = scheme.key(pattern(32, 1));
    const signature = key.sign(message, context, random);
    return (
      ends(key.publicKey) === SIGNATURE_ANSWERS[scheme.name] &&
      scheme.verify(key.publicKey, message, context, signature) &&
      !scheme.verify(key.publicKey, message, utf8("other"), signature) &&
      !scheme.verify(key.publicKey, tampered(message), context, signature) &&
      (scheme.name === "Ed25519"
        ? hex(signature) === ED25519_ANSWER
        : pure.verify(key.publicKey, message, context, signature))
    );
  });
}
