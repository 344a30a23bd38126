/**
 * The keys of an established connection across rotations (spec, "Rotation"): rotation.ts decides, this file exchanges
 * keys, and seals and opens under the right ones. Random octets: those of kem.ts, for KEYUPDATE a key pair, for
 * KEYUPDATEACK an encapsulation.
 */
import { wipe } from "../../bytes/constant-time.ts";
import type { Aead, Random } from "../../crypto/provider.ts";
import { PeerError } from "../../errors.ts";
import type { Role } from "./certificate.ts";
import { type Control, encodeControl } from "./control.ts";
import type { Counters } from "./counters.ts";
import type { KemKeyPair, KeyExchange } from "./kem.ts";
import type { EpochSecrets, TrafficKeys } from "./key-schedule.ts";
import { type RecordHead, type RecordName, RecordOpener, RecordSealer, STREAM } from "./record.ts";
import {
  ask,
  ROTATION_START,
  type Rotation,
  readAck,
  readConfirm,
  readUpdate,
  receiveKey,
} from "./rotation.ts";

/** Control messages of a rotation, as received. */
type KeyUpdate = Extract<Control, { type: "keyUpdate" }>;
type KeyUpdateAck = Extract<Control, { type: "keyUpdateAck" }>;
type KeyConfirm = Extract<Control, { type: "keyConfirm" }>;

/** What epoch 0 starts with. All keys are taken over. */
export interface EpochParts {
  readonly role: Role;
  readonly kem: KeyExchange;
  readonly aead: Aead;
  readonly random: Random;
  /** Unix milliseconds. */
  readonly unixTime: () => number;
  readonly counters: Counters;
  readonly sealer: RecordSealer;
  readonly opener: RecordOpener;
  readonly secrets: EpochSecrets;
}

/** A record that opened. `underNext`: with the key of the epoch that its sender has yet to confirm. */
export interface Opened {
  readonly plaintext: Uint8Array;
  readonly underNext: boolean;
}

/** See the head of this file. Sealed frames are appended to `out` in the order of the calls, and must go out in it. */
export class Epochs {
  readonly #parts: EpochParts;
  #state: Rotation = ROTATION_START;
  #sealer: RecordSealer;
  #opener: RecordOpener;
  /** Of the epoch whose KEYCONFIRM is awaited. */
  #nextOpener: RecordOpener | null = null;
  #secrets: EpochSecrets;
  /** Our KEYUPDATE that is not answered. */
  #asked: { readonly pair: KemKeyPair; readonly update: Uint8Array } | null = null;

  constructor(parts: EpochParts) {
    this.#parts = parts;
    this.#sealer = parts.sealer;
    this.#opener = parts.opener;
    this.#secrets = parts.secrets;
  }

  /** The epoch that we seal under. */
  get epoch(): number {
    return this.#sealer.epoch;
  }

  /** Records and octets of plaintext sealed in this epoch. */
  get records(): number {
    return this.#sealer.records;
  }

  get bytes(): number {
    return this.#sealer.bytes;
  }

  get rotation(): Rotation["kind"] {
    return this.#state.kind;
  }

  /** Seals one record. `size` is that of all pieces. */
  seal(name: RecordName, pieces: readonly Uint8Array[], size: number, out: Uint8Array[]): void {
    this.#sealer.seal(name, pieces, size, out);
    this.#parts.counters.recordsSealed++;
    this.#parts.counters.bytesSealed += size;
  }

  /** Does ahead what the next record of either direction will need. */
  prepare(): void {
    this.#sealer.prepare();
    this.#opener.prepare();
  }

  /** Seals one control message; returns its plaintext. */
  sealControl(control: Control, out: Uint8Array[]): Uint8Array {
    const plaintext = encodeControl(control);
    this.seal("CONTROL", [plaintext], plaintext.length, out);
    return plaintext;
  }

  /** Opens a record, see {@link RecordOpener.open}; a key_id of no key that is held throws `ERR_QZMQ_ROTATION`. */
  open(head: RecordHead, body: Uint8Array): Opened {
    const underNext = receiveKey(this.#state, head.keyId) === "next";
    if (underNext && head.name !== "CONTROL") throw notConfirmed();
    const plaintext = (underNext ? this.#nextOpener! : this.#opener).open(head, body);
    this.#parts.counters.recordsOpened++;
    this.#parts.counters.bytesOpened += plaintext.length;
    return { plaintext, underNext };
  }

  /** Sends KEYUPDATE; false when no rotation may start now. */
  ask(out: Uint8Array[]): boolean {
    const state = ask(this.#state);
    if (state === null) return false;
    const { kem, random, unixTime } = this.#parts;
    const pair = kem.generate(random);
    const newKeyId = state.epoch + 1;
    const time = Math.max(0, Math.floor(unixTime()));
    const update = this.sealControl({ type: "keyUpdate", time, newKeyId, kemPublic: pair.publicKey }, out);
    this.#asked = { pair, update };
    this.#state = state;
    return true;
  }

  /**
   * A KEYUPDATE was read; sends KEYUPDATEACK, and seals under the next epoch from then on. `answer` false: we have
   * said goodbye, and only check its form. True when our keys changed.
   */
  readUpdate(control: KeyUpdate, plaintext: Uint8Array, answer: boolean, out: Uint8Array[]): boolean {
    const { kem, role, random } = this.#parts;
    const next = readUpdate(this.#state, role, control.newKeyId);
    if (control.kemPublic.length !== kem.publicKeyLength) {
      throw new PeerError("ERR_QZMQ_PROTOCOL", "KEYUPDATE with a public key of wrong length");
    }
    if (!answer) return false;
    this.#state = next.state;
    if (next.answer === "ignore") return false;
    this.#dropAsked();
    const { ciphertext, secret } = kem.encapsulate(control.kemPublic, random);
    try {
      const ack = this.sealControl({ type: "keyUpdateAck", newKeyId: control.newKeyId, ciphertext }, out);
      const keys = this.#advance(secret, plaintext, ack);
      this.#switchSealer(role === "client" ? keys.client : keys.server);
      this.#nextOpener = new RecordOpener(
        role === "client" ? keys.server : keys.client,
        STREAM.application,
        control.newKeyId,
      );
    } finally {
      wipe(secret);
    }
    return true;
  }

  /** A KEYUPDATEACK was read; sends KEYCONFIRM as the first record of the next epoch, unless `confirm` is false. */
  readAck(control: KeyUpdateAck, plaintext: Uint8Array, confirm: boolean, out: Uint8Array[]): void {
    const { role, counters } = this.#parts;
    this.#state = readAck(this.#state, control.newKeyId);
    const { pair, update } = this.#asked!;
    this.#asked = null;
    const secret = pair.decapsulate(control.ciphertext);
    try {
      const keys = this.#advance(secret, update, plaintext);
      this.#switchSealer(role === "client" ? keys.client : keys.server);
      this.#opener.wipe();
      const key = role === "client" ? keys.server : keys.client;
      this.#opener = new RecordOpener(key, STREAM.application, control.newKeyId);
    } finally {
      wipe(secret);
    }
    if (confirm) this.sealControl({ type: "keyConfirm", newKeyId: control.newKeyId }, out);
    counters.rotations++;
  }

  /** A KEYCONFIRM was read. */
  readConfirm(control: KeyConfirm, underNext: boolean): void {
    if (!underNext) throw notConfirmed();
    this.#state = readConfirm(this.#state, control.newKeyId);
    this.#opener.wipe();
    this.#opener = this.#nextOpener!;
    this.#nextOpener = null;
    this.#parts.counters.rotations++;
  }

  /** PSK of a ticket in the epoch that both sides hold resumption secrets of. The caller's to wipe. */
  ticketPsk(nonce: Uint8Array): Uint8Array {
    return this.#secrets.ticketPsk(nonce);
  }

  wipe(): void {
    this.#dropAsked();
    this.#sealer.wipe();
    this.#opener.wipe();
    this.#nextOpener?.wipe();
    this.#secrets.wipe();
  }

  #advance(secret: Uint8Array, update: Uint8Array, ack: Uint8Array): TrafficKeys {
    const { keys, next } = this.#secrets.rotate(this.#parts.aead, secret, update, ack);
    this.#secrets = next;
    return keys;
  }

  #switchSealer(key: TrafficKeys["client"]): void {
    this.#sealer.wipe();
    this.#sealer = new RecordSealer(key, STREAM.application, this.#secrets.epoch);
  }

  #dropAsked(): void {
    this.#asked?.pair.wipe();
    this.#asked = null;
  }
}

/** Also for whoever reads the control message: the first record under a new key is its KEYCONFIRM. */
export function notConfirmed(): PeerError {
  return new PeerError("ERR_QZMQ_ROTATION", "Rotation: KEYCONFIRM is not where it belongs");
}
