/** certificates.json: chains before a trust configuration (spec, "Chains"), and key files (spec, "Files"). */
import { scryptSync } from "node:crypto";
import { bytes, u8 } from "../naive-codec.ts";
import {
  authorityFields,
  type CertificateEntry,
  type CertificateVector,
  certificateVectors,
  encodeCertificate,
  encodeList,
  fieldsOf,
  type KeyOf,
  keyIdOf,
  type ListEntry,
  type ListVector,
  listVectors,
} from "./certificate-vectors.ts";
import { flipped } from "./forge.ts";
import { type Hex, hex, unhex, type Vector } from "./format.ts";
import { pinOf, seedOf, signerOf, TIME } from "./parties.ts";
import { aeadSeal } from "./schedule.ts";

export interface ChainVector extends Vector {
  readonly kind: "chain";
  /** As on the wire, end entity first. */
  readonly certificates: readonly Hex[];
  readonly authorities: readonly Hex[];
  readonly pins: readonly string[];
  readonly lists: readonly Hex[];
  readonly revocation: "required" | "optional";
  readonly mode: "hybrid" | "classical";
  readonly role: "server" | "client";
  /** Signature octets that the end entity's key may have. */
  readonly algorithms: readonly number[];
  readonly expectedName: { readonly value: string; readonly from: "configured" | "endpoint" } | "any" | null;
  readonly unixTime: number;
  readonly identity: string | null;
}

export interface FileVector extends Vector {
  readonly kind: "file";
  readonly armour: string;
  readonly passphrase: string | null;
  readonly octets: Hex;
  /** Of a private key that can be read. */
  readonly seed: Hex | null;
  readonly signature: number | null;
}

const ROOT: KeyOf = { label: "root", signature: 1 };
const MIDDLE: KeyOf = { label: "middle", signature: 1 };
const LOWER: KeyOf = { label: "lower", signature: 1 };
const LEAF: KeyOf = { label: "broker.example", signature: 1 };

type Change = Partial<CertificateEntry>;
const leafBy = (issuer: KeyOf, change: Change = {}) => {
  return hex(encodeCertificate(fieldsOf(LEAF, issuer, { alternativeNames: ["broker"], ...change }), issuer));
};
const authorityBy = (subject: KeyOf, issuer: KeyOf, change: Change = {}) => {
  return hex(encodeCertificate(authorityFields(subject, issuer, change), issuer));
};
const listBy = (issuer: KeyOf, change: Partial<ListEntry>) => {
  const empty = { issuerKeyId: keyIdOf(issuer), number: 1, nextUpdate: TIME + 86_400, serials: [], pins: [] };
  return hex(encodeList({ ...empty, ...change }, issuer).encoded);
};

function chainVectors(): ChainVector[] {
  const base: Omit<ChainVector, "name" | "result" | "identity"> = {
    kind: "chain",
    ...{
      certificates: [leafBy(ROOT)],
      authorities: [authorityBy(ROOT, ROOT, { pathLen: 2 })],
      pins: [],
      lists: [],
    },
    ...({ revocation: "optional", mode: "classical", role: "server", algorithms: [1] } as const),
    expectedName: { value: "broker.example", from: "endpoint" },
    unixTime: TIME,
  };
  type Fields = Partial<Omit<ChainVector, "kind" | "name" | "result" | "cause" | "identity">>;
  const certified = (name: string, change: Fields = {}): ChainVector => {
    return { ...base, ...change, name, result: "certified", identity: "broker.example" };
  };
  const pin = keyIdOf(LEAF);
  const pinned = (name: string, identity: string, change: Fields): ChainVector => {
    return { ...base, authorities: [], ...change, name, result: "pinned", identity };
  };
  const refused = (name: string, cause: string, change: Fields): ChainVector => {
    return { ...base, ...change, name, result: "refused", cause, identity: null };
  };
  const two = [leafBy(MIDDLE), authorityBy(MIDDLE, ROOT, { pathLen: 0 })];
  const three = (lower: Change, middle: Change) => [
    ...[leafBy(LOWER), authorityBy(LOWER, MIDDLE, lower), authorityBy(MIDDLE, ROOT, middle)],
  ];
  const leafSerial = fieldsOf(LEAF, ROOT).serial;
  const day = 86_400;
  const other = { value: "other.example", from: "configured" } as const;
  const lattice: KeyOf = { label: "root", signature: 2 };
  return [
    certified("directly under the authority"),
    certified("by an alternative name", { expectedName: { value: "broker", from: "configured" } }),
    certified("a client, whatever its name", { role: "client", expectedName: "any" }),
    certified("through another authority", { certificates: two }),
    certified("through two authorities", { certificates: three({ pathLen: 0 }, { pathLen: 1 }) }),
    certified("what follows the trusted issuer does not matter", {
      certificates: [leafBy(ROOT), leafBy(MIDDLE)],
    }),
    certified("the shortest way to an authority", {
      certificates: two,
      authorities: [authorityBy(MIDDLE, MIDDLE)],
    }),
    certified("an ML-DSA-44 authority, hybrid", {
      ...{ mode: "hybrid", algorithms: [2], authorities: [authorityBy(lattice, lattice)] },
      certificates: [hex(encodeCertificate(fieldsOf({ ...LEAF, signature: 2 }, lattice), lattice))],
    }),
    certified("expired, within the skew", { unixTime: TIME + 365 * day + 300 }),
    certified("not yet valid, within the skew", { unixTime: TIME - day - 300 }),
    certified("lists are required, and there is one", { revocation: "required", lists: [listBy(ROOT, {})] }),
    certified("a list that is late, where none is required", { lists: [listBy(ROOT, { nextUpdate: 0 })] }),
    pinned("pinned with a name", "bob", { pins: [`${pin}, bob`] }),
    pinned("pinned without a name", pin, { pins: [pin] }),
    pinned("pinned goes before certified", "bob", { pins: [`${pin}, bob`], authorities: base.authorities }),
    pinned("pinned, whatever its dates and usage", "bob", {
      ...{
        pins: [`${pin}, bob`],
        certificates: [leafBy(ROOT, { usage: 4, notAfter: TIME - 2 * day, notBefore: 0 })],
      },
    }),
    pinned("pinned, with no name expected", "bob", { pins: [`${pin}, bob`], expectedName: null }),
    refused("no certificate", "chain-length", { certificates: [] }),
    refused("five certificates", "chain-length", {
      certificates: Array.from({ length: 5 }, () => leafBy(ROOT)),
    }),
    refused("a certificate with an octet left over", "malformed", { certificates: [`${leafBy(ROOT)}00`] }),
    refused("Ed25519 in mode hybrid", "algorithm", {
      ...{ mode: "hybrid", authorities: [authorityBy(lattice, lattice)] },
      certificates: [hex(encodeCertificate(fieldsOf(LEAF, lattice), lattice))],
    }),
    refused("another algorithm than the suite's", "algorithm", { algorithms: [2, 3, 4] }),
    refused("pinned and revoked", "revoked", { pins: [pin], lists: [listBy(ROOT, { pins: [pin] })] }),
    refused("pinned under another name than the configured one", "name", {
      pins: [`${pin}, bob`],
      expectedName: other,
    }),
    refused("not issued by the next", "issuer", { certificates: [leafBy(LOWER), authorityBy(MIDDLE, ROOT)] }),
    refused("no trusted authority", "untrusted", { authorities: [authorityBy(MIDDLE, MIDDLE)] }),
    refused("an unknown critical extension", "extension", {
      certificates: [leafBy(ROOT, { extensions: [{ type: 0x8000, data: "" }] })],
    }),
    refused("an end entity that issues", "not-authority", {
      certificates: [leafBy(MIDDLE), hex(encodeCertificate(fieldsOf(MIDDLE, ROOT), ROOT))],
    }),
    refused("path_len is too small", "path-length", { certificates: three({ pathLen: 0 }, { pathLen: 0 }) }),
    refused("the trusted authority's path_len is too small", "path-length", {
      ...{ certificates: two, authorities: [authorityBy(ROOT, ROOT, { pathLen: 0 })] },
    }),
    refused("not yet valid", "not-yet-valid", { unixTime: TIME - day - 301 }),
    refused("expired", "expired", { unixTime: TIME + 365 * day + 301 }),
    refused("an authority that has expired", "expired", {
      authorities: [authorityBy(ROOT, ROOT, { notBefore: 0, notAfter: TIME - 301 })],
    }),
    refused("a client's certificate shown by a server", "usage", {
      certificates: [leafBy(ROOT, { usage: 4 })],
    }),
    refused("another name", "name", { expectedName: other }),
    refused("no name expected", "name", { expectedName: null }),
    refused("serial revoked", "revoked", { lists: [listBy(ROOT, { serials: [leafSerial] })] }),
    refused("key revoked", "revoked", { lists: [listBy(ROOT, { pins: [pin] })] }),
    refused("an authority between revoked", "revoked", {
      ...{ certificates: two, lists: [listBy(ROOT, { pins: [keyIdOf(MIDDLE)] })] },
    }),
    refused("revoked by a list that is late", "revoked", {
      lists: [listBy(ROOT, { nextUpdate: 0, pins: [pin] })],
    }),
    refused("lists are required, and there is none", "revocation-missing", { revocation: "required" }),
    refused("lists are required, and the one is late", "revocation-expired", {
      ...{ revocation: "required", lists: [listBy(ROOT, { nextUpdate: TIME - 301 })] },
    }),
    refused("signature changed", "signature", { certificates: [hex(flipped(unhex(leafBy(ROOT)), -1))] }),
    refused("subject changed under the signature", "signature", {
      ...{
        certificates: [renamed(leafBy(ROOT))],
        expectedName: { value: "croker.example", from: "configured" },
      },
    }),
  ];
}

/** `broker.example` with another first letter, which stands after version, serial and length. */
function renamed(certificate: Hex): Hex {
  return hex(flipped(unhex(certificate), 18));
}

/** scrypt's cost in vectors: the least that is allowed. */
const COST = { logN: 10, r: 8, p: 1 } as const;

function fileVectors(): FileVector[] {
  const ok = { kind: "file", result: "ok" } as const;
  const privateKey = (key: KeyOf, rest: Buffer) => bytes(u8(1), u8(key.signature), unhex(keyIdOf(key)), rest);
  const plain = (key: KeyOf) => privateKey(key, bytes(u8(0), Buffer.from(seedOf(key.label))));
  const phrase = "pass phrase \u00fc";
  const locked = privateKey(LEAF, lock(LEAF, phrase));
  const file = (name: string, label: string, octets: Buffer) => {
    return { ...ok, name, armour: armour(label, octets), octets: hex(octets), passphrase: null };
  };
  const opened = (name: string, key: KeyOf, octets: Buffer, passphrase: string | null): FileVector => {
    const secret = { seed: hex(seedOf(key.label)), signature: key.signature };
    return { ...file(name, "QZMQ PRIVATE KEY", octets), ...secret, passphrase };
  };
  const unread = (name: string, cause: string, octets: Buffer, passphrase: string | null): FileVector => {
    const fields = { ...file(name, "QZMQ PRIVATE KEY", octets), seed: null, signature: null, passphrase };
    return { ...fields, result: "refused", cause };
  };
  const none = { seed: null, signature: null };
  const publicKey = bytes(u8(2), Buffer.from(signerOf("alice", 2).publicKey));
  const list = unhex(listBy(ROOT, {}));
  const wrongId = bytes(
    u8(1),
    u8(1),
    unhex(pinOf(1, seedOf("another key"))),
    u8(0),
    Buffer.from(seedOf(LEAF.label)),
  );
  const costly = Buffer.from(locked);
  costly[35] = 21;
  return [
    ...[1, 2, 3, 4].map((signature) => {
      const key = { label: "alice", signature };
      return opened(`private key without a passphrase, signature ${signature}`, key, plain(key), null);
    }),
    opened("private key under a passphrase", LEAF, locked, phrase),
    { ...file("public key", "QZMQ PUBLIC KEY", publicKey), ...none },
    { ...file("certificate", "QZMQ CERTIFICATE", unhex(leafBy(ROOT))), ...none },
    { ...file("revocation list", "QZMQ REVOCATION LIST", list), ...none },
    unread("wrong passphrase", "passphrase-wrong", locked, "pass phrase u"),
    unread("no passphrase", "passphrase-needed", locked, null),
    unread("a seed that is not the key id's", "mismatch", wrongId, null),
    unread("a private key with an octet left over", "malformed", bytes(plain(LEAF), u8(0)), null),
    unread("a cost beyond bounds", "malformed", costly, phrase),
  ];
}

/** Octets 34 and on of a private key under a passphrase. */
function lock(key: KeyOf, phrase: string): Buffer {
  const { logN, r, p } = COST;
  const [salt, nonce] = [seedOf("salt").subarray(0, 16), seedOf("file nonce").subarray(0, 12)];
  const secret = scryptSync(phrase.normalize("NFC"), salt, 32, { N: 2 ** logN, r, p });
  const head = bytes(u8(1), u8(logN), u8(r), u8(p), salt, nonce);
  const aad = bytes(u8(1), u8(key.signature), unhex(keyIdOf(key)), head);
  return bytes(head, aeadSeal(2, secret, nonce, aad, seedOf(key.label)));
}

function armour(label: string, octets: Buffer): string {
  const lines = octets.toString("base64").match(/.{1,64}/g)!;
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** Everything in certificates.json. */
export async function identityVectors(): Promise<
  (CertificateVector | ListVector | ChainVector | FileVector)[]
> {
  const named = <V extends Vector & { kind: string }>(list: readonly V[]) => {
    return list.map((vector) => ({ ...vector, name: `${vector.kind}: ${vector.name}` }));
  };
  return [
    ...named(certificateVectors()),
    ...named(listVectors()),
    ...named(chainVectors()),
    ...named(fileVectors()),
  ];
}
