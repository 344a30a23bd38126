/**
 * The record of cryptographic primitives that the protocol code is handed. That code never picks an implementation by
 * itself: `noble.ts` has every primitive, `node.ts` those of node:crypto, `select.ts` chooses for each. They differ in
 * speed and in nothing else.
 *
 * Conventions for all of it: inputs are never modified or kept; outputs are fresh memory, and the secrets among them
 * the caller's to wipe; a wrong length is a caller's mistake and throws `RangeError`, a hostile value is reported as
 * each method says.
 */

/** Names of hashes, as in suite octet 4 (spec, "Suites"). */
export type HashName = "SHA-256" | "SHA-384";
/** Names of AEADs, as in suite octet 3. */
export type AeadName = "AES-256-GCM" | "ChaCha20-Poly1305";
/** Names of key encapsulation mechanisms, the building blocks of suite octet 1. */
export type KemName = "ML-KEM-768" | "ML-KEM-1024";
/** Names of signature algorithms, as in suite octet 2. */
export type SignatureName = "Ed25519" | "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87";

/** A hash that takes its input in pieces. `digest` may be called at any time and does not end the hash. */
export interface RunningHash {
  update(bytes: Uint8Array): this;
  /** Hash of everything so far; `length` octets. The running hash can be updated further. */
  digest(): Uint8Array;
}

/** A hash function with the constructions over it (RFC 2104, RFC 5869). */
export interface Hash {
  readonly name: HashName;
  /** Output length in octets: 32 or 48. */
  readonly length: number;
  digest(...parts: readonly Uint8Array[]): Uint8Array;
  start(): RunningHash;
  hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** HKDF-Extract; `length` octets out. */
  extract(salt: Uint8Array, keyMaterial: Uint8Array): Uint8Array;
  /** HKDF-Expand; `size` octets out, at most 255 times `length`. */
  expand(pseudoRandomKey: Uint8Array, info: Uint8Array, size: number): Uint8Array;
}

/** An AEAD under one key (32 octets). Nonces are 12 octets, tags 16. Never reuse a nonce: nothing here checks. */
export interface AeadKey {
  /**
   * Encrypts the concatenation of `plaintext` pieces. Returns pieces whose concatenation is ciphertext || tag, ready
   * to write; they are freshly made.
   */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: readonly Uint8Array[]): Uint8Array[];
  /** Decrypts ciphertext || tag into fresh memory, or returns `null` when it was not sealed this way. Never throws for hostile input. */
  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | null;
  /** Does ahead of time what of `seal` hangs on the nonce alone, which is copied. What is returned is good for one call. */
  beginSeal(nonce: Uint8Array): Sealing;
  /** The same for `open`. */
  beginOpen(nonce: Uint8Array): Opening;
  /** Overwrites what this object holds of the key. Any later use throws. */
  wipe(): void;
}

/** {@link AeadKey.seal} under a nonce that is settled. */
export type Sealing = (aad: Uint8Array, plaintext: readonly Uint8Array[]) => Uint8Array[];

/** {@link AeadKey.open} under a nonce that is settled. */
export type Opening = (aad: Uint8Array, sealed: Uint8Array) => Uint8Array | null;

/** An AEAD algorithm: 32-octet keys, 12-octet nonces, 16-octet tags. */
export interface Aead {
  readonly name: AeadName;
  /** Copies `key` (32 octets). */
  key(key: Uint8Array): AeadKey;
}

/** ML-KEM (FIPS 203). */
export interface Kem {
  readonly name: KemName;
  /** Octets of an encapsulation key: 1184 or 1568. */
  readonly publicKeyLength: number;
  /** Octets of a ciphertext: 1088 or 1568. */
  readonly ciphertextLength: number;
  /** From a 64-octet seed d || z (FIPS 203, algorithm 16). `secretKey` is opaque and the caller's to pass back and to wipe. */
  generate(seed: Uint8Array | Random): { readonly publicKey: Uint8Array; readonly secretKey: KemSecretKey };
  /** With 32 octets of randomness (algorithm 17). `null` when the key fails the check of section 7.2 (length or modulus). */
  encapsulate(
    publicKey: Uint8Array,
    randomness: Uint8Array | Random,
  ): { readonly ciphertext: Uint8Array; readonly secret: Uint8Array } | null;
  /**
   * The 32-octet secret; for a wrong ciphertext of the right length another, unpredictable one (implicit rejection,
   * section 6.3). Throws `TypeError` for a key that this object did not generate.
   */
  decapsulate(ciphertext: Uint8Array, secretKey: KemSecretKey): Uint8Array;
}

/** A decapsulation key in whatever form the back end keeps it. */
export interface KemSecretKey {
  /** Overwrites what this object holds of the key. Any later use throws. */
  wipe(): void;
}

/** A signature scheme. ML-DSA is pure ML-DSA (FIPS 204, algorithms 2 and 3); Ed25519 signs context || 0x00 || message (spec, "Signatures"). */
export interface Signature {
  readonly name: SignatureName;
  readonly publicKeyLength: number;
  readonly signatureLength: number;
  /** Expands a 32-octet seed once, for signing many times: for ML-DSA a fifth of the cost of each signature. */
  key(seed: Uint8Array): SigningKey;
  /** Public key of a 32-octet seed. */
  publicKey(seed: Uint8Array): Uint8Array;
  /** Signs once: {@link Signature.key}, {@link SigningKey.sign}, wipe. */
  sign(
    seed: Uint8Array,
    message: Uint8Array,
    context: Uint8Array,
    randomness: Uint8Array | Random | null,
  ): Uint8Array;
  /** False for anything that is not a valid signature, malformed keys and signatures included. Never throws for hostile input. */
  verify(publicKey: Uint8Array, message: Uint8Array, context: Uint8Array, signature: Uint8Array): boolean;
}

/** A private signing key, expanded from its seed. */
export interface SigningKey {
  readonly publicKey: Uint8Array;
  /**
   * Signs. `context` is at most 255 octets. `randomness` is 32 octets for hedged signing, or `null` for the
   * deterministic variant that vectors use; Ed25519 ignores it.
   */
  sign(message: Uint8Array, context: Uint8Array, randomness: Uint8Array | Random | null): Uint8Array;
  /**
   * As {@link SigningKey.sign}, off the event loop's thread. Present only where the runtime can; even there it works
   * on the calling thread unless `randomness` is the provider's own {@link CryptoProvider.random}.
   */
  signAsync?(
    message: Uint8Array,
    context: Uint8Array,
    randomness: Uint8Array | Random | null,
  ): Promise<Uint8Array>;
  /** Overwrites what this object holds of the key. Any later use throws. */
  wipe(): void;
}

/** X25519 (RFC 7748). */
export interface X25519 {
  /** 32 octets from 32. */
  publicKey(secretKey: Uint8Array): Uint8Array;
  /** The shared secret, 32 octets, or `null` when it is all zeros (a small-order public key; RFC 7748, section 6.1). */
  sharedSecret(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | null;
  /** A key pair from a secret key of 32 octets, kept in the back end's form: made ready once, however often it is used. */
  generate(secretKey: Uint8Array | Random): X25519KeyPair;
}

/** A secret key of X25519, held. */
export interface X25519KeyPair {
  readonly publicKey: Uint8Array;
  /** As {@link X25519.sharedSecret}. */
  sharedSecret(publicKey: Uint8Array): Uint8Array | null;
  /** Overwrites what this object holds of the key. Any later use throws. */
  wipe(): void;
}

/**
 * Where secrets come from: in production the operating system, in vectors a recording. Returns fresh memory, which
 * whoever asked for it may wipe.
 *
 * A primitive that wants randomness takes either the octets or such a source. Octets, and any source but the
 * provider's own {@link CryptoProvider.random}, fix the result. That one source also allows a native primitive to
 * draw for itself from the operating system, which is many times faster where the runtime has one.
 */
export type Random = (length: number) => Uint8Array;

/** Everything that the protocol needs. */
export interface CryptoProvider {
  /** `"noble"`, `"node"`, or `"node+noble"`: for people and for logs, never for decisions. */
  readonly name: string;
  readonly hashes: Readonly<Record<HashName, Hash>>;
  readonly aeads: Readonly<Record<AeadName, Aead>>;
  readonly kems: Readonly<Record<KemName, Kem>>;
  readonly signatures: Readonly<Record<SignatureName, Signature>>;
  readonly x25519: X25519;
  /** scrypt (RFC 7914) for passphrases of key files. Throws `RangeError` for invalid parameters, or beyond 1 GiB. */
  scrypt(passphrase: Uint8Array, salt: Uint8Array, parameters: ScryptParameters): Uint8Array;
  readonly random: Random;
}

/** Cost parameters of scrypt; `N` is a power of two. */
export interface ScryptParameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly length: number;
}
