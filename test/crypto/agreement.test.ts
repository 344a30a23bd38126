/** Every primitive gives the same octets whichever back end computes it. Where there is only one, nothing to compare. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Aead, Hash, Kem, Signature } from "../../src/crypto/provider.ts";
import { chosen, join, pure, toHex } from "./backends.ts";

const test = suite("agreement of back ends");

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const message = fc.uint8Array({ maxLength: 300 });
const pieces = fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 6 });
const context = fc.uint8Array({ maxLength: 255 });

/** Both results in hex, so that a difference of type between them does not hide one of content, nor the reverse. */
function assertSame(ours: Uint8Array, theirs: Uint8Array): void {
  assert.is(toHex(ours), toHex(theirs));
  assert.is(ours.constructor, Uint8Array);
  assert.is(theirs.constructor, Uint8Array);
}

const HASHES: readonly (readonly [Hash, Hash])[] = [
  [chosen.hashes["SHA-256"], pure.hashes["SHA-256"]],
  [chosen.hashes["SHA-384"], pure.hashes["SHA-384"]],
];

for (const [ours, theirs] of HASHES) {
  test(`${ours.name}, HMAC and HKDF`, () => {
    fc.assert(
      fc.property(pieces, message, fc.integer({ min: 1, max: 400 }), (parts, key, size) => {
        assertSame(ours.digest(...parts), theirs.digest(...parts));
        assertSame(ours.hmac(key, ...parts), theirs.hmac(key, ...parts));
        assertSame(ours.extract(key, join(parts)), theirs.extract(key, join(parts)));
        assertSame(ours.expand(key, join(parts), size), theirs.expand(key, join(parts), size));
      }),
    );
  });

  test(`${ours.name} in pieces, looked at after each`, () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        const [a, b] = [ours.start(), theirs.start()];
        parts.forEach((part, i) => {
          const soFar = ours.digest(...parts.slice(0, i + 1));
          assertSame(a.update(part).digest(), soFar);
          assertSame(b.update(part).digest(), soFar);
        });
        assert.is(a.digest().length, ours.length);
      }),
    );
  });
}

const AEADS: readonly (readonly [Aead, Aead])[] = [
  [chosen.aeads["AES-256-GCM"], pure.aeads["AES-256-GCM"]],
  [chosen.aeads["ChaCha20-Poly1305"], pure.aeads["ChaCha20-Poly1305"]],
];

for (const [ours, theirs] of AEADS) {
  test(`${ours.name} seals alike, and each opens the other's`, () => {
    fc.assert(
      fc.property(octets(32), octets(12), message, pieces, (key, nonce, aad, parts) => {
        const [a, b] = [ours.key(key), theirs.key(key)];
        const sealed = join(a.seal(nonce, aad, parts));
        assertSame(sealed, join(b.seal(nonce, aad, parts)));
        assertSame(a.open(nonce, aad, sealed)!, join(parts));
        assertSame(b.open(nonce, aad, sealed)!, join(parts));
      }),
    );
  });

  test(`${ours.name} alike on a record of 256 KiB, from a view at an odd offset`, () => {
    const memory = Uint8Array.from({ length: 262_147 }, (_, i) => i * 7);
    const [key, nonce, aad] = [memory.slice(0, 32), memory.slice(0, 12), memory.slice(0, 17)];
    const record = memory.subarray(3);
    const sealed = join(
      ours.key(key).seal(nonce, aad, [record.subarray(0, 100_001), record.subarray(100_001)]),
    );
    assertSame(sealed, join(theirs.key(key).seal(nonce, aad, [record])));
    const framed = join([memory.subarray(0, 9), sealed]).subarray(9);
    assertSame(ours.key(key).open(nonce, aad, framed)!, record.slice());
    assertSame(theirs.key(key).open(nonce, aad, framed)!, record.slice());
  });
}

test("X25519", () => {
  const [ours, theirs] = [chosen.x25519, pure.x25519];
  fc.assert(
    fc.property(octets(32), octets(32), (secretKey, other) => {
      assertSame(ours.publicKey(secretKey), theirs.publicKey(secretKey));
      const publicKey = theirs.publicKey(other);
      assertSame(ours.sharedSecret(secretKey, publicKey)!, theirs.sharedSecret(secretKey, publicKey)!);
      // Any 32 octets are a public key: on the twist, not reduced, with the top bit set.
      assert.equal(ours.sharedSecret(secretKey, other), theirs.sharedSecret(secretKey, other));
    }),
    { numRuns: 25 },
  );
});

test("scrypt", () => {
  fc.assert(
    fc.property(
      message,
      message,
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 100 }),
      (passphrase, salt, exponent, r, p, length) => {
        const parameters = { N: 2 ** exponent, r, p, length };
        assertSame(chosen.scrypt(passphrase, salt, parameters), pure.scrypt(passphrase, salt, parameters));
      },
    ),
    { numRuns: 25 },
  );
});

const KEMS: readonly (readonly [Kem, Kem])[] = [
  [chosen.kems["ML-KEM-768"], pure.kems["ML-KEM-768"]],
  [chosen.kems["ML-KEM-1024"], pure.kems["ML-KEM-1024"]],
];

for (const [ours, theirs] of KEMS) {
  test(`${ours.name}`, () => {
    fc.assert(
      fc.property(octets(64), octets(32), fc.nat(), (seed, randomness, where) => {
        const [a, b] = [ours.generate(seed), theirs.generate(seed)];
        assertSame(a.publicKey, b.publicKey);
        const [toA, toB] = [
          ours.encapsulate(a.publicKey, randomness)!,
          theirs.encapsulate(b.publicKey, randomness)!,
        ];
        assertSame(toA.ciphertext, toB.ciphertext);
        assertSame(toA.secret, toB.secret);
        const random = ours.encapsulate(a.publicKey, chosen.random)!;
        const bad = random.ciphertext.slice();
        bad[where % bad.length]! ^= 1 << (where % 8);
        for (const ciphertext of [toA.ciphertext, random.ciphertext, bad]) {
          assertSame(ours.decapsulate(ciphertext, a.secretKey), theirs.decapsulate(ciphertext, b.secretKey));
        }
        assertSame(theirs.decapsulate(random.ciphertext, b.secretKey), random.secret);
      }),
      { numRuns: 8 },
    );
  });
}

const SIGNATURES: readonly (readonly [Signature, Signature, number])[] = [
  [chosen.signatures.Ed25519, pure.signatures.Ed25519, 25],
  [chosen.signatures["ML-DSA-44"], pure.signatures["ML-DSA-44"], 5],
  [chosen.signatures["ML-DSA-65"], pure.signatures["ML-DSA-65"], 4],
  [chosen.signatures["ML-DSA-87"], pure.signatures["ML-DSA-87"], 3],
];

for (const [ours, theirs, numRuns] of SIGNATURES) {
  test(`${ours.name}`, () => {
    fc.assert(
      fc.property(octets(32), message, context, octets(32), (seed, text, ctx, randomness) => {
        const [a, b] = [ours.key(seed), theirs.key(seed)];
        assertSame(a.publicKey, b.publicKey);
        assertSame(a.sign(text, ctx, null), b.sign(text, ctx, null));
        assertSame(
          a.sign(text, ctx, randomness),
          b.sign(text, ctx, () => randomness.slice()),
        );
        const hedged = a.sign(text, ctx, chosen.random);
        const bad = hedged.slice();
        bad[randomness[0]! % bad.length]! ^= 1;
        for (const scheme of [ours, theirs]) {
          assert.is(scheme.verify(a.publicKey, text, ctx, hedged), true);
          assert.is(scheme.verify(a.publicKey, text, ctx, bad), false);
        }
      }),
      { numRuns },
    );
  });
}

test.run();
