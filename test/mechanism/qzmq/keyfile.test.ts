import { test } from "uvu";
import * as assert from "uvu/assert";
import { LayoutError } from "../../../src/bytes/reader.ts";
import { utf8, Writer } from "../../../src/bytes/writer.ts";
import type { CryptoProvider } from "../../../src/crypto/provider.ts";
import { hex, keyFingerprint } from "../../../src/mechanism/qzmq/algorithm.ts";
import {
  decodePrivateKey,
  decodePublicKey,
  encodePrivateKey,
  encodePublicKey,
  KeyFileError,
  type PassphraseCost,
} from "../../../src/mechanism/qzmq/keyfile.ts";
import { counting, flip, key, provider, seedOf } from "./pki.ts";

const SEED = seedOf("someone");
const PRIVATE = { algorithm: "ML-DSA-44", seed: SEED } as const;
const CHEAP: PassphraseCost = { logN: 10, r: 2, p: 1 };
const passphrase = utf8("correct horse");
const bare = encodePrivateKey(provider, PRIVATE, null);
const locked = encodePrivateKey(provider, PRIVATE, { passphrase, random: counting(), cost: CHEAP });

const fails = (reason: string) => (error: unknown) =>
  error instanceof KeyFileError && error.reason === reason;
const open = (octets: Uint8Array, phrase: Uint8Array | null = passphrase) =>
  decodePrivateKey(provider, octets, phrase);

test("the layout of a bare key is the specified one", () => {
  const keyId = keyFingerprint(provider, "ML-DSA-44", key("someone").publicKey);
  assert.is(hex(bare), hex(new Writer().u8(1).u8(2).bytes(keyId).u8(0).bytes(SEED).finish()));
  assert.is(bare.length, 67);
});

test("the layout of a protected key is the specified one", () => {
  const random = counting();
  const [salt, nonce] = [random(16), random(12)];
  const head = new Writer()
    .bytes(bare.subarray(0, 34))
    .u8(1)
    .u8(10)
    .u8(2)
    .u8(1)
    .bytes(salt)
    .bytes(nonce)
    .finish();
  const secret = provider.scrypt(passphrase, salt, { N: 1024, r: 2, p: 1, length: 32 });
  const sealed = provider.aeads["ChaCha20-Poly1305"].key(secret).seal(nonce, head, [SEED]);
  assert.is(hex(locked), hex(Buffer.concat([head, ...sealed])));
  assert.is(locked.length, 114);
});

for (const algorithm of ["Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"] as const) {
  test(`a key of ${algorithm} comes back, bare and protected`, () => {
    const protection = { passphrase, random: counting(), cost: CHEAP };
    for (const octets of [
      encodePrivateKey(provider, { algorithm, seed: SEED }, null),
      encodePrivateKey(provider, { algorithm, seed: SEED }, protection),
    ]) {
      const again = open(octets);
      assert.is(again.algorithm, algorithm);
      assert.is(hex(again.seed), hex(SEED));
    }
  });
}

test("the seed that comes back is a copy", () => {
  const octets = bare.slice();
  const { seed } = open(octets, null);
  octets.fill(0);
  assert.is(hex(seed), hex(SEED));
});

test("without passphrase, or with a wrong one, a protected key stays shut", () => {
  assert.throws(() => open(locked, null), fails("passphrase-needed"));
  assert.throws(() => open(locked, utf8("Correct horse")), fails("passphrase-wrong"));
  assert.throws(() => open(locked, new Uint8Array(0)), fails("passphrase-wrong"));
});

test("every truncation and any octet too many is refused", () => {
  for (const octets of [bare, locked]) {
    for (let length = 0; length < octets.length; length++) {
      assert.throws(() => open(octets.subarray(0, length)), fails("malformed"));
    }
    assert.throws(() => open(Uint8Array.of(...octets, 0)), fails("malformed"));
  }
});

test("every octet matters", () => {
  for (const octets of [bare, locked]) {
    for (let at = 0; at < octets.length; at++) {
      const isFailure = (error: unknown) => error instanceof KeyFileError;
      assert.throws(() => open(flip(octets, at, at % 2)), isFailure, `octet ${at}`);
    }
  }
  assert.throws(() => open(flip(bare, 40)), fails("mismatch"));
  assert.throws(() => open(flip(bare, 10)), fails("mismatch"));
  assert.throws(() => open(flip(locked, 60)), fails("passphrase-wrong"));
});

const costs: Record<string, PassphraseCost> = {
  "log_n of 9": { logN: 9, r: 8, p: 1 },
  "log_n of 21": { logN: 21, r: 8, p: 1 },
  "log_n of no whole number": { logN: 10.5, r: 8, p: 1 },
  "r of 1": { logN: 10, r: 1, p: 1 },
  "r of 17": { logN: 10, r: 17, p: 1 },
  "p of 0": { logN: 10, r: 8, p: 0 },
  "p of 9": { logN: 10, r: 8, p: 9 },
  "over 256 MiB": { logN: 19, r: 8, p: 1 },
  "over 2^23 in all": { logN: 18, r: 8, p: 5 },
};
for (const [what, cost] of Object.entries(costs)) {
  test(`scrypt with ${what} is neither written nor computed`, () => {
    const isRangeError = (error: unknown) => error instanceof RangeError;
    const protection = { passphrase, random: counting(), cost };
    assert.throws(() => encodePrivateKey(provider, PRIVATE, protection), isRangeError);
    if (!Number.isInteger(cost.logN)) return;
    const octets = locked.slice();
    octets.set([cost.logN, cost.r, cost.p], 35);
    const guarded: CryptoProvider = Object.create(provider, {
      scrypt: { value: () => assert.unreachable("scrypt was called") },
    });
    assert.throws(() => decodePrivateKey(guarded, octets, passphrase), fails("malformed"));
  });
}

test("an empty passphrase and a seed of another length are refused", () => {
  const random = counting();
  assert.throws(
    () => encodePrivateKey(provider, PRIVATE, { passphrase: new Uint8Array(0), random }),
    /empty passphrase/,
  );
  assert.throws(
    () => encodePrivateKey(provider, { ...PRIVATE, seed: new Uint8Array(31) }, null),
    /32 octets/,
  );
});

test("public keys come back, and nothing else does", () => {
  const { publicKey } = key("someone", "ML-DSA-65");
  const octets = encodePublicKey({ algorithm: "ML-DSA-65", publicKey });
  assert.is(hex(octets), `03${hex(publicKey)}`);
  assert.equal(decodePublicKey(provider, octets), { algorithm: "ML-DSA-65", publicKey });
  const isLayoutError = (error: unknown) => error instanceof LayoutError;
  for (const wrong of [
    octets.subarray(1),
    octets.subarray(0, -1),
    Uint8Array.of(...octets, 0),
    new Uint8Array(0),
  ]) {
    assert.throws(() => decodePublicKey(provider, wrong), isLayoutError);
  }
  assert.throws(() => decodePublicKey(provider, flip(octets, 0)), isLayoutError);
});

test.run();
