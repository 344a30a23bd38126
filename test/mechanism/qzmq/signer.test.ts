import { test } from "uvu";
import * as assert from "uvu/assert";
import { utf8 } from "../../../src/bytes/writer.ts";
import type { Random } from "../../../src/crypto/provider.ts";
import {
  hex,
  SIGNATURE_OCTETS,
  signatureByOctet,
  signaturesOfMode,
} from "../../../src/mechanism/qzmq/algorithm.ts";
import { localSigner, SIGNATURE_CONTEXTS } from "../../../src/mechanism/qzmq/signer.ts";
import { counting, provider, seedOf } from "./pki.ts";

const MESSAGE = utf8("what is signed");
const { server, client } = SIGNATURE_CONTEXTS;

for (const algorithm of ["Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"] as const) {
  test(`${algorithm}: signatures verify under their context and no other`, async () => {
    const signer = localSigner(provider, algorithm, seedOf("someone"), provider.random);
    const primitive = provider.signatures[algorithm];
    assert.is(hex(signer.publicKey), hex(primitive.publicKey(seedOf("someone"))));
    const signature = await signer.sign(MESSAGE, server);
    assert.ok(primitive.verify(signer.publicKey, MESSAGE, server, signature));
    assert.not(primitive.verify(signer.publicKey, MESSAGE, client, signature));
    signer.dispose();
  });
}

test("hedged signatures differ, those without randomness do not", async () => {
  const hedged = localSigner(provider, "ML-DSA-44", seedOf("someone"), counting());
  const fixed = localSigner(provider, "ML-DSA-44", seedOf("someone"), null);
  const sign = async ({ sign }: typeof hedged) => hex(await sign(MESSAGE, server));
  assert.is.not(await sign(hedged), await sign(hedged));
  assert.is(await sign(fixed), await sign(fixed));
});

test("off the main thread where the runtime can and others wait, for hedged signatures of the provider's own source only", async () => {
  const primitive = provider.signatures["ML-DSA-44"];
  const later = Uint8Array.of(1);
  const native = {
    ...primitive,
    key: (seed: Uint8Array) => ({ ...primitive.key(seed), signAsync: async () => later }),
  };
  const signatures = { value: { ...provider.signatures, "ML-DSA-44": native } };
  const able: typeof provider = Object.create(provider, { signatures });
  const sign = (random: Random | null, waiting?: number) =>
    localSigner(able, "ML-DSA-44", seedOf("someone"), random).sign(MESSAGE, server, waiting);
  assert.is(await sign(able.random, 1), later);
  assert.is((sign(able.random) as Uint8Array).length, 2420);
  assert.is((sign(counting(), 1) as Uint8Array).length, 2420);
  assert.is((sign(null, 1) as Uint8Array).length, 2420);
});

test("the seed is copied, and gone after dispose", async () => {
  const seed = seedOf("someone");
  const signer = localSigner(provider, "ML-DSA-44", seed, null);
  const before = hex(await signer.sign(MESSAGE, server));
  seed.fill(0);
  assert.is(hex(await signer.sign(MESSAGE, server)), before);
  signer.dispose();
  assert.throws(() => signer.sign(MESSAGE, server));
});

test("a seed of another length is refused", () => {
  assert.throws(
    () => localSigner(provider, "ML-DSA-44", new Uint8Array(31), null),
    (e: unknown) => e instanceof RangeError,
  );
});

test("octets name algorithms, and modes allow them", () => {
  for (const [name, octet] of Object.entries(SIGNATURE_OCTETS)) assert.is(signatureByOctet(octet), name);
  for (const octet of [0, 5, 255]) assert.is(signatureByOctet(octet), undefined);
  for (const mode of ["hybrid", "pq-only"] as const) {
    assert.equal(signaturesOfMode(mode), ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]);
  }
  assert.ok(signaturesOfMode("classical").includes("Ed25519"));
});

test.run();
