/**
 * The key schedule (spec, "Key schedule"). One type for each stage; a stage is consumed, and its secrets overwritten,
 * by the step that makes the next one, so that nothing can be sealed under keys of a stage that has not been reached.
 *
 *     PSK or zeros
 *        |
 *     EarlySecrets ---- "c early" TH(CLIENTHELLO);  "psk auth", "res binder" -> MACs
 *        | "derived"; kem_secret
 *     HandshakeSecrets  "c hs", "s hs" TH(kem_ciphertext) -> keys, "finished" -> verify_data
 *        | "derived"; zeros
 *     MasterSecrets --- "c ap", "s ap" TH(CLIENTKEY) -> keys of epoch 0
 *        |
 *     Exporter -------- "exporter" TH(FINISHED)
 *     EpochSecrets 0 -- "chain", "resumption" TH(FINISHED)
 *        | chain as salt; kem_secret of a rotation
 *     EpochSecrets 1 -- "c ap", "s ap", "chain", "resumption" th 1; and so on
 */
import { wipe } from "../../bytes/constant-time.ts";
import { utf8, Writer } from "../../bytes/writer.ts";
import type { Aead, AeadKey, Hash } from "../../crypto/provider.ts";
import type { LoggedLabel, Reveal } from "./key-log.ts";

/** Every label (spec, "Labels"). */
const LABEL = {
  derived: "derived",
  clientEarly: "c early",
  pskAuth: "psk auth",
  binder: "res binder",
  clientHandshake: "c hs",
  serverHandshake: "s hs",
  finished: "finished",
  clientApplication: "c ap",
  serverApplication: "s ap",
  exporter: "exporter",
  chain: "chain",
  resumption: "resumption",
  ticket: "ticket",
  key: "key",
  iv: "iv",
} as const;

const LABEL_PREFIX = "qzmq1 ";
const NO_CONTEXT = new Uint8Array(0);
const KEY_LENGTH = 32;
const IV_LENGTH = 12;

/** Derive(secret, label, th): HKDF-Expand over length u16 || v8<"qzmq1 " || label> || v8<th> (spec, "Derive"). */
export function derive(
  hash: Hash,
  secret: Uint8Array,
  label: string,
  th: Uint8Array,
  length = hash.length,
): Uint8Array {
  // Not by a Writer: a handshake derives some fifty times. Nothing in it is secret.
  const name = LABEL_PREFIX + label;
  const nameLength = Buffer.byteLength(name);
  if (nameLength > 255 || th.length > 255) throw new RangeError("a label or a context beyond 255 octets");
  const info = Buffer.allocUnsafe(4 + nameLength + th.length);
  info[0] = length >> 8;
  info[1] = length;
  info[2] = nameLength;
  info.write(name, 3);
  info[3 + nameLength] = th.length;
  info.set(th, 4 + nameLength);
  return hash.expand(secret, info, length);
}

/** What records are sealed or opened with: one key of the AEAD, and the iv that its nonces start from. */
export interface TrafficKey {
  readonly aead: AeadKey;
  /** 12 octets. */
  readonly iv: Uint8Array;
}

/** Keys of both directions; `client` is what the client seals with. */
export interface TrafficKeys {
  readonly client: TrafficKey;
  readonly server: TrafficKey;
}

/** Overwrites a traffic key. */
export function wipeKey(key: TrafficKey | null | undefined): void {
  if (!key) return;
  key.aead.wipe();
  wipe(key.iv);
}

/** Key and iv of a traffic secret, which is not wiped. */
function trafficKey(hash: Hash, aead: Aead, secret: Uint8Array): TrafficKey {
  const key = derive(hash, secret, LABEL.key, NO_CONTEXT, KEY_LENGTH);
  try {
    return { aead: aead.key(key), iv: derive(hash, secret, LABEL.iv, NO_CONTEXT, IV_LENGTH) };
  } finally {
    wipe(key);
  }
}

/** Where a traffic key comes from: Derive(secret, label, th), in an epoch. */
interface Origin {
  readonly secret: Uint8Array;
  readonly label: LoggedLabel;
  readonly th: Uint8Array;
  readonly epoch: number;
}

/** Key and iv straight from their origin, without a traffic secret that outlives the call. */
function deriveKey(hash: Hash, aead: Aead, origin: Origin, reveal: Reveal | null): TrafficKey {
  const traffic = derive(hash, origin.secret, origin.label, origin.th);
  try {
    reveal?.(origin.label, origin.epoch, traffic);
    return trafficKey(hash, aead, traffic);
  } finally {
    wipe(traffic);
  }
}

/** HMAC(Derive(secret, label, ""), th). */
function mac(hash: Hash, secret: Uint8Array, label: string, th: Uint8Array): Uint8Array {
  const key = derive(hash, secret, label, NO_CONTEXT);
  try {
    return hash.hmac(key, th);
  } finally {
    wipe(key);
  }
}

/** Extract(Derive(secret, "derived", ""), keyMaterial). */
function nextSecret(hash: Hash, secret: Uint8Array, keyMaterial: Uint8Array): Uint8Array {
  const salt = derive(hash, secret, LABEL.derived, NO_CONTEXT);
  try {
    return hash.extract(salt, keyMaterial);
  } finally {
    wipe(salt);
  }
}

/** First stage: from a PSK, or from nothing. */
export class EarlySecrets {
  readonly #hash: Hash;
  readonly #early: Uint8Array;
  readonly #resumed: boolean;
  readonly #reveal: Reveal | null;

  /**
   * `psk` has the hash's length and stays the caller's to wipe; `null` in a full handshake. `reveal` is told the
   * traffic secrets of this stage and all that follow.
   */
  constructor(hash: Hash, psk: Uint8Array | null, reveal: Reveal | null = null) {
    const zeros = new Uint8Array(hash.length);
    if (psk !== null && psk.length !== hash.length) throw new RangeError(`a PSK has ${hash.length} octets`);
    this.#hash = hash;
    this.#early = hash.extract(zeros, psk ?? zeros);
    this.#resumed = psk !== null;
    this.#reveal = reveal;
  }

  /** Key of EARLY records. `th` is TH(CLIENTHELLO) under the hash of the ticket's suite. */
  earlyKey(aead: Aead, th: Uint8Array): TrafficKey {
    const origin = { secret: this.#early, label: LABEL.clientEarly, th, epoch: 0 };
    return deriveKey(this.#hash, aead, origin, this.#reveal);
  }

  /** Field auth of a resumed SERVERHELLO. `th` is TH(SERVERHELLO before auth). */
  pskAuth(th: Uint8Array): Uint8Array {
    return mac(this.#hash, this.#early, LABEL.pskAuth, th);
  }

  /** Mixes in the secret of the key exchange, which stays the caller's to wipe. `th` is TH(kem_ciphertext). Consumes this stage. */
  intoHandshake(kemSecret: Uint8Array, th: Uint8Array): HandshakeSecrets {
    const binderKey = this.#resumed ? derive(this.#hash, this.#early, LABEL.binder, NO_CONTEXT) : null;
    const handshake = nextSecret(this.#hash, this.#early, kemSecret);
    this.wipe();
    return new HandshakeSecrets(this.#hash, handshake, binderKey, th, this.#reveal);
  }

  wipe(): void {
    wipe(this.#early);
  }
}

/** Second stage: secrets that protect the rest of the handshake. */
export class HandshakeSecrets {
  readonly #hash: Hash;
  readonly #handshake: Uint8Array;
  readonly #binderKey: Uint8Array | null;
  readonly #client: Uint8Array;
  readonly #server: Uint8Array;
  readonly #reveal: Reveal | null;

  /** Takes over `handshake` and `binderKey`. Made by {@link EarlySecrets.intoHandshake}. */
  constructor(
    hash: Hash,
    handshake: Uint8Array,
    binderKey: Uint8Array | null,
    th: Uint8Array,
    reveal: Reveal | null = null,
  ) {
    this.#hash = hash;
    this.#handshake = handshake;
    this.#binderKey = binderKey;
    this.#client = derive(hash, handshake, LABEL.clientHandshake, th);
    this.#server = derive(hash, handshake, LABEL.serverHandshake, th);
    this.#reveal = reveal;
    reveal?.(LABEL.clientHandshake, 0, this.#client);
    reveal?.(LABEL.serverHandshake, 0, this.#server);
  }

  /** Key of the sealed part of CLIENTKEY. */
  clientKey(aead: Aead): TrafficKey {
    return trafficKey(this.#hash, aead, this.#client);
  }

  /** Field psk_binder: a MAC in a resumed handshake, empty in a full one. `th` is TH(CLIENTKEY before psk_binder). */
  binder(th: Uint8Array): Uint8Array {
    return this.#binderKey === null ? NO_CONTEXT : this.#hash.hmac(this.#binderKey, th);
  }

  /** verify_data of CLIENTKEY. `th` is TH(CLIENTKEY before verify_data). */
  clientVerifyData(th: Uint8Array): Uint8Array {
    return mac(this.#hash, this.#client, LABEL.finished, th);
  }

  /** `th` is TH(CLIENTKEY). Consumes this stage. */
  intoMaster(th: Uint8Array): MasterSecrets {
    const master = nextSecret(this.#hash, this.#handshake, new Uint8Array(this.#hash.length));
    const server = this.#server.slice();
    this.wipe();
    return new MasterSecrets(this.#hash, master, server, th, this.#reveal);
  }

  wipe(): void {
    wipe(this.#handshake, this.#client, this.#server);
    if (this.#binderKey) wipe(this.#binderKey);
  }
}

/** Third stage: CLIENTKEY is complete, FINISHED is not. */
export class MasterSecrets {
  readonly #hash: Hash;
  readonly #master: Uint8Array;
  readonly #serverHandshake: Uint8Array;
  readonly #th: Uint8Array;
  readonly #reveal: Reveal | null;

  /** Takes over both secrets. Made by {@link HandshakeSecrets.intoMaster}. */
  constructor(
    hash: Hash,
    master: Uint8Array,
    serverHandshake: Uint8Array,
    th: Uint8Array,
    reveal: Reveal | null = null,
  ) {
    this.#hash = hash;
    this.#master = master;
    this.#serverHandshake = serverHandshake;
    this.#th = th;
    this.#reveal = reveal;
  }

  /** Keys of the sealed part of FINISHED. */
  serverKey(aead: Aead): TrafficKey {
    return trafficKey(this.#hash, aead, this.#serverHandshake);
  }

  /** verify_data of FINISHED. `th` is TH(FINISHED before verify_data). */
  serverVerifyData(th: Uint8Array): Uint8Array {
    return mac(this.#hash, this.#serverHandshake, LABEL.finished, th);
  }

  /** What the client seals records with in epoch 0. */
  clientTraffic(aead: Aead): TrafficKey {
    return this.#traffic(aead, LABEL.clientApplication);
  }

  /** What the server seals records with in epoch 0. */
  serverTraffic(aead: Aead): TrafficKey {
    return this.#traffic(aead, LABEL.serverApplication);
  }

  /** `th` is TH(FINISHED). Consumes this stage. */
  intoSession(th: Uint8Array): { readonly exporter: Exporter; readonly epoch: EpochSecrets } {
    const hash = this.#hash;
    const exporter = new Exporter(hash, derive(hash, this.#master, LABEL.exporter, th));
    const chain = derive(hash, this.#master, LABEL.chain, th);
    const resumption = derive(hash, this.#master, LABEL.resumption, th);
    this.wipe();
    return { exporter, epoch: new EpochSecrets(hash, 0, th, chain, resumption, this.#reveal) };
  }

  wipe(): void {
    wipe(this.#master, this.#serverHandshake);
  }

  #traffic(aead: Aead, label: LoggedLabel): TrafficKey {
    return deriveKey(this.#hash, aead, { secret: this.#master, label, th: this.#th, epoch: 0 }, this.#reveal);
  }
}

/** Last stage, once for each epoch: what the next rotation and the tickets of this epoch hang on. */
export class EpochSecrets {
  readonly epoch: number;
  readonly #hash: Hash;
  readonly #th: Uint8Array;
  readonly #chain: Uint8Array;
  readonly #resumption: Uint8Array;
  readonly #reveal: Reveal | null;

  /** Takes over both secrets. */
  constructor(
    hash: Hash,
    epoch: number,
    th: Uint8Array,
    chain: Uint8Array,
    resumption: Uint8Array,
    reveal: Reveal | null = null,
  ) {
    this.epoch = epoch;
    this.#hash = hash;
    this.#th = th;
    this.#chain = chain;
    this.#resumption = resumption;
    this.#reveal = reveal;
  }

  /** The PSK of a ticket sealed in this epoch; `nonce` has 16 octets. The caller's to wipe. */
  ticketPsk(nonce: Uint8Array): Uint8Array {
    return derive(this.#hash, this.#resumption, LABEL.ticket, nonce);
  }

  /**
   * The next epoch, from the plaintexts of KEYUPDATE and KEYUPDATEACK and the secret exchanged by them, which stays
   * the caller's to wipe (spec, "Rotation"). Consumes this stage.
   */
  rotate(
    aead: Aead,
    kemSecret: Uint8Array,
    update: Uint8Array,
    ack: Uint8Array,
  ): { readonly keys: TrafficKeys; readonly next: EpochSecrets } {
    const hash = this.#hash;
    const epoch = this.epoch + 1;
    const th = hash.digest(this.#th, new Writer().v32(update).v32(ack).finish());
    const secret = hash.extract(this.#chain, kemSecret);
    try {
      const traffic = (label: LoggedLabel) =>
        deriveKey(hash, aead, { secret, label, th, epoch }, this.#reveal);
      const client = traffic(LABEL.clientApplication);
      const server = traffic(LABEL.serverApplication);
      const chain = derive(hash, secret, LABEL.chain, th);
      const resumption = derive(hash, secret, LABEL.resumption, th);
      return {
        keys: { client, server },
        next: new EpochSecrets(hash, epoch, th, chain, resumption, this.#reveal),
      };
    } finally {
      wipe(secret);
      this.wipe();
    }
  }

  wipe(): void {
    wipe(this.#chain, this.#resumption);
  }
}

/** Keying material for the application, bound to this connection (spec, "Exporter"). Survives rotations. */
export class Exporter {
  readonly #hash: Hash;
  readonly #secret: Uint8Array;

  /** Takes over `secret`. */
  constructor(hash: Hash, secret: Uint8Array) {
    this.#hash = hash;
    this.#secret = secret;
  }

  /**
   * `length` octets (1 to 255 hash lengths) for `label` (1..249 octets as UTF-8) and `context` (any octets).
   * Throws `RangeError` beyond these.
   */
  export(label: string, context: Uint8Array, length: number): Uint8Array {
    const size = utf8(label).length;
    if (size < 1 || size > 255 - LABEL_PREFIX.length)
      throw new RangeError("an exporter label has 1 to 249 octets");
    if (!Number.isInteger(length) || length < 1 || length > 255 * this.#hash.length) {
      throw new RangeError(`1 to ${255 * this.#hash.length} octets can be exported`);
    }
    const secret = derive(this.#hash, this.#secret, label, NO_CONTEXT);
    try {
      return derive(this.#hash, secret, LABEL.exporter, this.#hash.digest(context), length);
    } finally {
      wipe(secret);
    }
  }

  wipe(): void {
    wipe(this.#secret);
  }
}
