/**
 * Containers of keys in files: private keys as seeds, under a passphrase if wanted, and public keys (spec, "Files").
 *
 *     private: version u8 (1)   algorithm u8   key_id[32]   protection u8   then
 *              0: seed[32]
 *              1: log_n u8   r u8   p u8   salt[16]   nonce[12]   ChaCha20-Poly1305(seed)[48], all before it as AAD
 *     public:  algorithm u8   public key
 */
import { equalSecret, wipe } from "../../bytes/constant-time.ts";
import { LayoutError, Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import type { CryptoProvider, Random, SignatureName } from "../../crypto/provider.ts";
import { keyFingerprint, SIGNATURE_OCTETS, signatureByOctet } from "./algorithm.ts";

const VERSION = 1;
const PLAIN = 0;
const PASSPHRASE = 1;
const SEED = 32;
const TAG = 16;

/** A private key. Whoever gets one wipes `seed`, 32 octets. */
export interface PrivateKey {
  readonly algorithm: SignatureName;
  readonly seed: Uint8Array;
}

/** A public key as it is given to an authority. */
export interface PublicKey {
  readonly algorithm: SignatureName;
  /** Of the algorithm's length. */
  readonly publicKey: Uint8Array;
}

/** Cost of scrypt: N = 2^`logN` (10..20), `r` 2..16, `p` 1..8; N r at most 2^21 (256 MiB), N r p at most 2^23. */
export interface PassphraseCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** 128 MiB and about half a second. */
export const DEFAULT_COST: PassphraseCost = { logN: 17, r: 8, p: 1 };

/** How a private key is protected in its file. */
export interface Protection {
  /** At least one octet; UTF-8 of the passphrase in Unicode normal form C. */
  readonly passphrase: Uint8Array;
  readonly random: Random;
  readonly cost?: PassphraseCost;
}

/** Why a container of a private key cannot be used. */
export class KeyFileError extends Error {
  override readonly name = "KeyFileError";
  /** `mismatch`: the seed is not that of the key id in the file. */
  readonly reason: "malformed" | "passphrase-needed" | "passphrase-wrong" | "mismatch";

  constructor(reason: KeyFileError["reason"], message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** Encodes a private key; `null` leaves it bare. Throws `RangeError` for a seed of another length, no passphrase, or a cost out of bounds. */
export function encodePrivateKey(
  provider: CryptoProvider,
  key: PrivateKey,
  protection: Protection | null,
): Uint8Array {
  if (key.seed.length !== SEED) throw new RangeError(`a seed has ${SEED} octets, not ${key.seed.length}`);
  const head = new Writer().u8(VERSION).u8(SIGNATURE_OCTETS[key.algorithm]).bytes(keyId(provider, key));
  if (protection === null) return head.u8(PLAIN).bytes(key.seed).finish();
  const { passphrase, random, cost = DEFAULT_COST } = protection;
  if (passphrase.length === 0) throw new RangeError("an empty passphrase protects nothing");
  const wrong = costFault(cost);
  if (wrong !== null) throw new RangeError(wrong);
  const salt = random(16);
  const nonce = random(12);
  head.u8(PASSPHRASE).u8(cost.logN).u8(cost.r).u8(cost.p).bytes(salt).bytes(nonce);
  const aad = head.finish();
  const sealed = withKey(provider, passphrase, salt, cost, (aead) => aead.seal(nonce, aad, [key.seed]));
  for (const piece of sealed) head.bytes(piece);
  return head.finish();
}

/**
 * Decodes a private key, and checks that it is the one that the file names. A passphrase for a bare key is not used.
 * Throws {@link KeyFileError}.
 */
export function decodePrivateKey(
  provider: CryptoProvider,
  bytes: Uint8Array,
  passphrase: Uint8Array | null,
): PrivateKey {
  try {
    const reader = new Reader(bytes);
    const { algorithm, keyId: named } = readHead(reader);
    const key = { algorithm, seed: readSeed(provider, reader, bytes, passphrase) };
    if (equalSecret(keyId(provider, key), named)) return key;
    wipe(key.seed);
    throw new KeyFileError("mismatch", "private key: the seed is not that of the key id beside it");
  } catch (error) {
    if (error instanceof LayoutError) throw new KeyFileError("malformed", error.message, error);
    throw error;
  }
}

/** What a private key's container tells without its passphrase. Not checked: the seed may be another key's. */
export interface PrivateKeyLabel {
  readonly algorithm: SignatureName;
  /** Fingerprint of the key, 32 octets: its pin. */
  readonly keyId: Uint8Array;
  readonly protection: "none" | "passphrase";
}

/** Reads the outside of a private key's container. Throws {@link KeyFileError}. */
export function describePrivateKey(bytes: Uint8Array): PrivateKeyLabel {
  try {
    const reader = new Reader(bytes);
    const { algorithm, keyId } = readHead(reader);
    const protection = reader.u8("protection");
    if (protection > PASSPHRASE) throw new LayoutError("private key: unknown protection");
    return { algorithm, keyId: keyId.slice(), protection: protection === PLAIN ? "none" : "passphrase" };
  } catch (error) {
    if (error instanceof LayoutError) throw new KeyFileError("malformed", error.message, error);
    throw error;
  }
}

/** Encodes a public key. */
export function encodePublicKey(key: PublicKey): Uint8Array {
  return new Writer().u8(SIGNATURE_OCTETS[key.algorithm]).bytes(key.publicKey).finish();
}

/** Decodes a public key. Throws {@link LayoutError} for an unknown algorithm or another length than its own. */
export function decodePublicKey(provider: CryptoProvider, bytes: Uint8Array): PublicKey {
  const reader = new Reader(bytes);
  const algorithm = signatureByOctet(reader.u8("algorithm"));
  if (algorithm === undefined) throw new LayoutError("public key: unknown algorithm");
  const publicKey = reader.bytes(provider.signatures[algorithm].publicKeyLength, "public key").slice();
  reader.end("public key");
  return { algorithm, publicKey };
}

function readHead(reader: Reader): { readonly algorithm: SignatureName; readonly keyId: Uint8Array } {
  if (reader.u8("version") !== VERSION) throw new LayoutError("private key: unknown version");
  const algorithm = signatureByOctet(reader.u8("algorithm"));
  if (algorithm === undefined) throw new LayoutError("private key: unknown algorithm");
  return { algorithm, keyId: reader.bytes(32, "key id") };
}

function readSeed(
  provider: CryptoProvider,
  reader: Reader,
  bytes: Uint8Array,
  passphrase: Uint8Array | null,
): Uint8Array {
  const protection = reader.u8("protection");
  if (protection === PLAIN) {
    const seed = reader.bytes(SEED, "seed");
    reader.end("private key");
    return seed.slice();
  }
  if (protection !== PASSPHRASE) throw new LayoutError("private key: unknown protection");
  const cost = { logN: reader.u8("log_n"), r: reader.u8("r"), p: reader.u8("p") };
  const salt = reader.bytes(16, "salt");
  const nonce = reader.bytes(12, "nonce");
  const aad = bytes.subarray(0, reader.offset);
  const sealed = reader.bytes(SEED + TAG, "sealed seed");
  reader.end("private key");
  const wrong = costFault(cost);
  if (wrong !== null) throw new LayoutError(wrong);
  if (passphrase === null) throw new KeyFileError("passphrase-needed", "private key: needs a passphrase");
  const seed = withKey(provider, passphrase, salt, cost, (aead) => aead.open(nonce, aad, sealed));
  if (seed === null)
    throw new KeyFileError("passphrase-wrong", "private key: wrong passphrase, or a damaged file");
  return seed;
}

function withKey<T>(
  provider: CryptoProvider,
  passphrase: Uint8Array,
  salt: Uint8Array,
  cost: PassphraseCost,
  use: (aead: ReturnType<CryptoProvider["aeads"]["ChaCha20-Poly1305"]["key"]>) => T,
): T {
  const parameters = { N: 2 ** cost.logN, r: cost.r, p: cost.p, length: 32 };
  const secret = provider.scrypt(passphrase, salt, parameters);
  const aead = provider.aeads["ChaCha20-Poly1305"].key(secret);
  try {
    return use(aead);
  } finally {
    aead.wipe();
    wipe(secret);
  }
}

function costFault({ logN, r, p }: PassphraseCost): string | null {
  const within = (value: number, low: number, high: number) =>
    Number.isInteger(value) && value >= low && value <= high;
  const size = 2 ** logN * r;
  if (within(logN, 10, 20) && within(r, 2, 16) && within(p, 1, 8) && size <= 2 ** 21 && size * p <= 2 ** 23)
    return null;
  return "scrypt: want log_n 10..20, r 2..16, p 1..8, N r at most 2^21 and N r p at most 2^23";
}

function keyId(provider: CryptoProvider, { algorithm, seed }: PrivateKey): Uint8Array {
  return keyFingerprint(provider, algorithm, provider.signatures[algorithm].publicKey(seed));
}
