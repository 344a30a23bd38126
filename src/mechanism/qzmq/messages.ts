/**
 * Handshake messages: octets to values and back (spec, "Handshake messages"). Everything is strict: a length out of
 * range or an octet too many throws {@link LayoutError}, which the driver turns into `ERR_QZMQ_PROTOCOL`.
 *
 * A message is a command body: name v8<>, then data. Values that are hashed piecewise carry the octets up to the
 * points that the transcript needs, as views of the message.
 */
import { LayoutError, Reader } from "../../bytes/reader.ts";
import { utf8, Writer } from "../../bytes/writer.ts";
import { PeerError } from "../../errors.ts";
import {
  type ClientExtensions,
  decodeClientExtensions,
  decodeServerExtensions,
  encodeClientExtensions,
  encodeServerExtensions,
  type ServerExtensions,
} from "./extensions.ts";
import { MAX_SUITES } from "./suite.ts";

/** The version that this specification describes. */
export const VERSION = 1;
/** Largest body of a CLIENTHELLO, and of any other frame before the handshake is done. */
export const MAX_CLIENT_HELLO = 8192;
export const MAX_HANDSHAKE_FRAME = 65_536;
/** Certificates in a chain on the wire. */
const MAX_CHAIN = 4;
const RANDOM_LENGTH = 32;

/** Commands of the handshake. */
export type HandshakeName = "CLIENTHELLO" | "RETRY" | "SERVERHELLO" | "CLIENTKEY" | "FINISHED" | "ERROR";

/** Every command of ours: the handshake's and those that records travel in (spec, "Handshake and record commands"). */
export const COMMAND_NAMES: ReadonlySet<string> = new Set([
  ...["CLIENTHELLO", "RETRY", "EARLY", "SERVERHELLO", "CLIENTKEY", "FINISHED", "ERROR", "MESSAGE", "CONTROL"],
]);

/** A command body taken apart; `data` is a view. */
export interface Command {
  /** Octets 1..255 of the name as latin1. */
  readonly name: string;
  readonly data: Uint8Array;
  /** Name and data as they were hashed: the whole body. */
  readonly body: Uint8Array;
}

/** Takes a command body apart. Throws {@link LayoutError} when there is no name. */
export function decodeCommand(body: Uint8Array): Command {
  const reader = new Reader(body);
  const name = Buffer.from(reader.v8("command name", 1)).toString("latin1");
  return { name, data: reader.rest(), body };
}

/** Name v8<> of a command. */
export function commandName(name: string): Uint8Array {
  return new Writer().v8(utf8(name)).finish();
}

function begin(name: HandshakeName): Writer {
  return new Writer().bytes(commandName(name));
}

/** First message of the client. */
export interface ClientHello {
  /** 32 octets. */
  readonly random: Uint8Array;
  /** Empty in the first CLIENTHELLO, as received in RETRY in the second. */
  readonly cookie: Uint8Array;
  /** A ticket, or empty. */
  readonly sessionId: Uint8Array;
  /** 1 to 16 different suites of 4 octets each, the client's most preferred first; octets may be unknown. */
  readonly suites: readonly Uint8Array[];
  readonly extensions: ClientExtensions;
}

/** Body of a CLIENTHELLO. */
export function encodeClientHello(hello: ClientHello): Uint8Array {
  return begin("CLIENTHELLO")
    .u8(VERSION)
    .bytes(hello.random)
    .v8(hello.cookie)
    .v16(hello.sessionId)
    .v8(Buffer.concat(hello.suites))
    .v16(encodeClientExtensions(hello.extensions))
    .finish();
}

/** Parses a CLIENTHELLO's data; values are views. Throws {@link PeerError} `ERR_QZMQ_VERSION` for another version. */
export function decodeClientHello(data: Uint8Array): ClientHello {
  const reader = new Reader(data);
  readVersion(reader);
  const random = reader.bytes(RANDOM_LENGTH, "random");
  const cookie = reader.v8("cookie");
  const sessionId = reader.v16("session_id");
  const suites = splitSuites(reader.v8("suites", 4, 4 * MAX_SUITES));
  const extensions = decodeClientExtensions(reader.v16("extensions"));
  reader.end("CLIENTHELLO");
  if (extensions.earlyData && sessionId.length === 0) throw new LayoutError("early_data without a ticket");
  return { random, cookie, sessionId, suites, extensions };
}

/** A CLIENTHELLO's data with its cookie taken out: the octets that a cookie vouches for. Throws as the parser does. */
export function withoutCookie(data: Uint8Array): Uint8Array {
  const start = 1 + RANDOM_LENGTH;
  const after = start + 1 + data[start]!;
  return new Writer().bytes(data.subarray(0, start)).u8(0).bytes(data.subarray(after)).finish();
}

function readVersion(reader: Reader): void {
  const version = reader.u8("version");
  if (version !== VERSION) throw new PeerError("ERR_QZMQ_VERSION", `Peer speaks QZMQ version ${version}`);
}

function splitSuites(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.length % 4 !== 0) throw new LayoutError("suites: not a multiple of four octets");
  const list: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 4) list.push(bytes.subarray(at, at + 4));
  if (new Set(list.map((suite) => suite.join())).size !== list.length)
    throw new LayoutError("suites: one twice");
  return list;
}

/** Body of a RETRY with a cookie of 1..255 octets. */
export function encodeRetry(cookie: Uint8Array): Uint8Array {
  return begin("RETRY").v8(cookie).finish();
}

/** The cookie of a RETRY. */
export function decodeRetry(data: Uint8Array): Uint8Array {
  const reader = new Reader(data);
  const cookie = reader.v8("cookie", 1);
  reader.end("RETRY");
  return cookie;
}

/** The server's choices, and its proof. */
export interface ServerHello {
  readonly random: Uint8Array;
  /** 4 octets. */
  readonly suite: Uint8Array;
  readonly resumed: boolean;
  readonly kemPublic: Uint8Array;
  readonly extensions: ServerExtensions;
  /** End entity first; 1..4, none when resumed. */
  readonly certificates: readonly Uint8Array[];
}

/** A received {@link ServerHello} with its proof. */
export interface SignedServerHello extends ServerHello {
  /** Name and data before field auth: what the proof is about. */
  readonly beforeAuth: Uint8Array;
  /** Signature, or MAC under the PSK when resumed. */
  readonly auth: Uint8Array;
}

/** Body of a SERVERHELLO before field auth; append `v16<auth>` with {@link appendAuth}. */
export function encodeServerHello(hello: ServerHello): Uint8Array {
  return begin("SERVERHELLO")
    .u8(VERSION)
    .bytes(hello.random)
    .bytes(hello.suite)
    .u8(hello.resumed ? 1 : 0)
    .v16(hello.kemPublic)
    .v16(encodeServerExtensions(hello.extensions))
    .v32(encodeCertificates(hello.certificates))
    .finish();
}

/** A whole SERVERHELLO body. */
export function appendAuth(beforeAuth: Uint8Array, auth: Uint8Array): Uint8Array {
  return new Writer().bytes(beforeAuth).v16(auth).finish();
}

/** Parses a SERVERHELLO; values are views. */
export function decodeServerHello(command: Command): SignedServerHello {
  const reader = new Reader(command.data);
  readVersion(reader);
  const random = reader.bytes(RANDOM_LENGTH, "random");
  const suite = reader.bytes(4, "suite");
  const resumed = reader.u8("resumed");
  const kemPublic = reader.v16("kem_public", 1);
  const extensions = decodeServerExtensions(reader.v16("extensions"));
  const certificates = decodeCertificates(reader.v32("certificate"));
  const beforeAuth = command.body.subarray(0, command.body.length - command.data.length + reader.offset);
  const auth = reader.v16("auth", 1);
  reader.end("SERVERHELLO");
  if (resumed > 1) throw new LayoutError(`resumed: ${resumed}`);
  if ((resumed === 1) !== (certificates.length === 0))
    throw new LayoutError("certificate: only when not resumed");
  if ((resumed === 1) !== (extensions.clientAuth === null))
    throw new LayoutError("client_auth: only when not resumed");
  if (extensions.earlyData && resumed === 0) throw new LayoutError("early_data accepted without resumption");
  return { random, suite, resumed: resumed === 1, kemPublic, extensions, certificates, beforeAuth, auth };
}

/** The client's second message, still sealed. */
export interface ClientKey {
  readonly ciphertext: Uint8Array;
  readonly sealed: Uint8Array;
  /** Name, and data through kem_ciphertext. */
  readonly throughCiphertext: Uint8Array;
}

/** Body of a CLIENTKEY through kem_ciphertext; append the sealed part with {@link appendSealed}. */
export function encodeClientKey(ciphertext: Uint8Array): Uint8Array {
  return begin("CLIENTKEY").v16(ciphertext).finish();
}

/** A whole CLIENTKEY or FINISHED body, from what stands before its sealed part. */
export function appendSealed(before: Uint8Array, sealed: Uint8Array): Uint8Array {
  return new Writer().bytes(before).v32(sealed).finish();
}

/** Parses a CLIENTKEY as far as it is not sealed. */
export function decodeClientKey(command: Command): ClientKey {
  const reader = new Reader(command.data);
  const ciphertext = reader.v16("kem_ciphertext", 1);
  const throughCiphertext = command.body.subarray(
    0,
    command.body.length - command.data.length + reader.offset,
  );
  const sealed = reader.v32("sealed", 1);
  reader.end("CLIENTKEY");
  return { ciphertext, sealed, throughCiphertext };
}

/** Plaintext of CLIENTKEY. The three stretches before `verifyData`, joined, are its octets before field verify_data. */
export interface ClientKeyPlaintext {
  readonly metadata: Uint8Array;
  readonly earlyRecords: number;
  readonly certificates: readonly Uint8Array[];
  /** Empty when there are no certificates. */
  readonly signature: Uint8Array;
  /** Empty, or a MAC of the hash's length. */
  readonly binder: Uint8Array;
  readonly verifyData: Uint8Array;
  /** metadata, early_records, certificate. */
  readonly beforeSignature: Uint8Array;
  /** The signature field. */
  readonly signatureField: Uint8Array;
  /** The psk_binder field. */
  readonly binderField: Uint8Array;
}

/** metadata v32<>, early_records u32, certificate v32<>. */
export function encodeBeforeSignature(
  metadata: Uint8Array,
  earlyRecords: number,
  certificates: readonly Uint8Array[],
): Uint8Array {
  return new Writer().v32(metadata).u32(earlyRecords).v32(encodeCertificates(certificates)).finish();
}

/** Parses the plaintext of CLIENTKEY; values are views. `hashLength` is that of the suite. */
export function decodeClientKeyPlaintext(bytes: Uint8Array, hashLength: number): ClientKeyPlaintext {
  const reader = new Reader(bytes);
  const metadata = reader.v32("metadata");
  const earlyRecords = reader.u32("early_records");
  const certificates = decodeCertificates(reader.v32("certificate"));
  const signatureStart = reader.offset;
  const signature = reader.v16("signature");
  const binderStart = reader.offset;
  const binder = reader.v8("psk_binder");
  const binderEnd = reader.offset;
  const verifyData = reader.bytes(hashLength, "verify_data");
  reader.end("CLIENTKEY");
  if ((certificates.length === 0) !== (signature.length === 0))
    throw new LayoutError("certificate and signature");
  return {
    metadata,
    earlyRecords,
    certificates,
    signature,
    binder,
    verifyData,
    beforeSignature: bytes.subarray(0, signatureStart),
    signatureField: bytes.subarray(signatureStart, binderStart),
    binderField: bytes.subarray(binderStart, binderEnd),
  };
}

/** Body of a FINISHED before its sealed part. */
export function encodeFinished(): Uint8Array {
  return begin("FINISHED").finish();
}

/** The sealed part of a FINISHED. */
export function decodeFinished(data: Uint8Array): Uint8Array {
  const reader = new Reader(data);
  const sealed = reader.v32("sealed", 1);
  reader.end("FINISHED");
  return sealed;
}

/** Plaintext of FINISHED. */
export interface FinishedPlaintext {
  readonly metadata: Uint8Array;
  readonly verifyData: Uint8Array;
  /** The metadata field. */
  readonly metadataField: Uint8Array;
}

/** Parses the plaintext of FINISHED; values are views. */
export function decodeFinishedPlaintext(bytes: Uint8Array, hashLength: number): FinishedPlaintext {
  const reader = new Reader(bytes);
  const metadata = reader.v32("metadata");
  const metadataField = bytes.subarray(0, reader.offset);
  const verifyData = reader.bytes(hashLength, "verify_data");
  reader.end("FINISHED");
  return { metadata, verifyData, metadataField };
}

/** Reasons of an ERROR (spec, "Wire reasons"). */
export type WireReason = "protocol" | "version" | "suite" | "auth" | "busy" | "internal";

/** Body of an ERROR. */
export function encodeError(reason: WireReason): Uint8Array {
  return begin("ERROR").v8(utf8(reason)).finish();
}

/** The reason of an ERROR as latin1, with anything but printable ASCII replaced: it is not authenticated and ends in logs. */
export function decodeError(data: Uint8Array): string {
  const reader = new Reader(data);
  const reason = Buffer.from(reader.v8("reason")).toString("latin1");
  reader.end("ERROR");
  return reason.replace(/[^ -~]/g, "?");
}

function encodeCertificates(certificates: readonly Uint8Array[]): Uint8Array {
  const out = new Writer();
  for (const certificate of certificates) out.v16(certificate);
  return out.finish();
}

function decodeCertificates(bytes: Uint8Array): readonly Uint8Array[] {
  const reader = new Reader(bytes);
  const list: Uint8Array[] = [];
  while (reader.remaining > 0) {
    if (list.length === MAX_CHAIN) throw new LayoutError(`certificate: more than ${MAX_CHAIN}`);
    list.push(reader.v16("certificate", 1));
  }
  return list;
}
