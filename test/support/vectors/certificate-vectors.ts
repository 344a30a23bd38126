/** certificates.json: certificates and revocation lists (spec, "Certificates", "Revocation"), encoded here by hand. */
import { bytes, u8, u16, u64, v8, v16, v32 } from "../naive-codec.ts";
import { provider } from "../qzmq-identities.ts";
import { type Hex, hex, unhex, type Vector } from "./format.ts";
import { DATES, pinOf, seedOf, signerOf, TIME } from "./parties.ts";

/** A key of vectors: its label decides its seed. */
export interface KeyOf {
  readonly label: string;
  readonly signature: number;
}

/** By the names of "Certificate layout". */
export interface CertificateEntry {
  readonly serial: Hex;
  readonly subject: string;
  readonly alternativeNames: readonly string[];
  readonly usage: number;
  readonly pathLen: number;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly algorithm: number;
  readonly publicKey: Hex;
  readonly issuerKeyId: Hex;
  readonly extensions: readonly { readonly type: number; readonly data: Hex }[];
}

/** One certificate. `seed` and `signature` are the issuer's. */
export interface CertificateVector extends Vector {
  readonly kind: "certificate";
  readonly seed: Hex;
  readonly signature: number;
  readonly fields: CertificateEntry | null;
  readonly signed: Hex;
  readonly encoded: Hex;
  /** Of the certified key. */
  readonly pin: Hex;
}

/** By the names of "Revocation list layout". */
export interface ListEntry {
  readonly issuerKeyId: Hex;
  readonly number: number;
  readonly nextUpdate: number;
  readonly serials: readonly Hex[];
  readonly pins: readonly Hex[];
}

export interface ListVector extends Vector {
  readonly kind: "list";
  readonly seed: Hex;
  readonly signature: number;
  readonly fields: ListEntry | null;
  readonly signed: Hex;
  readonly encoded: Hex;
}

const NEVER = Number.MAX_SAFE_INTEGER;

export const keyIdOf = ({ label, signature }: KeyOf): Hex => {
  return pinOf(signature, signerOf(label, signature).publicKey);
};

/** Signs octets with a key of vectors, deterministically. */
function sign({ label, signature }: KeyOf, octets: Uint8Array, context: string): Buffer {
  return Buffer.from(signerOf(label, signature).sign(octets, Buffer.from(context)) as Uint8Array);
}

/** Fields of a certificate for `subject` by `issuer`: a server's and client's unless changed. */
export function fieldsOf(
  subject: KeyOf,
  issuer: KeyOf,
  change: Partial<CertificateEntry> = {},
): CertificateEntry {
  return {
    ...{ serial: hex(seedOf(`serial ${subject.label}`).subarray(0, 16)), subject: subject.label },
    ...{ alternativeNames: [], usage: 6, pathLen: 0, ...DATES, algorithm: subject.signature },
    ...{ publicKey: hex(signerOf(subject.label, subject.signature).publicKey), issuerKeyId: keyIdOf(issuer) },
    ...{ extensions: [], ...change },
  };
}

/** An authority's fields, self-issued unless there is an issuer. */
export function authorityFields(subject: KeyOf, issuer = subject, change: Partial<CertificateEntry> = {}) {
  return fieldsOf(subject, issuer, { usage: 1, pathLen: 1, ...change });
}

/** Octets before the signature. */
export function encodeFields(fields: CertificateEntry): Buffer {
  const names = bytes(...fields.alternativeNames.map((name) => v8(name)));
  const extensions = bytes(...fields.extensions.map(({ type, data }) => bytes(u16(type), v16(unhex(data)))));
  return bytes(
    ...[u8(1), unhex(fields.serial), v8(fields.subject), v16(names), u8(fields.usage), u8(fields.pathLen)],
    ...[u64(fields.notBefore), u64(fields.notAfter), u8(fields.algorithm), v16(unhex(fields.publicKey))],
    ...[unhex(fields.issuerKeyId), v16(extensions)],
  );
}

/** A whole certificate. */
export function encodeCertificate(fields: CertificateEntry, issuer: KeyOf): Buffer {
  const signed = encodeFields(fields);
  return bytes(signed, v16(sign(issuer, signed, "QZMQ/1 certificate")));
}

/** A whole list, and its part under the signature. */
export function encodeList(
  fields: ListEntry,
  issuer: KeyOf,
): { readonly signed: Buffer; readonly encoded: Buffer } {
  const items = (list: readonly Hex[]) => v32(Buffer.concat(list.map(unhex)));
  const head = bytes(u8(1), unhex(fields.issuerKeyId), u64(fields.number), u64(fields.nextUpdate));
  const signed = bytes(head, items(fields.serials), items(fields.pins));
  return { signed, encoded: bytes(signed, v16(sign(issuer, signed, "QZMQ/1 revocation"))) };
}

/** Certificates that are well formed, and octets that are not. */
export function certificateVectors(): CertificateVector[] {
  const root: KeyOf = { label: "root", signature: 1 };
  const root44: KeyOf = { label: "root", signature: 2 };
  const one = (name: string, fields: CertificateEntry, issuer: KeyOf): CertificateVector => {
    const signed = encodeFields(fields);
    return {
      ...{
        kind: "certificate",
        name,
        result: "ok",
        seed: hex(seedOf(issuer.label)),
        signature: issuer.signature,
      },
      ...{ fields, signed: hex(signed), encoded: hex(encodeCertificate(fields, issuer)) },
      pin: pinOf(fields.algorithm, unhex(fields.publicKey)),
    };
  };
  const bareKeys = [1, 2, 3, 4].map((signature) => {
    const key = { label: "bare", signature };
    const rest = { serial: "00".repeat(16), subject: "bare-key", notBefore: 0, notAfter: NEVER };
    return one(`a bare key, signature ${signature}`, fieldsOf(key, key, rest), key);
  });
  const leaf = { label: "broker.example", signature: 1 };
  const names = ["a", "b.example", "z:@/+-_"];
  const extensions = [
    { type: 1, data: "" },
    { type: 0x7f00, data: "010203" },
  ];
  const full = fieldsOf(leaf, root, { alternativeNames: names, usage: 2, extensions });
  const bad = (name: string, change: Partial<CertificateEntry>, tail = ""): CertificateVector => {
    const { encoded, ...rest } = one(name, fieldsOf(leaf, root, change), root);
    return {
      ...rest,
      result: "refused",
      cause: "malformed",
      fields: null,
      encoded: encoded + tail,
    };
  };
  return [
    ...bareKeys,
    one("an authority", authorityFields(root44, root44, { pathLen: 3 }), root44),
    one("a key of one algorithm under a key of another", fieldsOf(leaf, root44, { usage: 4 }), root44),
    one("names and extensions", full, root),
    bad("an octet left over", {}, "00"),
    bad("usage 0", { usage: 0 }),
    bad("usage 3", { usage: 3 }),
    bad("usage 8", { usage: 8 }),
    bad("path_len of an end entity", { pathLen: 1 }),
    bad("path_len 4", { usage: 1, pathLen: 4 }),
    bad("ends before it begins", { notBefore: 2, notAfter: 1 }),
    bad("subject in upper case", { subject: "Broker" }),
    bad("empty subject", { subject: "" }),
    bad("subject that looks like a pin", { subject: "0".repeat(64) }),
    bad("names out of order", { alternativeNames: ["b", "a"] }),
    bad("a name twice", { alternativeNames: ["a", "a"] }),
    bad("the subject among the names", { alternativeNames: ["broker.example"] }),
    bad("algorithm 5", { algorithm: 5 }),
    bad("a key of another length", { publicKey: "00".repeat(33) }),
    bad("extensions out of order", { extensions: [...extensions].reverse() }),
    bad("513 octets of extensions", { extensions: [{ type: 1, data: "00".repeat(509) }] }),
  ];
}

/** Lists that are well formed, and octets that are not. */
export function listVectors(): ListVector[] {
  const serial = (name: string) => hex(seedOf(`serial ${name}`).subarray(0, 16));
  const sorted = (...list: Hex[]) => list.sort();
  const one = (name: string, issuer: KeyOf, change: Partial<ListEntry>): ListVector => {
    const empty = {
      issuerKeyId: keyIdOf(issuer),
      number: 1,
      nextUpdate: TIME + 86_400,
      serials: [],
      pins: [],
    };
    const fields: ListEntry = { ...empty, ...change };
    const { signed, encoded } = encodeList(fields, issuer);
    const key = { seed: hex(seedOf(issuer.label)), signature: issuer.signature };
    return { kind: "list", name, result: "ok", ...key, fields, signed: hex(signed), encoded: hex(encoded) };
  };
  const root: KeyOf = { label: "root", signature: 1 };
  const two = sorted(serial("a"), serial("b"));
  const bad = (name: string, change: Partial<ListEntry>): ListVector => {
    return { ...one(name, root, change), result: "refused", cause: "malformed", fields: null };
  };
  const good = one("nothing is revoked", root, {});
  return [
    good,
    one(
      "serials and pins",
      { label: "root", signature: 2 },
      {
        ...{ number: 2 ** 40, serials: two, pins: sorted(keyIdOf(root), pinOf(1, seedOf("a key"))) },
      },
    ),
    bad("serials out of order", { serials: [...two].reverse() }),
    bad("a serial twice", { serials: [two[0]!, two[0]!] }),
    bad("serials of 17 octets", { serials: [`${two[0]}00`] }),
    bad("pins out of order", { pins: ["ff".repeat(32), "00".repeat(32)] }),
    {
      ...good,
      name: "a list with an octet left over",
      result: "refused",
      cause: "malformed",
      fields: null,
      encoded: `${good.encoded}00`,
    },
  ];
}

/** True when a signature of `key` over these octets stands at the end of `encoded`, as vectors of the form "ok" need. */
export function signatureHolds(vector: CertificateVector | ListVector, context: string): boolean {
  const { signatures } = provider;
  const scheme = [
    signatures.Ed25519,
    signatures["ML-DSA-44"],
    signatures["ML-DSA-65"],
    signatures["ML-DSA-87"],
  ][vector.signature - 1]!;
  const signed = unhex(vector.signed);
  const signature = unhex(vector.encoded).subarray(signed.length + 2);
  return scheme.verify(scheme.publicKey(unhex(vector.seed)), signed, Buffer.from(context), signature);
}
