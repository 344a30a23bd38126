/**
 * Toy public-key primitives with the lengths of the real ones and none of their strength, a hundred times as fast: for
 * tests that run many thousand handshakes and ask about order and form only. Hashes and AEADs are the real ones.
 */
import { createHash } from "node:crypto";
import type { CryptoProvider, Kem, KemSecretKey, Signature } from "../../src/crypto/provider.ts";
import { bareIdentity, type Identity } from "../../src/mechanism/qzmq/identity.ts";
import { localSigner } from "../../src/mechanism/qzmq/signer.ts";
import { provider as real } from "../support/qzmq-identities.ts";

function expand(label: string, length: number, ...parts: Uint8Array[]): Uint8Array {
  const hash = createHash("shake256", { outputLength: length }).update(label);
  for (const part of parts) hash.update(`${part.length} `).update(part);
  return new Uint8Array(hash.digest());
}

class ToySecretKey implements KemSecretKey {
  readonly publicKey: Uint8Array;

  constructor(publicKey: Uint8Array) {
    this.publicKey = publicKey;
  }

  wipe(): void {}
}

/** Encapsulation keys begin with octet 0, so that there are ones to refuse. */
function toyKem(kem: Kem): Kem {
  const { name, publicKeyLength, ciphertextLength } = kem;
  const secret = (publicKey: Uint8Array, ciphertext: Uint8Array) =>
    expand("secret", 32, publicKey, ciphertext);
  return {
    ...{ name, publicKeyLength, ciphertextLength },
    generate(seed) {
      const publicKey = expand("public", publicKeyLength, seed instanceof Uint8Array ? seed : seed(64));
      publicKey[0] = 0;
      return { publicKey, secretKey: new ToySecretKey(publicKey) };
    },
    encapsulate(publicKey, randomness) {
      if (publicKey.length !== publicKeyLength || publicKey[0] !== 0) return null;
      const drawn = randomness instanceof Uint8Array ? randomness : randomness(32);
      const ciphertext = expand("ciphertext", ciphertextLength, publicKey, drawn);
      return { ciphertext, secret: secret(publicKey, ciphertext) };
    },
    decapsulate: (ciphertext, key) => secret((key as ToySecretKey).publicKey, ciphertext),
  };
}

function toySignature(signature: Signature): Signature {
  const { name, publicKeyLength, signatureLength } = signature;
  const publicKeyOf = (seed: Uint8Array) => expand("public", publicKeyLength, seed);
  const make = (publicKey: Uint8Array, message: Uint8Array, context: Uint8Array) =>
    expand("signature", signatureLength, publicKey, context, message);
  return {
    ...{ name, publicKeyLength, signatureLength },
    publicKey: publicKeyOf,
    key(seed) {
      const publicKey = publicKeyOf(seed);
      return { publicKey, sign: (message, context) => make(publicKey, message, context), wipe() {} };
    },
    sign: (seed, message, context) => make(publicKeyOf(seed), message, context),
    verify: (publicKey, message, context, given) =>
      publicKey.length === publicKeyLength && Buffer.compare(make(publicKey, message, context), given) === 0,
  };
}

/** See the head of this file. X25519 is the real one; a suite without it is the fast one. */
export const toy: CryptoProvider = {
  name: "toy",
  hashes: real.hashes,
  aeads: real.aeads,
  kems: { "ML-KEM-768": toyKem(real.kems["ML-KEM-768"]), "ML-KEM-1024": toyKem(real.kems["ML-KEM-1024"]) },
  signatures: {
    Ed25519: real.signatures.Ed25519,
    "ML-DSA-44": toySignature(real.signatures["ML-DSA-44"]),
    "ML-DSA-65": toySignature(real.signatures["ML-DSA-65"]),
    "ML-DSA-87": toySignature(real.signatures["ML-DSA-87"]),
  },
  x25519: real.x25519,
  scrypt: real.scrypt,
  random: real.random,
};

/** An identity of toy keys, to be pinned. */
export function toyIdentity(octet: number): Promise<Identity> {
  return bareIdentity(toy, localSigner(toy, "ML-DSA-44", new Uint8Array(32).fill(octet), null));
}
