/** What the provider promises beyond the algorithms: hostile inputs, wrong lengths, wiped keys, randomness. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromBase64url, plain, toBase64url } from "../../src/crypto/node-bytes.ts";
import type { AeadName, HashName, KemName, Random, SignatureName } from "../../src/crypto/provider.ts";
import { buildX25519 } from "../../src/crypto/x25519.ts";
import { chosen, fromHex, implementations, join, pattern, pure, toHex } from "./backends.ts";

const test = suite("primitives");
const none = new Uint8Array(0);

const HASHES: readonly HashName[] = ["SHA-256", "SHA-384"];
const AEADS: readonly AeadName[] = ["AES-256-GCM", "ChaCha20-Poly1305"];
const KEMS: readonly KemName[] = ["ML-KEM-768", "ML-KEM-1024"];
const SIGNATURES: readonly SignatureName[] = ["Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];

function isRangeError(error: unknown): boolean {
  return error instanceof RangeError;
}

function isWiped(error: unknown): boolean {
  return error instanceof Error && error.message.includes("wiped");
}

/** A copy with one bit turned, `index` counted from the end when negative. */
function tampered(bytes: Uint8Array, index: number): Uint8Array {
  const out = bytes.slice();
  const at = index < 0 ? out.length + index : index;
  out[at]! ^= 0x10;
  return out;
}

for (const name of HASHES) {
  for (const [backEnd, hash] of implementations((provider) => provider.hashes[name])) {
    test(`${name}, ${backEnd}: HKDF-Expand refuses sizes out of range`, () => {
      for (const size of [0, -1, 1.5, 255 * hash.length + 1]) {
        assert.throws(() => hash.expand(pattern(32), none, size), isRangeError, `${size}`);
      }
      assert.is(hash.expand(pattern(32), none, 255 * hash.length).length, 255 * hash.length);
    });
  }
}

for (const name of AEADS) {
  for (const [backEnd, aead] of implementations((provider) => provider.aeads[name])) {
    const [nonce, aad] = [pattern(12), pattern(9)];

    test(`${name}, ${backEnd}: anything tampered with opens to null`, () => {
      const key = aead.key(pattern(32));
      const sealed = join(key.seal(nonce, aad, [pattern(5), none, pattern(40)]));
      assert.is(sealed.length, 45 + 16);
      assert.equal(key.open(nonce, aad, sealed), join([pattern(5), pattern(40)]));
      for (let i = 0; i < sealed.length; i++) {
        assert.is(key.open(nonce, aad, tampered(sealed, i)), null, `octet ${i}`);
      }
      assert.is(key.open(tampered(nonce, -1), aad, sealed), null, "nonce");
      assert.is(key.open(nonce, tampered(aad, 0), sealed), null, "associated data");
      assert.is(key.open(nonce, none, sealed), null, "associated data left out");
      assert.is(aead.key(pattern(32, 1)).open(nonce, aad, sealed), null, "key");
      for (let length = 0; length < sealed.length; length++) {
        assert.is(key.open(nonce, aad, sealed.subarray(0, length)), null, `${length} octets`);
      }
    });

    test(`${name}, ${backEnd}: empty plaintext`, () => {
      const key = aead.key(pattern(32));
      const sealed = join(key.seal(nonce, none, []));
      assert.is(sealed.length, 16);
      assert.equal(key.open(nonce, none, sealed), none);
    });

    test(`${name}, ${backEnd}: what it takes is copied, what it gives is fresh`, () => {
      const [raw, plaintext] = [pattern(32), pattern(20)];
      const key = aead.key(raw);
      raw.fill(0);
      const sealed = join(key.seal(nonce, aad, [plaintext]));
      assert.equal(plaintext, pattern(20));
      const opened = aead.key(pattern(32)).open(nonce, aad, sealed)!;
      assert.equal(opened, plaintext);
      const before = sealed.slice();
      opened.fill(0);
      assert.equal(sealed, before);
    });

    test(`${name}, ${backEnd}: begun ahead it is the same, and the nonce is copied`, () => {
      const key = aead.key(pattern(32));
      const written = nonce.slice();
      const [seal, open] = [key.beginSeal(written), key.beginOpen(written)];
      written.fill(0);
      const sealed = join(seal(aad, [pattern(20)]));
      assert.equal(sealed, join(key.seal(nonce, aad, [pattern(20)])));
      assert.equal(open(aad, sealed), pattern(20));
      assert.is(key.beginOpen(nonce)(aad, tampered(sealed, 3)), null);
      assert.is(key.beginOpen(nonce)(aad, pattern(15)), null);
    });

    test(`${name}, ${backEnd}: wrong lengths and wiped keys throw`, () => {
      assert.throws(() => aead.key(pattern(31)), isRangeError);
      const key = aead.key(pattern(32));
      assert.throws(() => key.seal(pattern(11), aad, []), isRangeError);
      assert.throws(() => key.open(pattern(13), aad, pattern(16)), isRangeError);
      assert.throws(() => key.beginSeal(pattern(11)), isRangeError);
      assert.throws(() => key.beginOpen(pattern(13)), isRangeError);
      const [seal, open] = [key.beginSeal(nonce), key.beginOpen(nonce)];
      key.wipe();
      key.wipe();
      assert.throws(() => seal(aad, []), isWiped);
      assert.throws(() => open(aad, pattern(16)), isWiped);
      assert.throws(() => key.beginSeal(nonce), isWiped);
      assert.throws(() => key.seal(nonce, aad, []), isWiped);
      assert.throws(() => key.open(nonce, aad, pattern(16)), isWiped);
      assert.throws(() => key.open(nonce, aad, none), isWiped);
    });
  }
}

/** Every u of small order below 2^255, reduced and not (RFC 7748, section 6.1, refers to them). */
const SMALL_ORDER_U = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map(fromHex);

for (const [backEnd, x25519] of implementations((provider) => provider.x25519)) {
  test(`X25519, ${backEnd}: small order gives null, wrong lengths throw`, () => {
    for (const publicKey of SMALL_ORDER_U) {
      assert.is(x25519.sharedSecret(pattern(32), publicKey), null, toHex(publicKey));
      const topBit = publicKey.slice();
      topBit[31]! |= 0x80;
      assert.is(x25519.sharedSecret(pattern(32), topBit), null, toHex(topBit));
    }
    assert.throws(() => x25519.publicKey(pattern(31)), isRangeError);
    assert.throws(() => x25519.sharedSecret(pattern(33), pattern(32)), isRangeError);
    assert.throws(() => x25519.sharedSecret(pattern(32), pattern(31)), isRangeError);
  });

  test(`X25519, ${backEnd}: a key pair, from octets, from a source and from the system, until it is wiped`, () => {
    const pair = x25519.generate(pattern(32));
    const drawn: Uint8Array[] = [];
    const source = (length: number) => {
      drawn.push(pattern(length));
      return drawn[0]!;
    };
    const same = x25519.generate(source);
    assert.equal(
      drawn.map((octets) => [...octets]),
      [[...new Uint8Array(32)]],
    );
    const other = x25519.generate(chosen.random);
    assert.not.equal(other.publicKey, x25519.generate(chosen.random).publicKey);
    assert.equal(pair.publicKey, x25519.publicKey(pattern(32)));
    assert.equal(same.publicKey, pair.publicKey);
    const secret = other.sharedSecret(pair.publicKey)!;
    assert.equal(pair.sharedSecret(other.publicKey), secret);
    assert.equal(same.sharedSecret(other.publicKey), secret);
    assert.equal(x25519.sharedSecret(pattern(32), other.publicKey), secret);
    assert.is(pair.sharedSecret(SMALL_ORDER_U[2]!), null);
    assert.throws(() => pair.sharedSecret(pattern(31)), isRangeError);
    assert.throws(() => x25519.generate(pattern(31)), isRangeError);
    pair.wipe();
    assert.throws(() => pair.sharedSecret(other.publicKey), /wiped/);
  });
}

test("X25519 refuses an all-zero secret that a back end lets through", () => {
  const lax = buildX25519<Uint8Array>({
    load: (secretKey) => secretKey.slice(),
    publicKey: pure.x25519.publicKey,
    sharedSecret: () => new Uint8Array(32),
    erase: () => {},
  });
  assert.is(lax.sharedSecret(pattern(32), pattern(32)), null);
  assert.is(lax.generate(pattern(32)).sharedSecret(pattern(32)), null);
});

test("octets from node:crypto are the same memory, wherever in it they begin", () => {
  const buffer = Buffer.from(new ArrayBuffer(16), 4, 8).fill(7);
  const bytes = plain(buffer);
  assert.equal(bytes, new Uint8Array(8).fill(7));
  bytes.fill(0);
  assert.is(buffer.toString("hex"), "00".repeat(8));
  assert.equal(fromBase64url(toBase64url(pattern(9).subarray(2))), pattern(7, 2));
});

for (const name of KEMS) {
  for (const [backEnd, kem] of implementations((provider) => provider.kems[name])) {
    const { publicKey, secretKey } = kem.generate(pattern(64));

    test(`${name}, ${backEnd}: an unreduced coefficient anywhere gives null`, () => {
      for (let i = 0; i < publicKey.length - 32; i += 3) {
        const [low, high] = [publicKey.slice(), publicKey.slice()];
        // 3329 = 0xd01 in the first, then in the second coefficient of three octets.
        low.set([0x01, (publicKey[i + 1]! & 0xf0) | 0x0d], i);
        high.set([(publicKey[i + 1]! & 0x0f) | 0x10, 0xd0], i + 1);
        assert.is(kem.encapsulate(low, pattern(32)), null, `octet ${i}`);
        assert.is(kem.encapsulate(high, pattern(32)), null, `octet ${i + 1}`);
      }
      const largest = publicKey.slice();
      largest.set([0x00, 0x0d, 0xd0], 0);
      assert.not.equal(kem.encapsulate(largest, pattern(32)), null, "3328 is reduced");
      assert.is(kem.encapsulate(publicKey.subarray(1), pattern(32)), null);
      assert.is(kem.encapsulate(none, chosen.random), null);
    });

    test(`${name}, ${backEnd}: a key pair from the system is another each time, and works`, () => {
      const drawn = kem.generate(chosen.random);
      assert.is.not(toHex(drawn.publicKey), toHex(kem.generate(chosen.random).publicKey));
      const { ciphertext, secret } = kem.encapsulate(drawn.publicKey, pattern(32))!;
      assert.equal(kem.decapsulate(ciphertext, drawn.secretKey), secret);
    });

    test(`${name}, ${backEnd}: fresh randomness each time, and a secret both have`, () => {
      const [first, second] = [
        kem.encapsulate(publicKey, chosen.random)!,
        kem.encapsulate(publicKey, chosen.random)!,
      ];
      assert.is.not(toHex(first.secret), toHex(second.secret));
      assert.is(first.ciphertext.length, kem.ciphertextLength);
      assert.equal(kem.decapsulate(first.ciphertext, secretKey), first.secret);
      assert.is.not(toHex(kem.decapsulate(tampered(first.ciphertext, 7), secretKey)), toHex(first.secret));
    });

    test(`${name}, ${backEnd}: wrong lengths, foreign and wiped keys throw`, () => {
      assert.throws(() => kem.generate(pattern(63)), isRangeError);
      assert.throws(() => kem.encapsulate(publicKey, pattern(31)), isRangeError);
      const ciphertext = new Uint8Array(kem.ciphertextLength);
      assert.throws(() => kem.decapsulate(ciphertext.subarray(1), secretKey), isRangeError);
      assert.throws(
        () => kem.decapsulate(ciphertext, { wipe: () => {} }),
        (error: unknown) => error instanceof TypeError,
      );
      const other = kem.generate(pattern(64)).secretKey;
      other.wipe();
      other.wipe();
      assert.throws(() => kem.decapsulate(ciphertext, other), isWiped);
    });
  }
}

test("a key of one ML-KEM is no key of the other", () => {
  const { secretKey } = pure.kems["ML-KEM-768"].generate(pattern(64));
  assert.throws(
    () => pure.kems["ML-KEM-1024"].decapsulate(new Uint8Array(1568), secretKey),
    (error: unknown) => error instanceof TypeError,
  );
});

for (const name of SIGNATURES) {
  for (const [backEnd, scheme] of implementations((provider) => provider.signatures[name])) {
    const seed = pattern(32);
    const [text, context] = [pattern(70), pattern(10)];

    test(`${name}, ${backEnd}: hostile keys and signatures verify false`, () => {
      const key = scheme.key(seed);
      const signature = key.sign(text, context, null);
      assert.is(key.publicKey.length, scheme.publicKeyLength);
      assert.is(signature.length, scheme.signatureLength);
      assert.is(scheme.verify(key.publicKey, text, context, signature), true);
      assert.is(scheme.verify(key.publicKey, text, none, signature), false, "context left out");
      assert.is(scheme.verify(key.publicKey, text, tampered(context, 0), signature), false, "context");
      assert.is(scheme.verify(key.publicKey, tampered(text, -1), context, signature), false, "message");
      const keys = [none, key.publicKey.subarray(1), join([key.publicKey, pattern(1)])];
      const filled = [0, 0x55, 0xff].map((octet) => new Uint8Array(scheme.publicKeyLength).fill(octet));
      for (const hostile of [...keys, ...filled]) {
        assert.is(scheme.verify(hostile, text, context, signature), false, "key");
      }
      const cut = [none, signature.subarray(1), join([signature, pattern(1)])];
      const noise = [0, 0x55, 0xff].map((octet) => new Uint8Array(scheme.signatureLength).fill(octet));
      for (const hostile of [...cut, ...noise]) {
        assert.is(scheme.verify(key.publicKey, text, context, hostile), false, "signature");
      }
    });

    test(`${name}, ${backEnd}: wrong lengths and wiped keys throw`, () => {
      const long = new Uint8Array(256);
      assert.throws(() => scheme.key(pattern(31)), isRangeError);
      assert.throws(() => scheme.publicKey(pattern(33)), isRangeError);
      assert.throws(() => scheme.sign(seed, text, long, null), isRangeError);
      assert.throws(
        () => scheme.verify(new Uint8Array(scheme.publicKeyLength), text, long, none),
        isRangeError,
      );
      const key = scheme.key(seed);
      key.wipe();
      key.wipe();
      assert.throws(() => key.sign(text, context, null), isWiped);
      assert.throws(() => key.sign(text, context, chosen.random), isWiped);
      assert.equal(scheme.publicKey(seed), key.publicKey);
    });

    test(`${name}, ${backEnd}: signatures in the background`, async () => {
      const key = scheme.key(seed);
      assert.is(key.signAsync !== undefined, backEnd === "native" && name !== "Ed25519");
      if (key.signAsync === undefined) return;
      const [later, laterContext] = [text.slice(), context.slice()];
      const pending = key.signAsync(later, laterContext, chosen.random);
      later.fill(0);
      laterContext.fill(0);
      assert.is(scheme.verify(key.publicKey, text, context, await pending), true);
      assert.equal(await key.signAsync(text, context, pattern(32)), key.sign(text, context, pattern(32)));
      key.wipe();
      const refused = await key.signAsync(text, context, chosen.random).catch((error: unknown) => error);
      assert.ok(isWiped(refused));
    });
  }
}

test("randomness is wiped by whoever drew it", () => {
  const drawn: Uint8Array[] = [];
  const source: Random = (length) => {
    const octets = pattern(length, 1);
    drawn.push(octets);
    return octets;
  };
  const brought = pattern(32, 1);
  const kem = chosen.kems["ML-KEM-768"];
  const { publicKey } = kem.generate(pattern(64));
  assert.equal(kem.encapsulate(publicKey, source), kem.encapsulate(publicKey, brought));
  const key = chosen.signatures["ML-DSA-44"].key(pattern(32));
  assert.equal(key.sign(none, none, source), key.sign(none, none, brought));
  assert.equal(drawn, [new Uint8Array(32), new Uint8Array(32)]);
  assert.equal(brought, pattern(32, 1));
  assert.throws(() => kem.encapsulate(publicKey, () => new Uint8Array(31)), isRangeError);
});

for (const [backEnd, provider] of [
  ["pure", pure],
  ["chosen", chosen],
] as const) {
  test(`random, ${backEnd}`, () => {
    const [first, second] = [provider.random(32), provider.random(32)];
    assert.is(first.length, 32);
    assert.is(first.constructor, Uint8Array);
    assert.is.not(toHex(first), toHex(second));
    assert.is(provider.random(0).length, 0);
  });

  test(`scrypt, ${backEnd}: RFC 7914, section 12, and bounds`, () => {
    const text = (ascii: string) => new TextEncoder().encode(ascii);
    const key = provider.scrypt(text("password"), text("NaCl"), { N: 1024, r: 8, p: 16, length: 64 });
    assert.is(
      toHex(key),
      "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
    );
    const good = { N: 16, r: 8, p: 1, length: 32 };
    const bad = [
      { N: 1 },
      { N: 15 },
      { N: 0 },
      { N: 2 ** 16, r: 1 },
      { r: 0 },
      { p: 0 },
      { length: 0 },
      { r: 1.5 },
    ];
    for (const change of [...bad, { N: 2 ** 21 }, { N: 2, r: 1, p: 2 ** 30 }, { N: 2, r: 2 ** 24 }]) {
      assert.throws(
        () => provider.scrypt(none, none, { ...good, ...change }),
        isRangeError,
        JSON.stringify(change),
      );
    }
  });
}

test.run();
