/**
 * QZMQ on octets, from the specification alone, slow and plain: integers, vectors, key derivation, sealing. The naive
 * peers are built on it; it shares nothing with src/mechanism, so that a misreading there shows as a disagreement here.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";

export type Octets = Uint8Array | string;

/** Parts in one; strings are latin1. */
export const bytes = (...parts: Octets[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string, "latin1")));

function int(width: number, value: number | bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out.subarray(8 - width);
}
export const u8 = (value: number): Buffer => int(1, value);
export const u16 = (value: number): Buffer => int(2, value);
export const u32 = (value: number): Buffer => int(4, value);
export const u64 = (value: number | bigint): Buffer => int(8, value);
export const v8 = (part: Octets): Buffer => bytes(u8(part.length), part);
export const v16 = (part: Octets): Buffer => bytes(u16(part.length), part);
export const v32 = (part: Octets): Buffer => bytes(u32(part.length), part);

/** One suite's choices. `kem` is the suite's first octet. */
export interface NaiveSuite {
  readonly octets: string;
  readonly kem: number;
  readonly hash: "sha256" | "sha384";
  /** Of the hash. */
  readonly length: number;
  readonly aead: "aes-256-gcm" | "chacha20-poly1305";
}

/** A suite by its four octets. */
export function naiveSuite(kem: number, signature: number, aead: number, hash: number): NaiveSuite {
  return {
    octets: String.fromCharCode(kem, signature, aead, hash),
    kem,
    hash: hash === 1 ? "sha256" : "sha384",
    length: hash === 1 ? 32 : 48,
    aead: aead === 1 ? "aes-256-gcm" : "chacha20-poly1305",
  };
}

/** X25519+ML-KEM-768, ML-DSA-44, AES-256-GCM, SHA-256. */
export const DEFAULT_SUITE = naiveSuite(4, 2, 1, 1);

export const digest = (suite: NaiveSuite, ...parts: Octets[]): Buffer =>
  createHash(suite.hash)
    .update(bytes(...parts))
    .digest();

export const hmac = (suite: NaiveSuite, key: Uint8Array, ...parts: Octets[]): Buffer =>
  createHmac(suite.hash, key)
    .update(bytes(...parts))
    .digest();

/** Derive(secret, label, th); `length` is the hash's unless given. */
export function derive(
  suite: NaiveSuite,
  secret: Uint8Array,
  label: string,
  th: Octets,
  length = suite.length,
): Buffer {
  const info = bytes(u16(length), v8(`qzmq1 ${label}`), v8(th));
  let out: Buffer = Buffer.alloc(0);
  let block: Buffer = Buffer.alloc(0);
  for (let i = 1; out.length < length; i++) {
    block = hmac(suite, secret, block, info, u8(i));
    out = bytes(out, block);
  }
  return out.subarray(0, length);
}

function nonce(suite: NaiveSuite, secret: Uint8Array, stream: number, sequence: number | bigint): Buffer {
  const out = bytes(u32(stream), u64(sequence));
  const iv = derive(suite, secret, "iv", "", 12);
  return Buffer.from(out.map((octet, i) => octet ^ iv[i]!));
}

/** Stream ids. */
export const STREAM = { handshake: 0, application: 1, early: 0xffffffff } as const;

/** A record's head, which is its associated data. */
export const recordHead = (name: string, keyId: number, sequence: number | bigint): Buffer =>
  bytes(v8(name), u8(keyId), u64(sequence));

/** Ciphertext and tag under a traffic secret. */
export function seal(
  suite: NaiveSuite,
  secret: Uint8Array,
  stream: number,
  sequence: number | bigint,
  head: Octets,
  plaintext: Octets,
): Buffer {
  const key = derive(suite, secret, "key", "", 32);
  const cipher = createCipheriv(suite.aead as "aes-256-gcm", key, nonce(suite, secret, stream, sequence), {
    authTagLength: 16,
  });
  cipher.setAAD(bytes(head), { plaintextLength: plaintext.length });
  return bytes(cipher.update(bytes(plaintext)), cipher.final(), cipher.getAuthTag());
}

/** The plaintext; throws when it does not open. */
export function open(
  suite: NaiveSuite,
  secret: Uint8Array,
  stream: number,
  sequence: number | bigint,
  head: Octets,
  sealed: Uint8Array,
): Buffer {
  const key = derive(suite, secret, "key", "", 32);
  const decipher = createDecipheriv(
    suite.aead as "aes-256-gcm",
    key,
    nonce(suite, secret, stream, sequence),
    {
      authTagLength: 16,
    },
  );
  const cut = sealed.length - 16;
  decipher.setAAD(bytes(head), { plaintextLength: cut });
  decipher.setAuthTag(sealed.subarray(cut));
  return bytes(decipher.update(sealed.subarray(0, cut)), decipher.final());
}

/** Properties, padded as the specification wants. */
export function metadata(...properties: [string, Octets][]): Buffer {
  const list = bytes(...properties.map(([name, value]) => bytes(v8(name), v32(value))));
  const zeros = (256 - ((list.length + 10) % 256)) % 256;
  return bytes(list, v8("X-Pad"), v32(Buffer.alloc(zeros)));
}

/** A greeting: ZMTP 3.1, QZMQ. */
export function greeting(asServer: number): Buffer {
  return bytes("\xff", Buffer.alloc(8), "\x7f\x03\x01QZMQ", Buffer.alloc(16), u8(asServer), Buffer.alloc(31));
}

/** A command frame around a body. `flags` without the long bit, which follows from the size. */
export function frame(body: Octets, flags = 4): Buffer {
  return body.length > 255 ? bytes(u8(flags | 2), u64(body.length), body) : bytes(u8(flags), v8(body));
}

/** Bodies of whole frames. */
export function bodies(octets: Uint8Array): Buffer[] {
  const list: Buffer[] = [];
  let rest = Buffer.from(octets);
  while (rest.length > 0) {
    const long = (rest[0]! & 2) !== 0;
    const start = long ? 9 : 2;
    const size = long ? Number(rest.readBigUInt64BE(1)) : rest[1]!;
    list.push(rest.subarray(start, start + size));
    rest = rest.subarray(start + size);
  }
  return list;
}

/** Name of a command body. */
export const nameOf = (body: Uint8Array): string =>
  Buffer.from(body.subarray(1, 1 + (body[0] ?? 0))).toString("latin1");

/** Takes fields off the front of a body. */
export class Cursor {
  readonly octets: Buffer;
  at: number;

  constructor(octets: Uint8Array, at = 0) {
    this.octets = Buffer.from(octets);
    this.at = at;
  }

  take(length: number): Buffer {
    if (this.at + length > this.octets.length) throw new RangeError("the honest side sent too few octets");
    this.at += length;
    return this.octets.subarray(this.at - length, this.at);
  }

  /** A field behind a length of `width` octets. */
  vector(width: number): Buffer {
    return this.take(this.take(width).readUIntBE(0, width));
  }

  end(): void {
    if (this.at !== this.octets.length) throw new RangeError("the honest side sent too many octets");
  }
}

/** What a sin does to a field: other octets in its place, or something made of the right ones. */
export type Change = Buffer | ((made: Buffer) => Buffer);
export type Changes<Field extends string> = { readonly [F in Field]?: Change };

/** A field as it is to be sent. */
export function changed(change: Change | undefined, made: () => Octets): Buffer {
  if (change === undefined) return bytes(made());
  return typeof change === "function" ? change(bytes(made())) : change;
}

/** Where the fields of a message lie: name, first octet, end. */
export type Spans = readonly (readonly [field: string, start: number, end: number])[];

export function spans(fields: Readonly<Record<string, Uint8Array>>): Spans {
  let at = 0;
  return Object.entries(fields).map(([name, { length }]) => {
    at += length;
    return [name, at - length, at] as const;
  });
}
