/** Ed25519 accepts the same keys and signatures on every back end, corner cases of RFC 8032 included. */
import { createPrivateKey, sign as nodeSign } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ed25519Message, isAcceptablePoint } from "../../src/crypto/ed25519-rules.ts";
import { fromHex, implementations, join, pattern, toHex } from "./backends.ts";

const test = suite("Ed25519");
const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
const P = Point.Fp.ORDER;
const [text, context] = [pattern(30), pattern(5)];

/** A point of order 8. */
const TORSION = Point.fromBytes(fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"));

function encode(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, "0")).reverse();
}

function decode(octets: Uint8Array): bigint {
  return BigInt(`0x${toHex(octets.slice().reverse())}`);
}

function challenge(R: Uint8Array, A: Uint8Array, message: Uint8Array): bigint {
  return decode(sha512(join([R, A, ed25519Message(context, message)]))) % ORDER;
}

/** With the secret scalar 12345 and the nonce 6789, and any small-order part added to R and to A. */
function forge(tweakR: typeof TORSION, tweakA: typeof TORSION, message: Uint8Array) {
  const A = Point.BASE.multiply(12345n).add(tweakA).toBytes();
  const R = Point.BASE.multiply(6789n).add(tweakR).toBytes();
  const k = challenge(R, A, message);
  return { A, signature: join([R, encode((6789n + k * 12345n) % ORDER)]), k };
}

for (const [backEnd, scheme] of implementations((provider) => provider.signatures.Ed25519)) {
  test(`${backEnd}: signs context || 0x00 || message`, () => {
    const der = join([fromHex("302e020100300506032b657004220420"), pattern(32)]);
    const key = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
    const framed = join([context, new Uint8Array(1), text]);
    assert.is(
      toHex(scheme.sign(pattern(32), text, context, pattern(32))),
      nodeSign(null, framed, key).toString("hex"),
    );
  });

  test(`${backEnd}: public keys of small order and not reduced are refused`, () => {
    // Under such an A, R = S B fits any message whose k wipes A out: one in eight, tried until found.
    const S = 6789n;
    const R = Point.BASE.multiply(S).toBytes();
    for (let multiple = 0n; multiple < 8n; multiple++) {
      const A = multiple === 0n ? Point.ZERO : TORSION.multiply(multiple);
      const octets = A.toBytes();
      assert.not(isAcceptablePoint(octets), toHex(octets));
      const message = Array.from({ length: 256 }, (_, i) => Uint8Array.of(i)).find((candidate) =>
        A.multiplyUnsafe(challenge(R, octets, candidate)).is0(),
      )!;
      assert.is(scheme.verify(octets, message, context, join([R, encode(S)])), false, toHex(octets));
    }
    for (let y = P; y < 2n ** 255n; y++) {
      for (const octets of [encode(y), encode(y + 2n ** 255n)]) {
        assert.not(isAcceptablePoint(octets), toHex(octets));
        assert.is(scheme.verify(octets, text, context, new Uint8Array(64)), false);
      }
    }
    // x = 0 with its sign set.
    for (const y of [1n, P - 1n]) assert.not(isAcceptablePoint(encode(y + 2n ** 255n)));
  });

  test(`${backEnd}: S must be below the group order`, () => {
    const { A, signature } = forge(Point.ZERO, Point.ZERO, text);
    assert.is(scheme.verify(A, text, context, signature), true);
    const S = decode(signature.subarray(32));
    for (let s = S + ORDER; s < 2n ** 256n; s += ORDER) {
      const malleated = join([signature.subarray(0, 32), encode(s)]);
      assert.is(scheme.verify(A, text, context, malleated), false);
    }
  });

  test(`${backEnd}: a small-order part in R is refused, in A it counts`, () => {
    const inR = forge(TORSION, Point.ZERO, text);
    assert.is(
      ed25519.verify(inR.signature, ed25519Message(context, text), inR.A),
      true,
      "the lax equation holds",
    );
    assert.is(scheme.verify(inR.A, text, context, inR.signature), false);
    for (let i = 0; i < 24; i++) {
      const { A, signature, k } = forge(Point.ZERO, TORSION, Uint8Array.of(i));
      assert.is(scheme.verify(A, Uint8Array.of(i), context, signature), k % 8n === 0n, `${i}`);
    }
  });

  test(`${backEnd}: R of small order, however it is encoded, is refused`, () => {
    // R = the neutral element, also written with y = p + 1 and with the sign of x set; S = k a fits.
    const A = Point.BASE.multiply(12345n).toBytes();
    for (const y of [1n, P + 1n, 1n + 2n ** 255n]) {
      const R = encode(y);
      const S = encode((challenge(R, A, text) * 12345n) % ORDER);
      assert.is(scheme.verify(A, text, context, join([R, S])), false, toHex(R));
    }
  });

  test(`${backEnd}: half of all octets are no point`, () => {
    for (let i = 0; i < 16; i++) {
      assert.is(scheme.verify(encode(BigInt(i) + 2n), text, context, new Uint8Array(64)), false);
    }
  });
}

test.run();
