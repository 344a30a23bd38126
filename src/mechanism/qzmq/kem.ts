/**
 * The one shape of key exchange, used alike by the handshake and by rotation (spec, "KEM"):
 *
 *     KEM 1     public X(32)              ciphertext X'(32)              secret x25519(32)
 *     KEM 2, 3  public ek(1184, 1568)     ciphertext ct(1088, 1568)      secret ML-KEM(32)
 *     KEM 4, 5  public ek || X            ciphertext ct || X'            secret ML-KEM(32) || x25519(32)
 *
 * Random octets are drawn in this order: for a key pair the ML-KEM seed (64), then the X25519 secret (32); for an
 * encapsulation the ML-KEM randomness (32), then the X25519 secret (32); each only where the KEM has that part.
 */
import { isAllZero, wipe } from "../../bytes/constant-time.ts";
import type { CryptoProvider, Kem, KemSecretKey, Random, X25519KeyPair } from "../../crypto/provider.ts";
import { PeerError } from "../../errors.ts";
import type { KemOctet } from "./suite.ts";

const X_LENGTH = 32;

/** What a peer encapsulated: a ciphertext to send and a secret to wipe. */
export interface Encapsulation {
  readonly ciphertext: Uint8Array;
  readonly secret: Uint8Array;
}

/** An ephemeral key pair. Serves one decapsulation and is wiped by it. */
export interface KemKeyPair {
  readonly publicKey: Uint8Array;
  /**
   * The secret, the caller's to wipe. Throws {@link PeerError} `ERR_QZMQ_PROTOCOL` for a wrong length or a small-order
   * X25519 key. A wrong ML-KEM ciphertext gives another secret and no error (FIPS 203, section 6.3).
   */
  decapsulate(ciphertext: Uint8Array): Uint8Array;
  wipe(): void;
}

/** Key exchange by one suite octet. Lengths in octets. */
export interface KeyExchange {
  readonly publicKeyLength: number;
  readonly ciphertextLength: number;
  generate(random: Random): KemKeyPair;
  /**
   * Throws {@link PeerError} `ERR_QZMQ_PROTOCOL` for a key of wrong length, an encapsulation key that is not reduced
   * (FIPS 203, section 7.2), or a small-order X25519 key.
   */
  encapsulate(publicKey: Uint8Array, random: Random): Encapsulation;
}

/** The key exchange that a suite's first octet names. */
export function keyExchange(provider: CryptoProvider, octet: KemOctet): KeyExchange {
  const kem = octet === 1 ? null : provider.kems[octet === 2 || octet === 4 ? "ML-KEM-768" : "ML-KEM-1024"];
  const withX = octet === 1 || octet === 4 || octet === 5;
  const publicKeyLength = (kem?.publicKeyLength ?? 0) + (withX ? X_LENGTH : 0);
  const ciphertextLength = (kem?.ciphertextLength ?? 0) + (withX ? X_LENGTH : 0);
  return {
    publicKeyLength,
    ciphertextLength,
    generate(random) {
      const post = kem?.generate(random) ?? null;
      const pairX = withX ? provider.x25519.generate(random) : null;
      const publicKey = join(post?.publicKey, pairX?.publicKey);
      return new EphemeralKeyPair(kem, publicKey, post?.secretKey ?? null, pairX, ciphertextLength);
    },
    encapsulate(publicKey, random) {
      if (publicKey.length !== publicKeyLength) throw badKey("KEM public key of wrong length");
      const split = kem?.publicKeyLength ?? 0;
      const post = kem === null ? null : encapsulateKem(kem, publicKey.subarray(0, split), random);
      if (!withX) return { ciphertext: post!.ciphertext, secret: post!.secret };
      const pairX = provider.x25519.generate(random);
      let sharedX: Uint8Array | undefined;
      try {
        sharedX = agree(pairX, publicKey.subarray(split));
        return {
          ciphertext: join(post?.ciphertext, pairX.publicKey),
          secret: join(post?.secret, sharedX),
        };
      } finally {
        pairX.wipe();
        wipe(sharedX, post?.secret);
      }
    },
  };
}

/** Key pair of any shape; a part that the KEM lacks is null. */
class EphemeralKeyPair implements KemKeyPair {
  readonly publicKey: Uint8Array;
  readonly #kem: Kem | null;
  readonly #secretKey: KemSecretKey | null;
  readonly #pairX: X25519KeyPair | null;
  readonly #ciphertextLength: number;

  constructor(
    kem: Kem | null,
    publicKey: Uint8Array,
    secretKey: KemSecretKey | null,
    pairX: X25519KeyPair | null,
    ciphertextLength: number,
  ) {
    this.#kem = kem;
    this.publicKey = publicKey;
    this.#secretKey = secretKey;
    this.#pairX = pairX;
    this.#ciphertextLength = ciphertextLength;
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array {
    let shared: Uint8Array | undefined;
    let sharedX: Uint8Array | undefined;
    try {
      if (ciphertext.length !== this.#ciphertextLength) throw badKey("KEM ciphertext of wrong length");
      const split = this.#kem?.ciphertextLength ?? 0;
      if (this.#pairX) sharedX = agree(this.#pairX, ciphertext.subarray(split));
      if (this.#kem && this.#secretKey)
        shared = this.#kem.decapsulate(ciphertext.subarray(0, split), this.#secretKey);
      return join(shared, sharedX);
    } finally {
      wipe(shared, sharedX);
      this.wipe();
    }
  }

  wipe(): void {
    this.#secretKey?.wipe();
    this.#pairX?.wipe();
  }
}

/** Draws its randomness inside: a runtime's own ML-KEM takes none from outside, and serves only the provider's source. */
function encapsulateKem(kem: Kem, publicKey: Uint8Array, random: Random): Encapsulation {
  const made = kem.encapsulate(publicKey, random);
  if (made === null) throw badKey("encapsulation key is not reduced");
  return made;
}

/** X25519, with the check of RFC 7748, section 6.1, made here too so that no provider can forget it. */
function agree(pair: X25519KeyPair, publicKey: Uint8Array): Uint8Array {
  const shared = pair.sharedSecret(publicKey);
  if (shared === null || isAllZero(shared)) throw badKey("X25519 key of small order");
  return shared;
}

function join(first?: Uint8Array | null, second?: Uint8Array | null): Uint8Array {
  const out = new Uint8Array((first?.length ?? 0) + (second?.length ?? 0));
  if (first) out.set(first);
  if (second) out.set(second, first?.length ?? 0);
  return out;
}

function badKey(message: string): PeerError {
  return new PeerError("ERR_QZMQ_PROTOCOL", message);
}
