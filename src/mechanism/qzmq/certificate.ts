/**
 * Certificates: a small strict binary layout, signed by an authority or by their own key (spec, "Certificates").
 *
 *     version u8 (1)   serial[16]   subject v8   alternative names v16<v8...>   usage u8   path_len u8
 *     not_before u64   not_after u64   algorithm u8   public_key v16   issuer_key_id[32]
 *     extensions v16<(type u16, data v16)...>   signature v16 (over all before it)
 */
import { LayoutError, Reader } from "../../bytes/reader.ts";
import { utf8, Writer } from "../../bytes/writer.ts";
import type { CryptoProvider, SignatureName } from "../../crypto/provider.ts";
import { keyFingerprint, SIGNATURE_OCTETS, signatureByOctet } from "./algorithm.ts";
import { isName, NAME_RULE } from "./name.ts";
import { SIGNATURE_CONTEXTS, type Signer } from "./signer.ts";

/** No certificate is longer, in octets. */
export const MAX_CERTIFICATE = 12_288;
/** No certificate ends later than this, in Unix seconds; it also says "never". */
export const END_OF_TIME = Number.MAX_SAFE_INTEGER;
/** Extensions of this type and above must be understood by whoever relies on the certificate. */
export const CRITICAL_EXTENSION = 0x8000;

const VERSION = 1;
const MAX_NAMES = 64;
const MAX_NAMES_OCTETS = 4096;
const MAX_EXTENSIONS_OCTETS = 512;
/** The authority's own certificate is left out of a chain of four: three authorities at most stand below another. */
const MAX_PATH_LENGTH = 3;
const USAGE_AUTHORITY = 1;
const USAGE_SERVER = 2;
const USAGE_CLIENT = 4;

/** The two ends of a connection. */
export type Role = "server" | "client";

/** What a certified key may be used for: to issue (`pathLength` 0..3 more authorities may follow below), or to speak. */
export type Usage =
  | { readonly kind: "authority"; readonly pathLength: number }
  | { readonly kind: "end-entity"; readonly roles: readonly Role[] };

/** An extension; one whose type is 0x8000 or above must be understood by whoever relies on the certificate. */
export interface CertificateExtension {
  readonly type: number;
  readonly data: Uint8Array;
}

/** What an issuer decides about a certificate. */
export interface CertificateFields {
  /** 16 octets, unique for its issuer; random. */
  readonly serial: Uint8Array;
  /** The identity, a name (see {@link isName}). */
  readonly subject: string;
  /** Further names that the key answers to; at most 64. Sorted when encoded, and none may repeat another or the subject. */
  readonly alternativeNames: readonly string[];
  readonly usage: Usage;
  /** First and last second of validity, Unix time. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly algorithm: SignatureName;
  readonly publicKey: Uint8Array;
  /** Sorted by type when encoded. At most 512 octets encoded. */
  readonly extensions: readonly CertificateExtension[];
}

/** A decoded certificate. Decoding proves the form only: nothing here is to be believed before a chain has verified. */
export interface Certificate extends CertificateFields {
  /** The whole certificate as it travels. */
  readonly encoded: Uint8Array;
  /** The part of `encoded` under the signature: everything before the signature's length. */
  readonly signed: Uint8Array;
  /** Fingerprint of the certified key, 32 octets: its pin. */
  readonly keyId: Uint8Array;
  /** Fingerprint of the issuer's key, 32 octets; equal to `keyId` when self-issued. */
  readonly issuerKeyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** Parses one certificate that must fill `bytes` exactly; copies. Throws {@link LayoutError} for any other octets. */
export function decodeCertificate(provider: CryptoProvider, bytes: Uint8Array): Certificate {
  if (bytes.length > MAX_CERTIFICATE) throw new LayoutError(`certificate: over ${MAX_CERTIFICATE} octets`);
  const encoded = new Uint8Array(bytes);
  const reader = new Reader(encoded);
  if (reader.u8("version") !== VERSION) throw new LayoutError("certificate: unknown version");
  const serial = reader.bytes(16, "serial");
  const subject = readName(reader, "subject");
  const alternativeNames = readNames(reader.v16("alternative names", 0, MAX_NAMES_OCTETS), subject);
  const usage = readUsage(reader.u8("usage"), reader.u8("path_len"));
  const notBefore = reader.u64("not_before");
  const notAfter = reader.u64("not_after");
  if (notAfter < notBefore) throw new LayoutError("certificate: ends before it begins");
  const algorithm = signatureByOctet(reader.u8("algorithm"));
  if (algorithm === undefined) throw new LayoutError("certificate: unknown algorithm");
  const { publicKeyLength } = provider.signatures[algorithm];
  const publicKey = reader.v16("public key", publicKeyLength, publicKeyLength);
  const issuerKeyId = reader.bytes(32, "issuer key id");
  const extensions = readExtensions(reader.v16("extensions", 0, MAX_EXTENSIONS_OCTETS));
  const signed = encoded.subarray(0, reader.offset);
  const signature = reader.v16("signature", 1);
  reader.end("certificate");
  const keyId = keyFingerprint(provider, algorithm, publicKey);
  return {
    ...{ encoded, signed, serial, subject, alternativeNames, usage, notBefore, notAfter, algorithm },
    ...{ publicKey, keyId, issuerKeyId, extensions, signature },
  };
}

/** Issues a certificate. Rejects with `RangeError` for fields that no decoder would accept. */
export async function issueCertificate(
  provider: CryptoProvider,
  fields: CertificateFields,
  issuer: Signer,
): Promise<Certificate> {
  if (fields.serial.length !== 16)
    throw new RangeError(`a serial has 16 octets, not ${fields.serial.length}`);
  const body = encodeBody(fields, keyFingerprint(provider, issuer.algorithm, issuer.publicKey));
  const unsigned = new Writer().bytes(body).v16(Uint8Array.of(0)).finish();
  checkForm(provider, unsigned);
  const signature = await issuer.sign(body, SIGNATURE_CONTEXTS.certificate);
  return decodeCertificate(provider, new Writer().bytes(body).v16(signature).finish());
}

/** The certificate in which a bare key travels: self-issued, both roles, without end; nothing in it says who it is. */
export function selfIssue(provider: CryptoProvider, signer: Signer): Promise<Certificate> {
  const fields: CertificateFields = {
    serial: new Uint8Array(16),
    subject: "bare-key",
    alternativeNames: [],
    usage: { kind: "end-entity", roles: ["server", "client"] },
    notBefore: 0,
    notAfter: END_OF_TIME,
    algorithm: signer.algorithm,
    publicKey: signer.publicKey,
    extensions: [],
  };
  return issueCertificate(provider, fields, signer);
}

/** Whether `certificate` carries a signature of that issuer's key. One public-key operation. */
export function verifyCertificate(
  provider: CryptoProvider,
  certificate: Certificate,
  issuer: { readonly algorithm: SignatureName; readonly publicKey: Uint8Array },
): boolean {
  const { signed, signature } = certificate;
  const primitive = provider.signatures[issuer.algorithm];
  return primitive.verify(issuer.publicKey, signed, SIGNATURE_CONTEXTS.certificate, signature);
}

function encodeBody(fields: CertificateFields, issuerKeyId: Uint8Array): Uint8Array {
  const names = new Writer();
  for (const name of [...fields.alternativeNames].sort()) names.v8(utf8(name));
  const extensions = new Writer();
  for (const { type, data } of [...fields.extensions].sort((a, b) => a.type - b.type)) {
    extensions.u16(type).v16(data);
  }
  const { usage } = fields;
  const authority = usage.kind === "authority";
  return new Writer()
    .u8(VERSION)
    .bytes(fields.serial)
    .v8(utf8(fields.subject))
    .v16(names.finish())
    .u8(authority ? USAGE_AUTHORITY : usageOfRoles(usage.roles))
    .u8(authority ? usage.pathLength : 0)
    .u64(fields.notBefore)
    .u64(fields.notAfter)
    .u8(SIGNATURE_OCTETS[fields.algorithm])
    .v16(fields.publicKey)
    .bytes(issuerKeyId)
    .v16(extensions.finish())
    .finish();
}

function checkForm(provider: CryptoProvider, encoded: Uint8Array): void {
  try {
    decodeCertificate(provider, encoded);
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error;
    throw new RangeError(`no certificate can say that: ${error.message}`, { cause: error });
  }
}

function usageOfRoles(roles: readonly Role[]): number {
  return (roles.includes("server") ? USAGE_SERVER : 0) | (roles.includes("client") ? USAGE_CLIENT : 0);
}

function readUsage(bits: number, pathLength: number): Usage {
  if (bits === USAGE_AUTHORITY) {
    if (pathLength > MAX_PATH_LENGTH) throw new LayoutError(`path_len: over ${MAX_PATH_LENGTH}`);
    return { kind: "authority", pathLength };
  }
  if (bits === 0 || (bits & ~(USAGE_SERVER | USAGE_CLIENT)) !== 0) {
    throw new LayoutError("usage: neither an authority alone, nor a server, a client or both");
  }
  if (pathLength !== 0) throw new LayoutError("path_len: not zero, and no authority");
  const roles: Role[] = [];
  if (bits & USAGE_SERVER) roles.push("server");
  if (bits & USAGE_CLIENT) roles.push("client");
  return { kind: "end-entity", roles };
}

function readName(reader: Reader, what: string): string {
  const name = Buffer.from(reader.v8(what, 1)).toString("latin1");
  if (!isName(name)) throw new LayoutError(`${what}: want ${NAME_RULE}`);
  return name;
}

function readNames(bytes: Uint8Array, subject: string): string[] {
  const reader = new Reader(bytes);
  const names: string[] = [];
  while (reader.remaining > 0) {
    const name = readName(reader, "alternative name");
    if (names.length === MAX_NAMES) throw new LayoutError(`over ${MAX_NAMES} alternative names`);
    if (names.length > 0 && name <= names[names.length - 1]!) {
      throw new LayoutError("alternative names: not in strictly ascending order");
    }
    if (name === subject) throw new LayoutError("alternative names: the subject again");
    names.push(name);
  }
  return names;
}

function readExtensions(bytes: Uint8Array): CertificateExtension[] {
  const reader = new Reader(bytes);
  const extensions: CertificateExtension[] = [];
  while (reader.remaining > 0) {
    const type = reader.u16("extension type");
    if (extensions.length > 0 && type <= extensions[extensions.length - 1]!.type) {
      throw new LayoutError("extensions: types not in strictly ascending order");
    }
    extensions.push({ type, data: reader.v16("extension") });
  }
  return extensions;
}
