/** A naive peer after its handshake: records of both directions, rotations, what tickets hang on. */
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import {
  bytes,
  derive,
  digest,
  hmac,
  type NaiveSuite,
  nameOf,
  type Octets,
  open,
  recordHead,
  STREAM,
  seal,
  u8,
  u16,
  u32,
  u64,
  v16,
  v32,
} from "./naive-codec.ts";
import { type NaivePair, naiveEncapsulate, naivePair } from "./naive-kem.ts";

/** What a record may be given in place of what is due. */
export interface RecordChanges {
  readonly keyId?: number;
  readonly sequence?: number | bigint;
  readonly stream?: number;
  /** Another traffic secret. */
  readonly secret?: Uint8Array;
  /** Do not count it. */
  readonly uncounted?: boolean;
}

/** Secrets of an epoch. */
export interface EpochOctets {
  readonly client: Buffer;
  readonly server: Buffer;
  readonly chain: Buffer;
  readonly resumption: Buffer;
  readonly th: Buffer;
}

/** Control messages. */
export const control = {
  update: (newKeyId: number, publicKey: Octets) => bytes(u8(1), u64(1), u32(newKeyId), v16(publicKey)),
  ack: (newKeyId: number, ciphertext: Octets) => bytes(u8(2), u32(newKeyId), v16(ciphertext)),
  ticket: (ticket: Octets, nonce: Octets = Buffer.alloc(16, 7), lifetime = 60, earlyLimit = 0) =>
    bytes(u8(3), u32(lifetime), u32(earlyLimit), nonce, v16(ticket)),
  close: (code: number) => bytes(u8(4), u8(code)),
  confirm: (newKeyId: number) => bytes(u8(5), u32(newKeyId)),
  pad: (zeros = 0) => bytes(u8(6), Buffer.alloc(zeros)),
};

/** See the head of this file. */
export class NaiveTraffic {
  readonly suite: NaiveSuite;
  readonly role: "client" | "server";
  readonly #provider: CryptoProvider;
  /** Epochs that were derived, by number. */
  readonly epochs: EpochOctets[];
  /** Epoch and next sequence of what we send, and of what we read. */
  sending = { epoch: 0, sequence: 0 };
  reading = { epoch: 0, sequence: 0 };

  constructor(provider: CryptoProvider, suite: NaiveSuite, role: "client" | "server", first: EpochOctets) {
    this.#provider = provider;
    this.suite = suite;
    this.role = role;
    this.epochs = [first];
  }

  #secret(epoch: number, ours: boolean): Buffer {
    const { client, server } = this.epochs[epoch]!;
    return (this.role === "client") === ours ? client : server;
  }

  /** The secret that we send under. */
  get secret(): Buffer {
    return this.#secret(this.sending.epoch, true);
  }

  /** The body of the next record. */
  record(name: "MESSAGE" | "CONTROL" | "EARLY", plaintext: Octets, changes: RecordChanges = {}): Buffer {
    const { epoch, sequence: next } = this.sending;
    const { keyId = epoch % 256, sequence = next, stream = STREAM.application } = changes;
    const head = recordHead(name, keyId, sequence);
    if (!changes.uncounted) this.sending = { epoch, sequence: next + 1 };
    const secret = changes.secret ?? this.#secret(epoch, true);
    return bytes(head, seal(this.suite, secret, stream, sequence, head, plaintext));
  }

  /** Opens the next record of the honest side: its name and plaintext. Throws unless it is exactly that. */
  read(body: Buffer): { readonly name: string; readonly plaintext: Buffer } {
    const { epoch, sequence } = this.reading;
    const name = nameOf(body);
    const head = recordHead(name, epoch % 256, sequence);
    if (!body.subarray(0, head.length).equals(head)) throw new Error(`${name}: not the next record`);
    this.reading = { epoch, sequence: sequence + 1 };
    const sealed = body.subarray(head.length);
    return {
      name,
      plaintext: open(this.suite, this.#secret(epoch, false), STREAM.application, sequence, head, sealed),
    };
  }

  /** A fresh key pair, and the KEYUPDATE plaintext that offers it. */
  offer(fill = 3): { readonly pair: NaivePair; readonly update: Buffer } {
    const pair = naivePair(this.#provider, this.suite.kem, fill);
    return { pair, update: control.update(this.sending.epoch + 1, pair.publicKey) };
  }

  /** The answer to the honest side's KEYUPDATE; derives the next epoch, changes no direction. */
  answer(update: Buffer): Buffer {
    const publicKey = update.subarray(15);
    const { ciphertext, secret } = naiveEncapsulate(this.#provider, this.suite.kem, publicKey, 5);
    const ack = control.ack(update.readUInt32BE(9), ciphertext);
    this.derive(secret, update, ack);
    return ack;
  }

  /** Takes the answer to our offer; derives the next epoch, changes no direction. */
  accept(offer: { readonly pair: NaivePair; readonly update: Buffer }, ack: Buffer): void {
    this.derive(offer.pair.decapsulate(ack.subarray(7)), offer.update, ack);
  }

  derive(kemSecret: Octets, update: Octets, ack: Octets): void {
    const { suite } = this;
    const last = this.epochs[this.epochs.length - 1]!;
    const th = digest(suite, last.th, v32(update), v32(ack));
    const r = hmac(suite, last.chain, kemSecret);
    this.epochs.push({
      client: derive(suite, r, "c ap", th),
      server: derive(suite, r, "s ap", th),
      chain: derive(suite, r, "chain", th),
      resumption: derive(suite, r, "resumption", th),
      th,
    });
  }

  /** From now on under the next epoch. */
  turn(direction: "sending" | "reading"): void {
    this[direction] = { epoch: this[direction].epoch + 1, sequence: 0 };
  }

  /** The PSK of a ticket under `nonce`, in the newest epoch. */
  psk(nonce: Octets): Buffer {
    return derive(this.suite, this.epochs[this.epochs.length - 1]!.resumption, "ticket", nonce);
  }
}

/** Octets of kem_public in KEYUPDATE, or kem_ciphertext in KEYUPDATEACK, one octet changed at `at`. */
export function meddle(message: Buffer, at: number): Buffer {
  const out = Buffer.from(message);
  out[at]! ^= 1;
  return out;
}

/** A length field that says `by` more than it should, at `at` with two octets. */
export function lie(message: Buffer, at: number, by: number): Buffer {
  return bytes(message.subarray(0, at), u16(message.readUInt16BE(at) + by), message.subarray(at + 2));
}
