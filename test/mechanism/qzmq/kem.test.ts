import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CryptoProvider } from "../../../src/crypto/provider.ts";
import { cryptoProvider } from "../../../src/crypto/select.ts";
import { PeerError } from "../../../src/errors.ts";
import { keyExchange } from "../../../src/mechanism/qzmq/kem.ts";
import type { KemOctet } from "../../../src/mechanism/qzmq/suite.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const SIZES: Record<KemOctet, readonly [number, number, number]> = {
  1: [32, 32, 32],
  2: [1184, 1088, 32],
  3: [1568, 1568, 32],
  4: [1216, 1120, 64],
  5: [1600, 1600, 64],
};
const octets = [1, 2, 3, 4, 5] as const;

function refused(error: unknown): boolean {
  return error instanceof PeerError && error.code === "ERR_QZMQ_PROTOCOL";
}

for (const provider of [cryptoProvider("noble"), cryptoProvider("auto")]) {
  test(`${provider.name}: lengths, agreement, fresh secrets`, () => {
    for (const octet of octets) {
      const kem = keyExchange(provider, octet);
      const random = seededRandom(`kem ${octet}`);
      const pair = kem.generate(random);
      const { ciphertext, secret } = kem.encapsulate(pair.publicKey, random);
      assert.equal([pair.publicKey.length, ciphertext.length, secret.length], SIZES[octet]);
      assert.equal([kem.publicKeyLength, kem.ciphertextLength], SIZES[octet].slice(0, 2));
      assert.equal(pair.decapsulate(ciphertext), secret);
      assert.not.equal(kem.encapsulate(kem.generate(random).publicKey, random).secret, secret);
    }
  });
}

const provider = cryptoProvider("auto");

test("the hybrid secret is ML-KEM's, then X25519's, and the order of random octets is as documented", () => {
  const random = seededRandom("order");
  const pair = keyExchange(provider, 4).generate(random);
  const { ciphertext, secret } = keyExchange(provider, 4).encapsulate(pair.publicKey, random);
  const again = seededRandom("order");
  const own = provider.kems["ML-KEM-768"].generate(again(64));
  const ownX = again(32);
  const made = provider.kems["ML-KEM-768"].encapsulate(own.publicKey, again(32))!;
  const peerX = again(32);
  assert.equal(pair.publicKey, Uint8Array.from([...own.publicKey, ...provider.x25519.publicKey(ownX)]));
  assert.equal(ciphertext, Uint8Array.from([...made.ciphertext, ...provider.x25519.publicKey(peerX)]));
  const shared = provider.x25519.sharedSecret(ownX, provider.x25519.publicKey(peerX))!;
  assert.equal(secret, Uint8Array.from([...made.secret, ...shared]));
});

test("wrong lengths, small-order keys and unreduced keys are refused", () => {
  for (const octet of octets) {
    const kem = keyExchange(provider, octet);
    const random = seededRandom("bad");
    const { publicKey } = kem.generate(random);
    for (const wrong of [publicKey.slice(1), Uint8Array.from([...publicKey, 0]), new Uint8Array(0)]) {
      assert.throws(() => kem.encapsulate(wrong, random), refused);
    }
    for (const change of [-1, 1]) {
      assert.throws(
        () => kem.generate(random).decapsulate(new Uint8Array(kem.ciphertextLength + change)),
        refused,
      );
    }
    if (octet !== 2 && octet !== 3) {
      const small = publicKey.slice();
      small.fill(0, small.length - 32);
      assert.throws(() => kem.encapsulate(small, random), refused);
      const pair = kem.generate(random);
      const { ciphertext } = kem.encapsulate(pair.publicKey, random);
      ciphertext.fill(0, ciphertext.length - 32);
      assert.throws(() => pair.decapsulate(ciphertext), refused);
    }
    if (octet !== 1) {
      const unreduced = publicKey.slice();
      unreduced.fill(0xff, 0, 2);
      assert.throws(() => kem.encapsulate(unreduced, random), refused);
    }
  }
});

test("the all-zero check does not depend on the provider", () => {
  const careless: CryptoProvider = {
    ...provider,
    kems: provider.kems,
    x25519: {
      ...provider.x25519,
      generate: (source) => ({
        ...provider.x25519.generate(source),
        sharedSecret: () => new Uint8Array(32),
      }),
    },
  };
  const { publicKey } = keyExchange(provider, 1).generate(seededRandom("x"));
  assert.throws(() => keyExchange(careless, 1).encapsulate(publicKey, seededRandom("y")), refused);
});

test("a changed ML-KEM ciphertext gives another secret and no error; the key pair is gone after one use", () => {
  const kem = keyExchange(provider, 2);
  const random = seededRandom("implicit");
  const pair = kem.generate(random);
  const { ciphertext, secret } = kem.encapsulate(pair.publicKey, random);
  ciphertext[5]! ^= 1;
  assert.not.equal(pair.decapsulate(ciphertext), secret);
  assert.throws(() => pair.decapsulate(ciphertext));
});

test("random octets that were drawn are overwritten", () => {
  const drawn: Uint8Array[] = [];
  const source = seededRandom("wipe");
  const random = (length: number) => {
    const octets = source(length);
    drawn.push(octets);
    return octets;
  };
  const kem = keyExchange(provider, 5);
  const pair = kem.generate(random);
  const { ciphertext } = kem.encapsulate(pair.publicKey, random);
  pair.decapsulate(ciphertext);
  assert.is(drawn.length, 4);
  for (const octets of drawn) assert.ok(octets.every((octet) => octet === 0));
});

test.run();
