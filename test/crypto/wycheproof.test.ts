/** Every Wycheproof vector through every back end. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { AeadName, HashName, KemName, Signature, SignatureName } from "../../src/crypto/provider.ts";
import { fromHex, implementations, join, toHex } from "./backends.ts";
import { type Group, type Vector, vectorTest } from "./wycheproof.ts";

const test = suite("wycheproof");

interface AeadVector extends Vector {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}

const AEADS: readonly (readonly [AeadName, string])[] = [
  ["AES-256-GCM", "aes_gcm_test"],
  ["ChaCha20-Poly1305", "chacha20_poly1305_test"],
];

for (const [name, file] of AEADS) {
  for (const [backEnd, aead] of implementations((provider) => provider.aeads[name])) {
    vectorTest<Group<AeadVector>>(test, `${name}, ${backEnd}`, file, ({ tests }) => {
      for (const vector of tests) {
        const [rawKey, nonce, aad] = [fromHex(vector.key), fromHex(vector.iv), fromHex(vector.aad)];
        const label = `${name} ${backEnd} ${vector.tcId}`;
        // AES-128 and AES-192, and nonces of other lengths than 12, are no part of QZMQ: refused as such.
        if (rawKey.length !== 32) {
          assert.throws(() => aead.key(rawKey), isRangeError, label);
          continue;
        }
        const key = aead.key(rawKey);
        const [message, sealed] = [fromHex(vector.msg), fromHex(vector.ct + vector.tag)];
        if (nonce.length !== 12) {
          assert.throws(() => key.open(nonce, aad, sealed), isRangeError, label);
          assert.throws(() => key.seal(nonce, aad, [message]), isRangeError, label);
        } else if (vector.result === "valid") {
          assert.is(toHex(join(key.seal(nonce, aad, [message]))), toHex(sealed), label);
          assert.equal(key.open(nonce, aad, sealed), message, label);
        } else {
          assert.is(key.open(nonce, aad, sealed), null, label);
        }
      }
      return tests.length;
    });
  }
}

interface HkdfVector extends Vector {
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly okm: string;
}

const HASHES: readonly (readonly [HashName, string])[] = [
  ["SHA-256", "hkdf_sha256_test"],
  ["SHA-384", "hkdf_sha384_test"],
];

for (const [name, file] of HASHES) {
  for (const [backEnd, hash] of implementations((provider) => provider.hashes[name])) {
    vectorTest<Group<HkdfVector>>(test, `HKDF, ${name}, ${backEnd}`, file, ({ tests }) => {
      for (const { tcId, ikm, salt, info, size, okm, result } of tests) {
        const key = hash.extract(fromHex(salt), fromHex(ikm));
        if (result === "valid") assert.is(toHex(hash.expand(key, fromHex(info), size)), okm, `${tcId}`);
        else assert.throws(() => hash.expand(key, fromHex(info), size), isRangeError, `${tcId}`);
      }
      return tests.length;
    });
  }
}

interface X25519Vector extends Vector {
  readonly public: string;
  readonly private: string;
  readonly shared: string;
}

for (const [backEnd, x25519] of implementations((provider) => provider.x25519)) {
  vectorTest<Group<X25519Vector>>(test, `X25519, ${backEnd}`, "x25519_test", ({ tests }) => {
    for (const vector of tests) {
      const secret = x25519.sharedSecret(fromHex(vector.private), fromHex(vector.public));
      // "acceptable" covers keys on the twist and keys not reduced, which RFC 7748 wants computed.
      const zero = vector.flags.includes("ZeroSharedSecret");
      assert.is(secret && toHex(secret), zero ? null : vector.shared, `${backEnd} ${vector.tcId}`);
    }
    return tests.length;
  });
}

interface KemVector extends Vector {
  readonly seed: string;
  readonly ek?: string;
  readonly c: string;
  readonly K: string;
}
interface EncapsulationVector extends Vector {
  readonly m: string;
  readonly ek: string;
  readonly c: string;
  readonly K: string;
}

const KEMS: readonly (readonly [KemName, string])[] = [
  ["ML-KEM-768", "mlkem_768"],
  ["ML-KEM-1024", "mlkem_1024"],
];

for (const [name, file] of KEMS) {
  for (const [backEnd, kem] of implementations((provider) => provider.kems[name])) {
    vectorTest<Group<KemVector>>(test, `${name} decapsulation, ${backEnd}`, `${file}_test`, ({ tests }) => {
      for (const vector of tests) {
        const [seed, ciphertext] = [fromHex(vector.seed), fromHex(vector.c)];
        const run = () => {
          const { publicKey, secretKey } = kem.generate(seed);
          return { publicKey: toHex(publicKey), secret: toHex(kem.decapsulate(ciphertext, secretKey)) };
        };
        const label = `${name} ${backEnd} ${vector.tcId}`;
        if (vector.result === "valid") {
          assert.equal(run(), { publicKey: vector.ek, secret: vector.K }, label);
        } else {
          // Wrong lengths only; a wrong ciphertext of the right length is "valid" and has its secret.
          assert.throws(run, isRangeError, label);
        }
      }
      return tests.length;
    });
    const title = `${name} encapsulation, ${backEnd}`;
    vectorTest<Group<EncapsulationVector>>(test, title, `${file}_encaps_test`, ({ tests }) => {
      for (const { tcId, m, ek, c, K, result } of tests) {
        const made = kem.encapsulate(fromHex(ek), fromHex(m));
        const got = made && { c: toHex(made.ciphertext), K: toHex(made.secret) };
        assert.equal(got, result === "valid" ? { c, K } : null, `${name} ${backEnd} ${tcId}`);
      }
      return tests.length;
    });
  }
}

interface SignatureVector extends Vector {
  readonly msg?: string;
  readonly ctx?: string;
  readonly rnd?: string;
  readonly sig: string;
}
interface SignGroup extends Group<SignatureVector> {
  readonly privateSeed: string;
  readonly publicKey: string;
}
interface VerifyGroup extends Group<SignatureVector> {
  readonly publicKey: string;
}

/** What signing gives, in hex; `null` when it is refused as the caller's mistake. */
function signOrRefuse(scheme: Signature, seed: Uint8Array, vector: SignatureVector): string | null {
  const randomness = vector.rnd === undefined ? null : fromHex(vector.rnd);
  try {
    return toHex(scheme.sign(seed, fromHex(vector.msg!), fromHex(vector.ctx ?? ""), randomness));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const DSAS: readonly (readonly [SignatureName, string])[] = [
  ["ML-DSA-44", "mldsa_44"],
  ["ML-DSA-65", "mldsa_65"],
];

for (const [name, file] of DSAS) {
  // Signatures that a vector fixes come from the pure code on every back end, so they are made on one of them.
  const [backEnd, scheme] = implementations((provider) => provider.signatures[name]).at(-1)!;
  vectorTest<SignGroup>(test, `${name} signing, ${backEnd}`, `${file}_sign_seed_test`, (group) => {
    const seed = fromHex(group.privateSeed);
    if (seed.length === 32) assert.is(toHex(scheme.publicKey(seed)), group.publicKey);
    for (const vector of group.tests) {
      // No message, but its hash: a variant (FIPS 204, section 6.2, "external mu") that QZMQ does not use.
      if (vector.msg === undefined) continue;
      const expected = vector.result === "valid" ? vector.sig : null;
      assert.is(signOrRefuse(scheme, seed, vector), expected, `${name} ${vector.tcId}`);
    }
    return group.tests.length;
  });
  for (const [backEnd, scheme] of implementations((provider) => provider.signatures[name])) {
    const title = `${name} verification, ${backEnd}`;
    vectorTest<VerifyGroup>(test, title, `${file}_verify_test`, ({ publicKey, tests }) => {
      for (const { tcId, msg, ctx, sig, result } of tests) {
        const [message, context, signature] = [fromHex(msg!), fromHex(ctx ?? ""), fromHex(sig)];
        const run = () => scheme.verify(fromHex(publicKey), message, context, signature);
        if (context.length > 255) assert.throws(run, isRangeError, `${name} ${backEnd} ${tcId}`);
        else assert.is(run(), result === "valid", `${name} ${backEnd} ${tcId}`);
      }
      return tests.length;
    });
  }
}

function isRangeError(error: unknown): boolean {
  return error instanceof RangeError;
}

test.run();
