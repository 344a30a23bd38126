/** The choice of back ends: probes accept what is right and refuse what is not quite. */
import * as nodeCrypto from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { NodeCandidates } from "../../src/crypto/node.ts";
import {
  aeadWorks,
  hashWorks,
  kemWorks,
  scryptWorks,
  signatureWorks,
  x25519Works,
} from "../../src/crypto/probe.ts";
import type { Aead, Hash, Kem, Signature, X25519 } from "../../src/crypto/provider.ts";
import { type CryptoChoice, combine, cryptoProvider } from "../../src/crypto/select.ts";
import { chosen, native, pattern, pure } from "./backends.ts";

const test = suite("choice of back ends");

const { "SHA-256": hash } = pure.hashes;
const { "AES-256-GCM": aead } = pure.aeads;
const { "ML-KEM-768": kem } = pure.kems;
const { "ML-DSA-44": mlDsa, Ed25519: ed25519 } = pure.signatures;
const { x25519, scrypt } = pure;
const none = new Uint8Array(0);
/** Bun and Deno say that they are Node. */
const isNode = !("bun" in process.versions || "deno" in process.versions);

function fail(): never {
  throw new Error("not supported");
}

test("every pure primitive passes its probe", () => {
  for (const each of Object.values(pure.hashes)) assert.ok(hashWorks(each), each.name);
  for (const each of Object.values(pure.aeads)) assert.ok(aeadWorks(each), each.name);
  for (const each of Object.values(pure.kems)) assert.ok(kemWorks(each, each, pure.random), each.name);
  for (const each of Object.values(pure.signatures)) {
    assert.ok(signatureWorks(each, each, pure.random), each.name);
  }
  assert.ok(x25519Works(x25519, pure.random));
  assert.ok(scryptWorks(scrypt));
});

test("a wrong hash fails its probe", () => {
  const wrong: readonly Partial<Hash>[] = [
    { digest: () => new Uint8Array(32) },
    { digest: fail },
    { hmac: (key, ...parts) => hash.hmac(parts[0]!, key) },
    { hmac: (key, ...parts) => (key.length === 0 ? fail() : hash.hmac(key, ...parts)) },
    {
      // Ends with the first look.
      start() {
        const running = hash.start();
        let done: Uint8Array | undefined;
        return {
          update(bytes) {
            running.update(bytes);
            return this;
          },
          digest() {
            done ??= running.digest();
            return done;
          },
        };
      },
    },
  ];
  for (const change of wrong) assert.not(hashWorks({ ...hash, ...change }), Object.keys(change)[0]!);
});

test("a wrong AEAD fails its probe", () => {
  const open = (
    opened: (nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array) => Uint8Array | null,
  ): Aead => ({
    ...aead,
    key: (raw) => {
      const key = aead.key(raw);
      return {
        seal: key.seal.bind(key),
        open: opened,
        beginSeal: key.beginSeal.bind(key),
        beginOpen: key.beginOpen.bind(key),
        wipe: () => key.wipe(),
      };
    },
  });
  const key = aead.key(pattern(32, 4));
  assert.ok(aeadWorks(open((nonce, aad, sealed) => key.open(nonce, aad, sealed))));
  assert.not(aeadWorks(open(() => null)), "opens nothing");
  assert.not(aeadWorks(open(() => pattern(40, 3))), "checks nothing");
  assert.not(
    aeadWorks(open((nonce, _aad, sealed) => key.open(nonce, pattern(17, 2), sealed))),
    "ignores the data",
  );
  assert.not(aeadWorks({ ...aead, key: fail }), "throws");
  assert.not(aeadWorks({ ...pure.aeads["ChaCha20-Poly1305"], name: "AES-256-GCM" }), "another cipher");
});

test("a wrong X25519 fails its probe", () => {
  const wrong: readonly Partial<X25519>[] = [
    { publicKey: (secretKey) => secretKey.slice() },
    { publicKey: fail },
    {
      sharedSecret: (secretKey, publicKey) => x25519.sharedSecret(secretKey, publicKey) ?? new Uint8Array(32),
    },
    { sharedSecret: () => null },
    { generate: (source) => ({ ...x25519.generate(source), publicKey: pattern(32) }) },
    { generate: (source) => ({ ...x25519.generate(source), sharedSecret: () => null }) },
    { generate: fail },
  ];
  for (const change of wrong) assert.not(x25519Works({ ...x25519, ...change }, pure.random));
});

test("a wrong scrypt fails its probe", () => {
  assert.not(scryptWorks((passphrase, salt, parameters) => scrypt(salt, passphrase, parameters)));
  assert.not(scryptWorks(fail));
});

test("a wrong KEM fails its probe", () => {
  const wrong: readonly Partial<Kem>[] = [
    { generate: () => kem.generate(pattern(64, 2)) },
    // Wrong where it draws by itself only.
    {
      generate: (seed) => ({
        ...kem.generate(seed),
        ...(typeof seed === "function" ? { publicKey: kem.generate(seed).publicKey } : {}),
      }),
    },
    { encapsulate: () => null },
    {
      encapsulate: (publicKey, randomness) => ({
        ...kem.encapsulate(publicKey, randomness)!,
        secret: pattern(32),
      }),
    },
    { decapsulate: () => pattern(32) },
    // Throws where it should reject in silence.
    {
      decapsulate: (ciphertext, key) =>
        ciphertext[0] === 2 && ciphertext[1] === 3 ? fail() : kem.decapsulate(ciphertext, key),
    },
  ];
  for (const change of wrong) assert.not(kemWorks({ ...kem, ...change }, kem, pure.random));
});

test("a wrong signature scheme fails its probe", () => {
  for (const scheme of [mlDsa, ed25519]) {
    const wrong: readonly Partial<Signature>[] = [
      { key: fail },
      { key: () => scheme.key(pattern(32, 2)) },
      { verify: () => true },
      { verify: () => false },
      // Leaves the context out, on both sides.
      {
        key: (seed) => ({
          ...scheme.key(seed),
          sign: (text, _, random) => scheme.sign(seed, text, none, random),
        }),
        verify: (publicKey, text, _, signature) => scheme.verify(publicKey, text, none, signature),
      },
      // Puts the context in by a way of its own, on both sides.
      {
        key: (seed) => ({
          ...scheme.key(seed),
          sign: (text, context, random) => scheme.sign(seed, text, context.slice(1), random),
        }),
        verify: (publicKey, text, context, signature) =>
          scheme.verify(publicKey, text, context.slice(1), signature),
      },
    ];
    for (const change of wrong) assert.not(signatureWorks({ ...scheme, ...change }, scheme, pure.random));
  }
});

/** Native candidates of which some never work. */
const broken: NodeCandidates = {
  ...native,
  aeads: {
    "AES-256-GCM": aead,
    "ChaCha20-Poly1305": { name: "ChaCha20-Poly1305", key: fail },
  },
  kems: { "ML-KEM-768": undefined, "ML-KEM-1024": { ...kem, name: "ML-KEM-1024" } },
  signatures: { ...native.signatures, "ML-DSA-44": { ...mlDsa, key: fail } },
  x25519: { ...x25519, publicKey: fail },
  scrypt: fail,
};

test("a primitive that fails its probe comes from the pure back end", () => {
  const provider = combine("auto", pure, broken);
  assert.is(provider.aeads["ChaCha20-Poly1305"], pure.aeads["ChaCha20-Poly1305"]);
  assert.is(provider.kems["ML-KEM-768"], pure.kems["ML-KEM-768"]);
  assert.is(provider.kems["ML-KEM-1024"], pure.kems["ML-KEM-1024"]);
  assert.is(provider.signatures["ML-DSA-44"], pure.signatures["ML-DSA-44"]);
  assert.is(provider.x25519, pure.x25519);
  assert.is(provider.scrypt, pure.scrypt);
  assert.is(provider.hashes["SHA-256"], native.hashes["SHA-256"]);
  assert.is(provider.random, native.random);
  assert.is(provider.name, "node+noble");
});

test('"node" names the primitive that is missing, and lets the post-quantum ones be', () => {
  const provider = combine("node", pure, broken);
  assert.throws(() => provider.aeads["ChaCha20-Poly1305"], /ChaCha20-Poly1305/);
  assert.throws(() => provider.x25519, /X25519/);
  assert.throws(() => provider.scrypt, /scrypt/);
  assert.is(provider.kems["ML-KEM-768"], pure.kems["ML-KEM-768"]);
  assert.is(provider.signatures["ML-DSA-44"], pure.signatures["ML-DSA-44"]);
  assert.is(provider.hashes["SHA-384"], native.hashes["SHA-384"]);
});

test("a primitive is probed once, and not before it is asked for", () => {
  let probed = 0;
  const counting: NodeCandidates = {
    ...native,
    x25519: {
      publicKey(secretKey) {
        probed++;
        return x25519.publicKey(secretKey);
      },
      sharedSecret: x25519.sharedSecret,
      generate: x25519.generate,
    },
  };
  const provider = combine("auto", pure, counting);
  assert.is(provider.hashes["SHA-256"], native.hashes["SHA-256"]);
  assert.is(probed, 0);
  assert.is(provider.x25519, counting.x25519);
  assert.is(provider.x25519, counting.x25519);
  assert.is(probed, 1);
});

test("names", () => {
  const names: Record<CryptoChoice, readonly string[]> = {
    noble: ["noble"],
    node: ["node", "node+noble"],
    auto: ["node", "node+noble"],
  };
  for (const choice of ["noble", "node", "auto"] as const) {
    if (choice === "node" && !isNode) continue;
    const provider = cryptoProvider(choice);
    assert.ok(names[choice].includes(provider.name), provider.name);
    assert.ok(Object.isFrozen(provider) && Object.isFrozen(provider.kems));
  }
});

test("this runtime has all that Node has had for long, and post-quantum primitives if it announces them", () => {
  if (!isNode) return;
  assert.is(chosen.name, "encapsulate" in nodeCrypto ? "node" : "node+noble");
  assert.is(chosen.hashes["SHA-256"], native.hashes["SHA-256"]);
  assert.is(chosen.hashes["SHA-384"], native.hashes["SHA-384"]);
  assert.is(chosen.aeads["AES-256-GCM"], native.aeads["AES-256-GCM"]);
  assert.is(chosen.aeads["ChaCha20-Poly1305"], native.aeads["ChaCha20-Poly1305"]);
  assert.is(chosen.signatures.Ed25519, native.signatures.Ed25519);
  assert.is(chosen.x25519, native.x25519);
  assert.is(chosen.scrypt, native.scrypt);
});

test.run();
