/**
 * The key schedule and the record protection once more, written from the specification over node:crypto: what vectors
 * say does not come from the code that they are to check. Secrets are plain buffers, nothing is wiped.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";
import { bytes, u8, u16, u32, u64, v8, v32 } from "../naive-codec.ts";
import { type ExportEntry, hex, type KeyEntry } from "./format.ts";

/** Everything that goes by the hash of a suite (spec, "Derive"). */
export class Kdf {
  readonly length: number;
  readonly #name: string;

  /** `octet` is the suite's fourth. */
  constructor(octet: number) {
    this.#name = octet === 1 ? "sha256" : "sha384";
    this.length = octet === 1 ? 32 : 48;
  }

  hash(...parts: Uint8Array[]): Buffer {
    return createHash(this.#name).update(Buffer.concat(parts)).digest();
  }

  hmac(key: Uint8Array, message: Uint8Array): Buffer {
    return createHmac(this.#name, key).update(message).digest();
  }

  extract(salt: Uint8Array, ikm: Uint8Array): Buffer {
    return this.hmac(salt, ikm);
  }

  info(label: string, th: Uint8Array, length = this.length): Buffer {
    return bytes(u16(length), v8(`qzmq1 ${label}`), v8(th));
  }

  derive(secret: Uint8Array, label: string, th: Uint8Array = Buffer.alloc(0), length = this.length): Buffer {
    const info = this.info(label, th, length);
    let out = Buffer.alloc(0);
    let block = Buffer.alloc(0);
    for (let i = 1; out.length < length; i++) {
      block = this.hmac(secret, bytes(block, info, u8(i))) as Buffer<ArrayBuffer>;
      out = Buffer.concat([out, block]);
    }
    return out.subarray(0, length);
  }

  keys(secret: Uint8Array): TrafficKey {
    const none = Buffer.alloc(0);
    return { key: this.derive(secret, "key", none, 32), iv: this.derive(secret, "iv", none, 12) };
  }

  export(exporter: Uint8Array, label: string, context: Uint8Array, length: number): ExportEntry {
    const octets = this.derive(this.derive(exporter, label), "exporter", this.hash(context), length);
    return { label, context: hex(context), length, octets: hex(octets) };
  }
}

export interface TrafficKey {
  readonly key: Buffer;
  readonly iv: Buffer;
}

export const keyEntry = ({ key, iv }: TrafficKey): KeyEntry => ({ key: hex(key), iv: hex(iv) });

/** Secrets that hang on the PSK alone (spec, "Key schedule"). */
export function earlyStage(kdf: Kdf, psk: Uint8Array | null) {
  const zeros = Buffer.alloc(kdf.length);
  const early = kdf.extract(zeros, psk ?? zeros);
  return {
    early,
    pskAuthKey: psk === null ? null : kdf.derive(early, "psk auth"),
    binderKey: psk === null ? null : kdf.derive(early, "res binder"),
    derivedEarly: kdf.derive(early, "derived"),
  };
}

/** Secrets of the handshake; `th` is TH(kem_ciphertext). */
export function handshakeStage(kdf: Kdf, derivedEarly: Uint8Array, kemSecret: Uint8Array, th: Uint8Array) {
  const hs = kdf.extract(derivedEarly, kemSecret);
  const cHs = kdf.derive(hs, "c hs", th);
  const sHs = kdf.derive(hs, "s hs", th);
  const derivedHs = kdf.derive(hs, "derived");
  const cFinishedKey = kdf.derive(cHs, "finished");
  const sFinishedKey = kdf.derive(sHs, "finished");
  return { hs, cHs, sHs, derivedHs, cFinishedKey, sFinishedKey };
}

/** Traffic of epoch 0; `th` is TH(CLIENTKEY). */
export function masterStage(kdf: Kdf, derivedHs: Uint8Array, th: Uint8Array) {
  const master = kdf.extract(derivedHs, Buffer.alloc(kdf.length));
  return { master, cAp0: kdf.derive(master, "c ap", th), sAp0: kdf.derive(master, "s ap", th) };
}

/** The rest of epoch 0; `th` is TH(FINISHED). */
export function sessionStage(kdf: Kdf, master: Uint8Array, th: Uint8Array) {
  return {
    exporter: kdf.derive(master, "exporter", th),
    chain0: kdf.derive(master, "chain", th),
    resumption0: kdf.derive(master, "resumption", th),
  };
}

/** The next epoch (spec, "Rotation"). */
export function rotationStage(
  kdf: Kdf,
  from: { readonly th: Uint8Array; readonly chain: Uint8Array },
  kemSecret: Uint8Array,
  update: Uint8Array,
  ack: Uint8Array,
) {
  const th = kdf.hash(from.th, v32(update), v32(ack));
  const r = kdf.extract(from.chain, kemSecret);
  const cAp = kdf.derive(r, "c ap", th);
  const sAp = kdf.derive(r, "s ap", th);
  return { th, r, cAp, sAp, chain: kdf.derive(r, "chain", th), resumption: kdf.derive(r, "resumption", th) };
}

/** Stream ids of nonces (spec, "Nonces"). */
export const STREAM_ID = { part: 0, record: 1, early: 0xffffffff } as const;

export function nonce(iv: Uint8Array, stream: number, sequence: number): Buffer {
  const out = bytes(u32(stream), u64(sequence));
  for (let i = 0; i < out.length; i++) out[i]! ^= iv[i]!;
  return out;
}

const cipherName = (aead: number) => (aead === 1 ? "aes-256-gcm" : "chacha20-poly1305") as "aes-256-gcm";

/** Ciphertext and tag; `aead` is the suite's third octet. */
export function aeadSeal(
  aead: number,
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
) {
  const cipher = createCipheriv(cipherName(aead), key, iv, { authTagLength: 16 });
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** The plaintext, `null` when it does not open. */
export function aeadOpen(aead: number, key: Uint8Array, iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array) {
  if (sealed.length < 16) return null;
  const decipher = createDecipheriv(cipherName(aead), key, iv, { authTagLength: 16 });
  decipher.setAAD(aad, { plaintextLength: sealed.length - 16 });
  decipher.setAuthTag(sealed.subarray(sealed.length - 16));
  const plaintext = decipher.update(sealed.subarray(0, sealed.length - 16));
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch {
    return null;
  }
}

/** Name v8<>, key id, sequence: what stands before the ciphertext of a record, and its associated data. */
export function recordHead(name: string, epoch: number, sequence: number): Buffer {
  return bytes(v8(name), u8(epoch % 256), u64(sequence));
}

/** Body of a record. */
export function recordBody(
  aead: number,
  key: TrafficKey,
  name: string,
  epoch: number,
  sequence: number,
  plaintext: Uint8Array,
): Buffer {
  const head = recordHead(name, epoch, sequence);
  const stream = name === "EARLY" ? STREAM_ID.early : STREAM_ID.record;
  return bytes(head, aeadSeal(aead, key.key, nonce(key.iv, stream, sequence), head, plaintext));
}

/** The sealed field of CLIENTKEY or FINISHED, without its length. */
export function sealedPart(aead: number, key: TrafficKey, name: string, plaintext: Uint8Array): Buffer {
  return aeadSeal(aead, key.key, nonce(key.iv, STREAM_ID.part, 0), recordHead(name, 0, 0), plaintext);
}

/** Opens one; `null` when it does not open. */
export function openedPart(aead: number, key: TrafficKey, name: string, sealed: Uint8Array): Buffer | null {
  return aeadOpen(aead, key.key, nonce(key.iv, STREAM_ID.part, 0), recordHead(name, 0, 0), sealed);
}
