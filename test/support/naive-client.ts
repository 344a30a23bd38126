/**
 * A second QZMQ client, written from the specification with its own codec and key schedule, slow and plain. It shares
 * no code with src/mechanism but identities; so it tells whether both read the specification alike, and it can be told
 * to misbehave with correct keys at every step. One suite: X25519+ML-KEM-768, ML-DSA-44, AES-256-GCM, SHA-256.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";
import type { Identity } from "../../src/mechanism/qzmq/identity.ts";
import { provider } from "./qzmq-identities.ts";

type Octets = Uint8Array | string;

export const bytes = (...parts: Octets[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string, "latin1")));

function int(width: number, value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out.subarray(8 - width);
}
export const u8 = (value: number): Buffer => int(1, value);
export const u16 = (value: number): Buffer => int(2, value);
export const u32 = (value: number): Buffer => int(4, value);
export const u64 = (value: number): Buffer => int(8, value);
export const v8 = (part: Octets): Buffer => bytes(u8(part.length), part);
export const v16 = (part: Octets): Buffer => bytes(u16(part.length), part);
export const v32 = (part: Octets): Buffer => bytes(u32(part.length), part);

const sha = (...parts: Octets[]): Buffer =>
  createHash("sha256")
    .update(bytes(...parts))
    .digest();
const hmac = (key: Uint8Array, ...parts: Octets[]): Buffer =>
  createHmac("sha256", key)
    .update(bytes(...parts))
    .digest();

export function derive(secret: Uint8Array, label: string, th: Octets, length = 32): Buffer {
  const info = bytes(u16(length), v8(`qzmq1 ${label}`), v8(th));
  let out: Buffer = Buffer.alloc(0);
  let block: Buffer = Buffer.alloc(0);
  for (let i = 1; out.length < length; i++) {
    block = hmac(secret, block, info, u8(i));
    out = bytes(out, block);
  }
  return out.subarray(0, length);
}

function nonce(secret: Uint8Array, stream: number, sequence: number): Buffer {
  const out = bytes(u32(stream), u64(sequence));
  const iv = derive(secret, "iv", "", 12);
  return out.map((octet, i) => octet ^ iv[i]!) as Buffer;
}

/** A sealed command body under a traffic secret. */
export function sealRecord(
  secret: Uint8Array,
  stream: number,
  name: string,
  keyId: number,
  sequence: number,
  plaintext: Octets,
) {
  const head = bytes(v8(name), u8(keyId), u64(sequence));
  const cipher = createCipheriv("aes-256-gcm", derive(secret, "key", ""), nonce(secret, stream, sequence));
  cipher.setAAD(head);
  return { head, sealed: bytes(cipher.update(bytes(plaintext)), cipher.final(), cipher.getAuthTag()) };
}

export function openSealed(
  secret: Uint8Array,
  stream: number,
  head: Uint8Array,
  sequence: number,
  sealed: Uint8Array,
): Buffer {
  const decipher = createDecipheriv(
    "aes-256-gcm",
    derive(secret, "key", ""),
    nonce(secret, stream, sequence),
  );
  decipher.setAAD(head);
  decipher.setAuthTag(sealed.subarray(sealed.length - 16));
  return bytes(decipher.update(sealed.subarray(0, sealed.length - 16)), decipher.final());
}

/** What CLIENTKEY holds; a test changes any of it. Each part is a whole field. */
export interface ClientKeyFields {
  metadata: Buffer;
  earlyRecords: Buffer;
  certificate: Buffer;
  signature: Buffer;
  binder: Buffer;
  verifyData: Buffer;
}

/** Properties, padded as the specification wants. */
export function metadata(...properties: [string, string][]): Buffer {
  const list = bytes(...properties.map(([name, value]) => bytes(v8(name), v32(value))));
  const zeros = (256 - ((list.length + 10) % 256)) % 256;
  return bytes(list, v8("X-Pad"), v32(Buffer.alloc(zeros)));
}

export class NaiveClient {
  readonly #greetings: Buffer;
  readonly #identity: Identity | null;
  #transcript: Buffer = Buffer.alloc(0);
  #clientHello: Buffer = Buffer.alloc(0);
  #handshake: { hs: Buffer; server: Buffer } = { hs: Buffer.alloc(0), server: Buffer.alloc(0) };
  #kem: { publicKey: Buffer } = { publicKey: Buffer.alloc(0) };
  /** Traffic secrets of epoch 0. */
  clientSecret: Buffer = Buffer.alloc(0);
  serverSecret: Buffer = Buffer.alloc(0);
  chain: Buffer = Buffer.alloc(0);
  exporter: Buffer = Buffer.alloc(0);
  thFinished: Buffer = Buffer.alloc(0);
  serverMetadata: Buffer = Buffer.alloc(0);

  constructor(clientGreeting: Uint8Array, serverGreeting: Uint8Array, identity: Identity | null) {
    this.#greetings = bytes("QZMQ/1", clientGreeting.subarray(10), serverGreeting.subarray(10));
    this.#identity = identity;
  }

  hello(fields: { version?: Buffer; suites?: Buffer; extensions?: Buffer; sessionId?: Buffer } = {}): Buffer {
    const {
      version = u8(1),
      suites = bytes("\x04\x02\x01\x01"),
      extensions = bytes(""),
      sessionId = bytes(""),
    } = fields;
    const random = Buffer.alloc(32, 0xcc);
    this.#clientHello = bytes(
      v8("CLIENTHELLO"),
      version,
      random,
      v8(""),
      v16(sessionId),
      v8(suites),
      v16(extensions),
    );
    return this.#clientHello;
  }

  /** Takes SERVERHELLO, checks its signature under this key. */
  serverHello(body: Uint8Array, serverKey: Uint8Array): void {
    const data = Buffer.from(body);
    let at = 12 + 1 + 32 + 4 + 1;
    const take = (width: number) => {
      const length = data.readUIntBE(at, width);
      at += width + length;
      return data.subarray(at - length, at);
    };
    this.#kem.publicKey = take(2);
    take(2);
    take(4);
    const before = data.subarray(0, at);
    const signature = take(2);
    if (at !== data.length) throw new Error("trailing octets in SERVERHELLO");
    this.#transcript = bytes(this.#greetings, this.#clientHello, before);
    const context = bytes("QZMQ/1 server");
    if (!provider.signatures["ML-DSA-44"].verify(serverKey, sha(this.#transcript), context, signature)) {
      throw new Error("the server's signature does not verify");
    }
    this.#transcript = bytes(this.#transcript, v16(signature));
  }

  /** The body of CLIENTKEY. `change` may edit fields before those after them are made; `tail` goes behind all. */
  clientKey(change: Partial<ClientKeyFields> = {}, tail: Octets = "", ciphertextChange = 0): Buffer {
    const kem = provider.kems["ML-KEM-768"];
    const made = kem.encapsulate(this.#kem.publicKey.subarray(0, 1184), Buffer.alloc(32, 1))!;
    const secretX = Buffer.alloc(32, 2);
    const ciphertext = bytes(made.ciphertext, provider.x25519.publicKey(secretX));
    ciphertext[0]! ^= ciphertextChange;
    const shared = bytes(
      made.secret,
      provider.x25519.sharedSecret(secretX, this.#kem.publicKey.subarray(1184))!,
    );
    const open = bytes(v8("CLIENTKEY"), v16(ciphertext));
    this.#transcript = bytes(this.#transcript, open);
    const zeros = Buffer.alloc(32);
    const early = hmac(zeros, zeros);
    const hs = hmac(derive(early, "derived", ""), shared);
    const clientHandshake = derive(hs, "c hs", sha(this.#transcript));
    this.#handshake = { hs, server: derive(hs, "s hs", sha(this.#transcript)) };

    const start = this.#transcript;
    const chain =
      this.#identity === null ? "" : bytes(...this.#identity.chain.map(({ encoded }) => v16(encoded)));
    const first = bytes(
      change.metadata ?? v32(metadata(["Socket-Type", "DEALER"])),
      change.earlyRecords ?? u32(0),
      change.certificate ?? v32(chain),
    );
    const toSign = sha(start, first);
    const signed =
      this.#identity === null
        ? ""
        : (this.#identity.signer.sign(toSign, bytes("QZMQ/1 client")) as Uint8Array);
    const second = bytes(change.signature ?? v16(signed));
    const third = bytes(change.binder ?? v8(""));
    const inner = bytes(first, second, third);
    const verifyData = change.verifyData ?? hmac(derive(clientHandshake, "finished", ""), sha(start, inner));
    this.#transcript = bytes(start, inner, verifyData);
    const { sealed } = sealRecord(clientHandshake, 0, "CLIENTKEY", 0, 0, bytes(inner, verifyData, tail));
    const master = hmac(derive(hs, "derived", ""), zeros);
    this.clientSecret = derive(master, "c ap", sha(this.#transcript));
    this.serverSecret = derive(master, "s ap", sha(this.#transcript));
    this.#handshake.hs = master;
    return bytes(open, v32(sealed));
  }

  /** Takes FINISHED; throws unless it verifies. */
  finished(body: Uint8Array): void {
    const sealed = Buffer.from(body).subarray(9 + 4);
    const head = bytes(v8("FINISHED"), u8(0), u64(0));
    const plaintext = openSealed(this.#handshake.server, 0, head, 0, sealed);
    const length = plaintext.readUInt32BE(0);
    this.serverMetadata = plaintext.subarray(4, 4 + length);
    const before = bytes(this.#transcript, v8("FINISHED"), plaintext.subarray(0, 4 + length));
    const expected = hmac(derive(this.#handshake.server, "finished", ""), sha(before));
    if (!expected.equals(plaintext.subarray(4 + length)))
      throw new Error("the server's verify_data does not verify");
    this.thFinished = sha(before, expected);
    this.chain = derive(this.#handshake.hs, "chain", this.thFinished);
    this.exporter = derive(this.#handshake.hs, "exporter", this.thFinished);
  }

  /** A record of epoch 0 from the client. */
  record(name: "MESSAGE" | "CONTROL", sequence: number, plaintext: Octets): Buffer {
    const { head, sealed } = sealRecord(this.clientSecret, 1, name, 0, sequence, plaintext);
    return bytes(head, sealed);
  }

  /** Opens a record of epoch 0 from the server. */
  open(body: Uint8Array, sequence: number): Buffer {
    return openSealed(this.serverSecret, 1, body.subarray(0, 17), sequence, body.subarray(17));
  }

  /** The exporter's output, 32 octets at most. */
  export(label: string, context: Octets, length: number): Buffer {
    return derive(derive(this.exporter, label, ""), "exporter", sha(context), length);
  }

  /** Secrets of epoch 1 after a rotation with these plaintexts. */
  rotated(kemSecret: Uint8Array, update: Octets, ack: Octets) {
    const th = sha(this.thFinished, v32(update), v32(ack));
    const secret = hmac(this.chain, kemSecret);
    return { client: derive(secret, "c ap", th), server: derive(secret, "s ap", th) };
  }
}
