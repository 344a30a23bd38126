/** Handshake messages that an honest peer does not send, made with the right keys from a reading of what came before. */
import { bytes, u8, u16, v8, v16, v32 } from "../naive-codec.ts";
import { provider } from "../qzmq-identities.ts";
import { unhex } from "./format.ts";
import { Fields, type Reading } from "./reading.ts";
import { sealedPart } from "./schedule.ts";
import { parseFrame } from "./side.ts";

/** A frame with what is under its seal, for the wire list of a vector. */
export interface Forged {
  readonly frame: Buffer;
  readonly plaintext?: Buffer;
}

/** A command frame around a body. */
export function commandFrame(body: Uint8Array, flags = 0): Buffer {
  return body.length < 256
    ? bytes(u8(4 | flags), u8(body.length), body)
    : bytes(u8(6 | flags), Buffer.alloc(4), v32(body));
}

/** A command by name and data. */
export function command(name: string, data: Uint8Array, flags = 0): Forged {
  return { frame: commandFrame(bytes(v8(name), data), flags) };
}

/** Parts of CLIENTHELLO, whole fields but for lengths. */
export interface ClientHelloParts {
  version: Buffer;
  random: Buffer;
  cookie: Buffer;
  sessionId: Buffer;
  suites: Buffer;
  extensions: Buffer;
  tail: Buffer;
}

/** CLIENTHELLO with some parts changed. */
export function clientHello(frame: Uint8Array, change: Partial<ClientHelloParts>): Forged {
  const fields = new Fields(parseFrame(frame).data);
  const honest = {
    version: fields.take(1),
    random: fields.take(32),
    cookie: fields.v(1),
    sessionId: fields.v(2),
  };
  const parts = { ...honest, suites: fields.v(1), extensions: fields.v(2), tail: Buffer.alloc(0), ...change };
  const { version, random, cookie, sessionId, suites, extensions, tail } = parts;
  const data = [version, random, v8(cookie), v16(sessionId), v8(suites), v16(extensions), tail];
  return command("CLIENTHELLO", bytes(...data));
}

/** An extension. */
export function extension(type: number, data: Uint8Array = Buffer.alloc(0)): Buffer {
  return bytes(u16(type), v16(data));
}

/** Parts of SERVERHELLO. */
export interface ServerHelloParts {
  version: Buffer;
  random: Buffer;
  suite: Buffer;
  resumed: Buffer;
  kemPublic: Buffer;
  extensions: Buffer;
  certificate: Buffer;
  auth: Buffer;
  tail: Buffer;
}

/** Who signs a SERVERHELLO, and how. */
export interface Proof {
  /** Seed and signature octet of an Ed25519 or ML-DSA-44 key. */
  readonly seed: string;
  readonly signature: number;
  readonly context?: string;
}

/** SERVERHELLO with some parts changed, and signed again unless `auth` is among them. `reading` has read CLIENTHELLO. */
export function serverHello(
  reading: Reading,
  frame: Uint8Array,
  change: Partial<ServerHelloParts>,
  proof: Proof,
): Forged {
  const fields = new Fields(parseFrame(frame).data);
  const honest = {
    version: fields.take(1),
    random: fields.take(32),
    suite: fields.take(4),
    resumed: fields.take(1),
  };
  const open = {
    kemPublic: fields.v(2),
    extensions: fields.v(2),
    certificate: fields.v(4),
    auth: fields.v(2),
  };
  const parts = { ...honest, ...open, tail: Buffer.alloc(0), ...change };
  const { version, random, suite, resumed, kemPublic, extensions, certificate, tail } = parts;
  const data = bytes(version, random, suite, resumed, v16(kemPublic), v16(extensions), v32(certificate));
  const th = reading.kdf.hash(reading.throughClientHello(), bytes(v8("SERVERHELLO"), data));
  const auth = change.auth ?? sign(proof, th, "QZMQ/1 server");
  return command("SERVERHELLO", bytes(data, v16(auth), tail));
}

function sign({ seed, signature, context }: Proof, message: Uint8Array, usual: string): Buffer {
  const scheme = provider.signatures[signature === 1 ? "Ed25519" : "ML-DSA-44"];
  return Buffer.from(scheme.sign(unhex(seed), message, bytes(context ?? usual), null));
}

/** Parts of CLIENTKEY's plaintext, without lengths; and its ciphertext. */
export interface ClientKeyParts {
  ciphertext: Buffer;
  metadata: Buffer;
  earlyRecords: Buffer;
  certificate: Buffer;
  signature: Buffer;
  binder: Buffer;
  verifyData: Buffer;
  tail: Buffer;
}

/**
 * CLIENTKEY with some parts changed; what depends on them is made anew: the signature (with `proof`), psk_binder and
 * verify_data, unless they are among the changes. `reading` has read SERVERHELLO.
 */
export function clientKey(
  reading: Reading,
  honest: { readonly frame: Uint8Array; readonly plaintext: Uint8Array },
  change: Partial<ClientKeyParts>,
  proof: Proof | null = null,
): Forged {
  const { kdf, secrets } = reading;
  const ciphertext = new Fields(parseFrame(honest.frame).data).v(2);
  const inner = new Fields(honest.plaintext);
  const first = {
    metadata: inner.v(4),
    earlyRecords: inner.take(4),
    certificate: inner.v(4),
    signature: inner.v(2),
  };
  const parts = { ...first, ciphertext, tail: Buffer.alloc(0), ...change };
  const before = bytes(v8("CLIENTKEY"), v16(parts.ciphertext));
  reading.exchange(ciphertext);
  reading.handshakeSecrets(reading.add(before).point("kem_ciphertext"));
  const { metadata, earlyRecords, certificate } = parts;
  const opening = bytes(v32(metadata), earlyRecords, v32(certificate));
  const th = reading.add(opening).th();
  const signature = change.signature ?? (proof === null ? parts.signature : sign(proof, th, "QZMQ/1 client"));
  const binderTh = reading.add(v16(signature)).th();
  const binderKey = secrets.get("binderKey");
  const binder = change.binder ?? (reading.resumed ? kdf.hmac(binderKey!, binderTh) : Buffer.alloc(0));
  const verifyTh = reading.add(v8(binder)).th();
  const verifyData = change.verifyData ?? kdf.hmac(secrets.get("cFinishedKey")!, verifyTh);
  const plaintext = bytes(opening, v16(signature), v8(binder), verifyData, parts.tail);
  const sealed = sealedPart(reading.suite![2]!, kdf.keys(secrets.get("cHs")!), "CLIENTKEY", plaintext);
  return { frame: commandFrame(bytes(before, v32(sealed))), plaintext };
}

/** FINISHED with its metadata or verify_data changed. `reading` has read CLIENTKEY. */
export function finished(
  reading: Reading,
  change: { metadata: Buffer; verifyData?: Buffer; tail?: Buffer },
): Forged {
  const { kdf, secrets } = reading;
  const opening = v32(change.metadata);
  const th = reading.add(bytes(v8("FINISHED"), opening)).th();
  const verifyData = change.verifyData ?? kdf.hmac(secrets.get("sFinishedKey")!, th);
  const plaintext = bytes(opening, verifyData, change.tail ?? "");
  const sealed = sealedPart(reading.suite![2]!, kdf.keys(secrets.get("sHs")!), "FINISHED", plaintext);
  return { frame: commandFrame(bytes(v8("FINISHED"), v32(sealed))), plaintext };
}

/** A copy with one bit of the octet at `at` turned over; a negative `at` counts from the end. */
export function flipped(octets: Uint8Array, at: number): Buffer {
  const out = Buffer.from(octets);
  out[at < 0 ? out.length + at : at]! ^= 1;
  return out;
}

/** Metadata padded as specified. */
export function padded(list: Uint8Array): Buffer {
  const zeros = (256 - ((list.length + 10) % 256)) % 256;
  return bytes(list, v8("X-Pad"), v32(Buffer.alloc(zeros)));
}
