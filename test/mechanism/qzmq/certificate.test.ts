import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LayoutError } from "../../../src/bytes/reader.ts";
import { utf8, Writer } from "../../../src/bytes/writer.ts";
import type { SignatureName } from "../../../src/crypto/provider.ts";
import { hex, keyFingerprint } from "../../../src/mechanism/qzmq/algorithm.ts";
import {
  type Certificate,
  type CertificateFields,
  decodeCertificate,
  END_OF_TIME,
  issueCertificate,
  MAX_CERTIFICATE,
  type Role,
  selfIssue,
  verifyCertificate,
} from "../../../src/mechanism/qzmq/certificate.ts";
import { certify, flip, key, NOT_AFTER, NOT_BEFORE, provider, seedOf } from "./pki.ts";

const isLayoutError = (error: unknown) => error instanceof LayoutError;
const isRangeError = (error: unknown) => error instanceof RangeError;

async function rejects(promise: Promise<unknown>, expected: (error: unknown) => boolean): Promise<void> {
  const outcome = await promise.then(
    () => "resolved",
    (error: unknown) => error,
  );
  assert.ok(expected(outcome), String(outcome));
}

const ROOT = key("root");
const leaf = await certify("broker", "root", {
  alternativeNames: ["broker.example", "127.0.0.1"],
  extensions: [{ type: 7, data: Uint8Array.of(1, 2, 3) }],
});

/** The layout as the specification gives it, written without the code under test. Each field can be replaced. */
interface Raw {
  version: number;
  serial: Uint8Array;
  subject: string;
  names: string[];
  usage: number;
  pathLength: number;
  notBefore: number;
  notAfter: number;
  algorithm: number;
  publicKey: Uint8Array;
  issuerKeyId: Uint8Array;
  extensions: [number, Uint8Array][];
  signature: Uint8Array;
}

function raw(change: Partial<Raw> = {}): Uint8Array {
  const fields: Raw = {
    version: 1,
    serial: seedOf("serial broker root").subarray(0, 16),
    subject: "broker",
    names: ["127.0.0.1", "broker.example"],
    usage: 6,
    pathLength: 0,
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    algorithm: 2,
    publicKey: key("broker").publicKey,
    issuerKeyId: keyFingerprint(provider, "ML-DSA-44", ROOT.publicKey),
    extensions: [[7, Uint8Array.of(1, 2, 3)]],
    signature: leaf.signature,
    ...change,
  };
  const names = new Writer();
  for (const name of fields.names) names.v8(utf8(name));
  const extensions = new Writer();
  for (const [type, data] of fields.extensions) extensions.u16(type).v16(data);
  return new Writer()
    .u8(fields.version)
    .bytes(fields.serial)
    .v8(utf8(fields.subject))
    .v16(names.finish())
    .u8(fields.usage)
    .u8(fields.pathLength)
    .u64(fields.notBefore)
    .u64(fields.notAfter)
    .u8(fields.algorithm)
    .v16(fields.publicKey)
    .bytes(fields.issuerKeyId)
    .v16(extensions.finish())
    .v16(fields.signature)
    .finish();
}

test("the layout is the specified one", () => {
  assert.is(hex(leaf.encoded), hex(raw()));
  assert.is(hex(leaf.signed), hex(leaf.encoded.subarray(0, leaf.encoded.length - 2 - 2420)));
  assert.is(hex(leaf.keyId), hex(keyFingerprint(provider, "ML-DSA-44", key("broker").publicKey)));
});

test("what is issued comes back when decoded, and its signature verifies", async () => {
  const again = decodeCertificate(provider, leaf.encoded);
  assert.equal(again, leaf);
  assert.equal(again.alternativeNames, ["127.0.0.1", "broker.example"]);
  assert.ok(verifyCertificate(provider, again, ROOT));
  assert.not(verifyCertificate(provider, again, key("other")));
  assert.not(verifyCertificate(provider, again, key("root", "ML-DSA-65")));
});

for (const algorithm of ["Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"] as const) {
  test(`a bare key of ${algorithm} travels self-issued`, async () => {
    const signer = key("bare", algorithm);
    const bare = await selfIssue(provider, signer);
    assert.is(hex(bare.keyId), hex(bare.issuerKeyId));
    assert.is(bare.notAfter, END_OF_TIME);
    assert.equal(bare.usage, { kind: "end-entity", roles: ["server", "client"] });
    assert.ok(verifyCertificate(provider, decodeCertificate(provider, bare.encoded), signer));
  });
}

test("what is decoded does not change with the input", () => {
  const input = leaf.encoded.slice();
  const decoded = decodeCertificate(provider, input);
  input.fill(0);
  assert.is(decoded.subject, "broker");
  assert.is(hex(decoded.encoded), hex(leaf.encoded));
});

test("every truncation and any octet too many is refused", () => {
  for (let length = 0; length < leaf.encoded.length; length++) {
    assert.throws(() => decodeCertificate(provider, leaf.encoded.subarray(0, length)), isLayoutError);
  }
  assert.throws(() => decodeCertificate(provider, Uint8Array.of(...leaf.encoded, 0)), isLayoutError);
});

test("every octet matters: one changed, and it does not decode or does not verify", () => {
  const { encoded, signed } = leaf;
  const keyStart = hex(encoded).indexOf(hex(leaf.publicKey)) / 2;
  for (let at = 0; at < encoded.length; at++) {
    // A sample of the key and the signature, all of the rest.
    const inKey = at >= keyStart && at < keyStart + leaf.publicKey.length;
    if ((inKey || at >= signed.length + 2) && at % 131 !== 0) continue;
    assert.not(believes(flip(encoded, at, at % 8)), `octet ${at}`);
  }
});

function believes(octets: Uint8Array): boolean {
  let decoded: Certificate;
  try {
    decoded = decodeCertificate(provider, octets);
  } catch (error) {
    if (isLayoutError(error)) return false;
    throw error;
  }
  return verifyCertificate(provider, decoded, ROOT);
}

const twice: [number, Uint8Array][] = [
  [7, Uint8Array.of()],
  [7, Uint8Array.of()],
];
const malformed: Record<string, Partial<Raw>> = {
  "version 0": { version: 0 },
  "version 2": { version: 2 },
  "an empty subject": { subject: "" },
  "an upper-case subject": { subject: "Broker" },
  "a wildcard": { names: ["*.example"] },
  "a subject with a comma": { subject: "a,b" },
  "a subject with a line feed": { subject: "a\nb" },
  "a subject beyond ASCII": { subject: "bröker" },
  "a subject that looks like a pin": { subject: "0".repeat(64) },
  "an alternative name that looks like a pin": { names: ["f".repeat(64)] },
  "an empty alternative name": { names: [""] },
  "names out of order": { names: ["b", "a"] },
  "a name twice": { names: ["a", "a"] },
  "the subject as alternative name": { names: ["broker"] },
  "65 names": { names: Array.from({ length: 65 }, (_, i) => `n${String(i).padStart(2, "0")}`) },
  "over 4096 octets of names": {
    names: Array.from({ length: 17 }, (_, i) => String.fromCharCode(97 + i).repeat(255)),
  },
  "no usage": { usage: 0 },
  "an unknown usage": { usage: 8 },
  "an authority that is a server": { usage: 3 },
  "an authority that is a client": { usage: 5 },
  "a path length without authority": { pathLength: 1 },
  "a path length of 4": { usage: 1, pathLength: 4 },
  "an end before the beginning": { notAfter: NOT_BEFORE - 1 },
  "algorithm 0": { algorithm: 0 },
  "algorithm 5": { algorithm: 5 },
  "a key of another algorithm": { algorithm: 3 },
  "a key too short": { publicKey: key("broker").publicKey.subarray(1) },
  "an extension twice": { extensions: twice },
  "extensions out of order": {
    extensions: [
      [8, Uint8Array.of()],
      [7, Uint8Array.of()],
    ],
  },
  "over 512 octets of extensions": { extensions: [[7, new Uint8Array(509)]] },
  "no signature": { signature: new Uint8Array(0) },
  "more than 12288 octets": { signature: new Uint8Array(MAX_CERTIFICATE) },
};
for (const [what, change] of Object.entries(malformed)) {
  test(`refused: ${what}`, () => {
    assert.throws(() => decodeCertificate(provider, raw(change)), isLayoutError);
  });
}

const wellFormed: Record<string, Partial<Raw>> = {
  "64 names": { names: Array.from({ length: 64 }, (_, i) => `n${String(i).padStart(2, "0")}`) },
  "an authority of path length 3": { usage: 1, pathLength: 3 },
  "a single second": { notBefore: NOT_AFTER },
  "512 octets of extensions": { extensions: [[0xffff, new Uint8Array(508)]] },
  "63 hexadecimal digits": { subject: "0".repeat(63) },
  "a name of 255": { subject: "a".repeat(255) },
};
for (const [what, change] of Object.entries(wellFormed)) {
  test(`accepted: ${what}`, () => {
    assert.is(hex(decodeCertificate(provider, raw(change)).encoded), hex(raw(change)));
  });
}

test("dates of 2^53 and beyond are refused", () => {
  const at = hex(leaf.encoded).indexOf(hex(new Writer().u64(NOT_AFTER).finish())) / 2;
  const octets = leaf.encoded.slice();
  octets[at + 1] = 0x20;
  assert.throws(() => decodeCertificate(provider, octets), isLayoutError);
});

test("a signature of another length than its issuer's does not verify", () => {
  const cut = decodeCertificate(provider, raw({ signature: leaf.signature.subarray(1) }));
  assert.not(verifyCertificate(provider, cut, ROOT));
});

test("what no decoder would accept is not issued", async () => {
  await rejects(certify("Upper", "root"), isRangeError);
  await rejects(certify("a", "root", { alternativeNames: ["a"] }), isRangeError);
  await rejects(certify("a", "root", { usage: { kind: "end-entity", roles: [] } }), isRangeError);
  await rejects(certify("a", "root", { usage: { kind: "authority", pathLength: 4 } }), isRangeError);
  await rejects(certify("a", "root", { serial: new Uint8Array(15) }), isRangeError);
  await rejects(certify("a", "root", { notAfter: 0 }), isRangeError);
  await rejects(certify("a", "root", { publicKey: new Uint8Array(32) }), isRangeError);
  await rejects(certify("a", "root", { notBefore: -1 }), isRangeError);
});

test("an asynchronous signer issues too, and its failure is the issuer's", async () => {
  const fields: CertificateFields = { ...leaf, serial: leaf.serial };
  const slow = { ...ROOT, sign: async (m: Uint8Array, c: Uint8Array) => ROOT.sign(m, c) };
  assert.is(hex((await issueCertificate(provider, fields, slow)).encoded), hex(leaf.encoded));
  const broken = { ...ROOT, sign: () => Promise.reject(new Error("no HSM")) };
  await rejects(issueCertificate(provider, fields, broken), (error) => (error as Error).message === "no HSM");
});

const character = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789._:@/+-");
const name = fc.string({ unit: character, minLength: 1, maxLength: 40 });
const ROLES: Role[] = ["server", "client"];
const plainObject = { noNullPrototype: true };
const fields = fc.record({
  serial: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  subject: name.map((text) => `s${text}`),
  alternativeNames: fc.uniqueArray(
    name.map((text) => `n${text}`),
    { maxLength: 20 },
  ),
  usage: fc.oneof(
    fc.record(
      { kind: fc.constant("authority" as const), pathLength: fc.integer({ min: 0, max: 3 }) },
      plainObject,
    ),
    fc.record(
      { kind: fc.constant("end-entity" as const), roles: fc.subarray(ROLES, { minLength: 1 }) },
      plainObject,
    ),
  ),
  notBefore: fc.integer({ min: 0, max: 2 ** 31 }),
  notAfter: fc.integer({ min: 2 ** 31, max: END_OF_TIME }),
  extensions: fc.uniqueArray(
    fc.record({ type: fc.integer({ min: 0, max: 0xffff }), data: fc.uint8Array({ maxLength: 40 }) }),
    { maxLength: 5, selector: ({ type }) => type },
  ),
});

test("any content survives the round trip", async () => {
  const algorithm: SignatureName = "Ed25519";
  const signer = key("fast", algorithm);
  const { publicKey } = signer;
  await fc.assert(
    fc.asyncProperty(fields, async (some) => {
      const issued = await issueCertificate(provider, { ...some, algorithm, publicKey }, signer);
      const { subject, usage, notBefore, notAfter } = issued;
      assert.equal(
        { subject, usage, notBefore, notAfter },
        {
          ...{ subject: some.subject, usage: some.usage, notBefore: some.notBefore, notAfter: some.notAfter },
        },
      );
      assert.is(hex(issued.serial), hex(some.serial));
      assert.equal(issued.alternativeNames, [...some.alternativeNames].sort());
      assert.equal(
        new Set(issued.extensions.map(({ type, data }) => `${type} ${hex(data)}`)),
        new Set(some.extensions.map(({ type, data }) => `${type} ${hex(data)}`)),
      );
      assert.ok(verifyCertificate(provider, issued, signer));
    }),
    { numRuns: 50 },
  );
});

test("arbitrary octets never do anything but be refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (octets, cut) => {
      const mixed = Uint8Array.of(...leaf.encoded.subarray(0, cut % 60), ...octets);
      assert.throws(() => decodeCertificate(provider, mixed), isLayoutError);
    }),
  );
});

test.run();
