/**
 * Records: command bodies `name v8<> || key_id u8 || sequence u64 || ciphertext || tag` (spec, "Records"). What stands
 * before the ciphertext is the associated data. One AEAD call for each record and none of anything for each message.
 *
 * A sequence is counted here and never taken from the wire. It is exact: limits stop it at 2^33, and a JavaScript
 * number counts to 2^53.
 */
import { utf8, Writer } from "../../bytes/writer.ts";
import type { Opening, Sealing } from "../../crypto/provider.ts";
import { PeerError } from "../../errors.ts";
import { beginCommand, writeU32, writeU64 } from "./framing.ts";
import { type TrafficKey, wipeKey } from "./key-schedule.ts";

/** Commands in the form of a record. */
export type RecordName = "MESSAGE" | "CONTROL" | "EARLY";

/** First four octets that a nonce is made of (spec, "Stream ids"). */
export const STREAM = { handshake: 0, application: 1, early: 0xffffffff } as const;

/** Octets of an AEAD tag. */
export const TAG_LENGTH = 16;
/** Octets that a MESSAGE or CONTROL body has beyond its plaintext, and an EARLY one. */
export const RECORD_OVERHEAD = 17 + TAG_LENGTH;
export const EARLY_OVERHEAD = 15 + TAG_LENGTH;

/** A receiver closes at so many records, or octets of plaintext, under one key. */
export const HARD_RECORDS = 2 ** 33;
export const HARD_BYTES = 2 ** 41;

/** A record of so much plaintext is full: what comes next begins another, so that one large frame lies in one record. */
const FULL = 65_536;
/** The largest record made; in still larger ones the AEAD gets no faster. */
export const LARGEST = 131_072;

const NAMES: Readonly<Record<RecordName, Uint8Array>> = {
  MESSAGE: new Writer().v8(utf8("MESSAGE")).finish(),
  CONTROL: new Writer().v8(utf8("CONTROL")).finish(),
  EARLY: new Writer().v8(utf8("EARLY")).finish(),
};

/** Nonces of one key: (stream_id u32 || sequence u64) XOR iv. The same memory each time. */
class Nonce {
  readonly #iv: Uint8Array;
  readonly #bytes: Uint8Array;

  constructor(iv: Uint8Array, stream: number) {
    this.#bytes = new Uint8Array(iv.length);
    writeU32(this.#bytes, 0, stream);
    for (let i = 0; i < 4; i++) this.#bytes[i]! ^= iv[i]!;
    this.#iv = iv;
  }

  at(sequence: number): Uint8Array {
    const bytes = this.#bytes;
    writeU64(bytes, 4, sequence);
    for (let i = 4; i < bytes.length; i++) bytes[i]! ^= this.#iv[i]!;
    return bytes;
  }
}

/** Seals records under one key, in sequence. */
export class RecordSealer {
  readonly epoch: number;
  readonly #key: TrafficKey;
  readonly #nonce: Nonce;
  #records: number;
  #bytes = 0;
  /** The next record's cipher, made ahead; null: to be made. */
  #next: Sealing | null = null;

  /** Takes over `key`. `epoch` is the key's; its lowest octet is key_id. `records` are sealed already, for tests. */
  constructor(key: TrafficKey, stream: number, epoch: number, records = 0) {
    this.#key = key;
    this.#records = records;
    this.#nonce = new Nonce(key.iv, stream);
    this.epoch = epoch;
  }

  /** Records sealed, which is the next sequence, and octets of plaintext in them. */
  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Appends an encoded command frame to `out`: its head in one piece, then the ciphertext's. `size` is that of all
   * `plaintext`, at least 1. Throws {@link PeerError} `ERR_QZMQ_LIMIT` at the receiver's hard limits.
   */
  seal(name: RecordName, plaintext: readonly Uint8Array[], size: number, out: Uint8Array[]): void {
    if (this.#records >= HARD_RECORDS || this.#bytes + size > HARD_BYTES) throw exhausted();
    const label = NAMES[name];
    const headLength = label.length + 9;
    const { bytes, body } = beginCommand(headLength + size + TAG_LENGTH, headLength);
    bytes.set(label, body);
    bytes[body + label.length] = this.epoch;
    writeU64(bytes, body + label.length + 1, this.#records);
    this.prepare();
    const seal = this.#next!;
    this.#next = null;
    const sealed = seal(bytes.subarray(body), plaintext);
    this.#records++;
    this.#bytes += size;
    out.push(bytes);
    for (const piece of sealed) out.push(piece);
  }

  /** Makes the next record's cipher, if it is not there: half of what a small record costs. */
  prepare(): void {
    this.#next ??= this.#key.aead.beginSeal(this.#nonce.at(this.#records));
  }

  wipe(): void {
    this.#next = null;
    wipeKey(this.#key);
  }
}

/** The head of a received record. */
export interface RecordHead {
  readonly name: RecordName;
  readonly keyId: number;
  /** Octets before the ciphertext: the associated data. */
  readonly length: number;
}

/** Looks at the head of a command body; `null` when it is no record, or one cut short. */
export function decodeRecordHead(body: Uint8Array): RecordHead | null {
  const name = recordName(body);
  if (name === null) return null;
  const length = NAMES[name].length + 9;
  if (body.length < length + TAG_LENGTH) return null;
  return { name, keyId: body[length - 9]!, length };
}

function recordName(body: Uint8Array): RecordName | null {
  if (startsWith(body, NAMES.MESSAGE)) return "MESSAGE";
  if (startsWith(body, NAMES.CONTROL)) return "CONTROL";
  return startsWith(body, NAMES.EARLY) ? "EARLY" : null;
}

function startsWith(body: Uint8Array, name: Uint8Array): boolean {
  if (body.length < name.length) return false;
  for (let i = 0; i < name.length; i++) if (body[i] !== name[i]) return false;
  return true;
}

/** Opens records under one key: each must be exactly the next. */
export class RecordOpener {
  readonly epoch: number;
  readonly #key: TrafficKey;
  readonly #nonce: Nonce;
  readonly #expected = new Uint8Array(8);
  #records: number;
  #bytes = 0;
  /** The next record's cipher, made ahead; null: to be made. */
  #next: Opening | null = null;

  /** Takes over `key`. `records` are opened already, for tests. */
  constructor(key: TrafficKey, stream: number, epoch: number, records = 0) {
    this.#key = key;
    this.#records = records;
    this.#nonce = new Nonce(key.iv, stream);
    this.epoch = epoch;
  }

  /** Records opened, and octets of plaintext in them. */
  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The plaintext, in fresh memory. Throws {@link PeerError}: `ERR_QZMQ_REPLAY` for a lower sequence than the next,
   * `ERR_QZMQ_PROTOCOL` for a higher one or an empty plaintext, `ERR_QZMQ_AUTH` when it does not open,
   * `ERR_QZMQ_LIMIT` at the hard limits.
   */
  open(head: RecordHead, body: Uint8Array): Uint8Array {
    if (this.#records >= HARD_RECORDS) throw exhausted();
    this.#checkSequence(body.subarray(head.length - 8, head.length));
    const size = body.length - head.length - TAG_LENGTH;
    if (size === 0) throw new PeerError("ERR_QZMQ_PROTOCOL", "Empty record");
    if (this.#bytes + size > HARD_BYTES) throw exhausted();
    this.prepare();
    const open = this.#next!;
    this.#next = null;
    const plaintext = open(body.subarray(0, head.length), body.subarray(head.length));
    if (plaintext === null) throw new PeerError("ERR_QZMQ_AUTH", "Record does not open");
    this.#records++;
    this.#bytes += size;
    return plaintext;
  }

  /** See {@link RecordSealer.prepare}. */
  prepare(): void {
    this.#next ??= this.#key.aead.beginOpen(this.#nonce.at(this.#records));
  }

  wipe(): void {
    this.#next = null;
    wipeKey(this.#key);
  }

  /** Compared as octets: a hostile sequence need not fit a number. */
  #checkSequence(received: Uint8Array): void {
    writeU64(this.#expected, 0, this.#records);
    const order = Buffer.compare(received, this.#expected);
    if (order < 0) throw new PeerError("ERR_QZMQ_REPLAY", "Record that was there before");
    if (order > 0) throw new PeerError("ERR_QZMQ_PROTOCOL", "Record out of sequence");
  }
}

/**
 * Cuts encoded frames into record plaintexts of at most `limit` octets and calls `emit` with each, its pieces and their
 * size. Pieces share a record until it is full; one for which there is not room enough goes in with what is before it
 * only when that is little, such as the header of a large frame.
 */
export function cutRecords(
  frames: readonly Uint8Array[],
  limit: number,
  emit: (pieces: readonly Uint8Array[], size: number) => void,
): void {
  const largest = Math.min(LARGEST, limit);
  let pieces: Uint8Array[] = [];
  let size = 0;
  const flush = () => {
    if (size > 0) emit(pieces, size);
    pieces = [];
    size = 0;
  };
  for (const frame of frames) {
    if (size + frame.length > largest && size >= FULL / 2) flush();
    for (let start = 0; start < frame.length; ) {
      const end = Math.min(frame.length, start + largest - size);
      pieces.push(frame.subarray(start, end));
      size += end - start;
      start = end;
      if (size >= FULL || size === largest) flush();
    }
  }
  flush();
}

/**
 * Seals the sealed part of a handshake message: key_id 0, sequence 0, the message's name. `key` serves this once and
 * is wiped.
 */
export function sealPart(key: TrafficKey, name: Uint8Array, plaintext: Uint8Array): Uint8Array {
  try {
    return Buffer.concat(key.aead.seal(partNonce(key), partData(name), [plaintext]));
  } finally {
    wipeKey(key);
  }
}

/** The plaintext of a sealed part, or `null` when it does not open. `key` serves this once and is wiped. */
export function openPart(key: TrafficKey, name: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  try {
    return sealed.length < TAG_LENGTH ? null : key.aead.open(partNonce(key), partData(name), sealed);
  } finally {
    wipeKey(key);
  }
}

function partNonce(key: TrafficKey): Uint8Array {
  return new Nonce(key.iv, STREAM.handshake).at(0);
}

function partData(name: Uint8Array): Uint8Array {
  return new Writer().bytes(name).u8(0).u64(0).finish();
}

function exhausted(): PeerError {
  return new PeerError("ERR_QZMQ_LIMIT", "Key used up");
}
