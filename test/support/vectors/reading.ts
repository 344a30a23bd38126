/**
 * An independent reading of a handshake: takes the frames of both sides and the randomness of both, and computes from
 * them, as the specification says, every value that a vector holds. It shares no code with src/mechanism. Whatever
 * does not fit (a sealed part that does not open, a MAC, a ciphertext) throws.
 */
import type { CryptoProvider } from "../../../src/crypto/provider.ts";
import { bytes } from "../naive-codec.ts";
import {
  type HandshakeVector,
  hex,
  KEYS,
  type KemEntry,
  MACS,
  type RandomEntry,
  SECRETS,
  type SideName,
  type TranscriptEntry,
  unhex,
  type WireEntry,
} from "./format.ts";
import { kemExchange } from "./kem.ts";
import {
  aeadOpen,
  earlyStage,
  handshakeStage,
  Kdf,
  keyEntry,
  masterStage,
  nonce,
  openedPart,
  STREAM_ID,
  sessionStage,
} from "./schedule.ts";
import { parseFrame } from "./side.ts";

type SecretName = (typeof SECRETS)[number];
type MacName = (typeof MACS)[number];

/** What a reading starts from. */
export interface ReadingInput {
  readonly provider: CryptoProvider;
  readonly clientGreeting: Uint8Array;
  readonly serverGreeting: Uint8Array;
  /** Of the ticket that the client offers. */
  readonly psk: { readonly suite: Uint8Array; readonly psk: Uint8Array } | null;
  /** Entries may be added later. */
  readonly random: readonly RandomEntry[];
}

/** Takes fields from the front of an octet string. */
export class Fields {
  offset = 0;
  readonly octets: Buffer;

  constructor(octets: Uint8Array) {
    this.octets = Buffer.from(octets);
  }

  take(length: number): Buffer {
    if (this.offset + length > this.octets.length) throw new Error("octets are missing");
    this.offset += length;
    return this.octets.subarray(this.offset - length, this.offset);
  }

  /** A length of `width` octets and what it counts. */
  v(width: 1 | 2 | 4): Buffer {
    return this.take(this.take(width).readUIntBE(0, width));
  }

  end(): void {
    if (this.offset !== this.octets.length) throw new Error("octets are left over");
  }
}

/** See the head of this file. */
export class Reading {
  readonly input: ReadingInput;
  readonly secrets = new Map<SecretName, Buffer>();
  readonly macs = new Map<MacName, Buffer>();
  readonly transcript: TranscriptEntry[] = [];
  suite: Buffer | null = null;
  kdf = new Kdf(1);
  resumed = false;
  kem: KemEntry = { public: null, ciphertext: null, secret: null, secretMlKem: null, secretX25519: null };
  kemSecret: Buffer = Buffer.alloc(0);
  /** Everything hashed so far. */
  hashed: Buffer = Buffer.alloc(0);
  #clientHello: Buffer = Buffer.alloc(0);
  #pending: Buffer = Buffer.alloc(0);
  /** Records read, by the secret they are under. */
  readonly #sequences = new Map<SecretName, number>();

  constructor(input: ReadingInput) {
    this.input = input;
  }

  /** The next frame on the wire, as it goes into a vector. */
  read(side: SideName, frame: Uint8Array): WireEntry {
    const { name, body, data } = parseFrame(frame);
    const plaintext = this.#read(side, name, body, data);
    const shown = plaintext === null ? null : hex(plaintext);
    return { side, command: name, frame: hex(frame), plaintext: shown };
  }

  /** The hash of what was hashed so far. */
  th(): Buffer {
    return this.kdf.hash(this.hashed);
  }

  /** Hashes more octets. */
  add(...parts: Uint8Array[]): this {
    const more = Buffer.concat(parts);
    this.hashed = Buffer.concat([this.hashed, more]);
    this.#pending = Buffer.concat([this.#pending, more]);
    return this;
  }

  /** The transcript through the last CLIENTHELLO. */
  throughClientHello(): Buffer {
    return bytes(this.#greetings(), this.#clientHello);
  }

  /** Names the point that the transcript has reached; its hash. */
  point(name: string): Buffer {
    const hash = this.th();
    this.transcript.push({ name, octets: hex(this.#pending), hash: hex(hash) });
    this.#pending = Buffer.alloc(0);
    return hash;
  }

  /** Everything that a vector holds of this handshake. */
  values(): Pick<HandshakeVector, "suite" | "transcript" | "kem" | "secrets" | "keys" | "macs"> {
    const secrets = SECRETS.map((name) => [name, shown(this.secrets.get(name))]);
    const macs = MACS.map((name) => [name, shown(this.macs.get(name))]);
    const keys = KEYS.map((name) => {
      const secret = this.secrets.get(name);
      return [name, secret === undefined ? null : keyEntry(this.kdf.keys(secret))];
    });
    return {
      suite: this.suite === null ? null : hex(this.suite),
      transcript: this.transcript,
      kem: this.kem,
      secrets: Object.fromEntries(secrets) as HandshakeVector["secrets"],
      keys: Object.fromEntries(keys) as HandshakeVector["keys"],
      macs: Object.fromEntries(macs) as HandshakeVector["macs"],
    };
  }

  /** Records the KEM exchange, both sides of it, and what follows from it. */
  exchange(ciphertext: Uint8Array): void {
    const { provider, random } = this.input;
    const made = kemExchange(provider, this.suite![0]!, unhex(this.kem.public!), ciphertext, random, "");
    this.kem = { ...made.entry, public: this.kem.public };
    this.kemSecret = made.secret;
  }

  /** Secrets of the handshake from TH(kem_ciphertext). */
  handshakeSecrets(th: Buffer): void {
    this.#keep(handshakeStage(this.kdf, this.secrets.get("derivedEarly")!, this.kemSecret, th));
  }

  /** Everything from TH(CLIENTKEY). */
  masterSecrets(th: Buffer): void {
    this.#keep(masterStage(this.kdf, this.secrets.get("derivedHs")!, th));
  }

  #read(side: SideName, name: string, body: Buffer, data: Buffer): Buffer | null {
    switch (name) {
      case "CLIENTHELLO":
        this.#clientHello = body;
        return null;
      case "EARLY":
        return this.#early(body);
      case "SERVERHELLO":
        this.#serverHello(body, new Fields(data));
        return null;
      case "CLIENTKEY":
        return this.#clientKey(new Fields(data));
      case "FINISHED":
        return this.#finished(new Fields(data));
      case "MESSAGE":
      case "CONTROL":
        return this.#open(side === "client" ? "cAp0" : "sAp0", STREAM_ID.record, body, name);
      default:
        return null;
    }
  }

  #greetings(): Buffer {
    const { clientGreeting, serverGreeting } = this.input;
    return bytes("QZMQ/1", clientGreeting.subarray(10), serverGreeting.subarray(10));
  }

  #early(body: Buffer): Buffer {
    const { suite, psk } = this.input.psk!;
    this.suite = Buffer.from(suite);
    this.kdf = new Kdf(suite[3]!);
    if (!this.secrets.has("cEarly")) {
      const { early } = earlyStage(this.kdf, psk);
      const th = this.kdf.hash(this.throughClientHello());
      this.secrets.set("cEarly", this.kdf.derive(early, "c early", th));
    }
    return this.#open("cEarly", STREAM_ID.early, body, "EARLY");
  }

  #serverHello(body: Buffer, fields: Fields): void {
    fields.take(33);
    this.suite = fields.take(4);
    this.kdf = new Kdf(this.suite[3]!);
    this.resumed = fields.take(1)[0] === 1;
    this.kem = { ...this.kem, public: hex(fields.v(2)) };
    fields.v(2);
    const certificates = fields.v(4);
    const before = body.subarray(0, body.length - fields.octets.length + fields.offset);
    const auth = fields.v(2);
    fields.end();
    this.#keep(earlyStage(this.kdf, this.resumed ? this.input.psk!.psk : null));
    this.add(this.throughClientHello()).point("CLIENTHELLO");
    const th = this.add(before).point("SERVERHELLO before auth");
    if (this.resumed) must(auth, this.kdf.hmac(this.secrets.get("pskAuthKey")!, th), "the PSK MAC");
    else this.#verify(certificates, th, "QZMQ/1 server", auth);
    this.macs.set("auth", auth);
    this.add(body.subarray(before.length)).point("SERVERHELLO");
  }

  #clientKey(fields: Fields): Buffer {
    const ciphertext = fields.v(2);
    const length = fields.offset;
    const sealed = fields.v(4);
    fields.end();
    this.exchange(ciphertext);
    this.handshakeSecrets(
      this.add(bytes("\x09CLIENTKEY"), fields.octets.subarray(0, length)).point("kem_ciphertext"),
    );
    const keys = this.kdf.keys(this.secrets.get("cHs")!);
    const plaintext = openedPart(this.suite![2]!, keys, "CLIENTKEY", sealed);
    if (plaintext === null) throw new Error("CLIENTKEY does not open");
    const inner = new Fields(plaintext);
    const field = (read: () => Buffer): readonly [Buffer, Buffer] => {
      const from = inner.offset;
      const value = read();
      return [plaintext.subarray(from, inner.offset), value];
    };
    const [metadata] = field(() => inner.v(4));
    const [count] = field(() => inner.take(4));
    const [certificateField, certificates] = field(() => inner.v(4));
    const beforeSignature = this.add(metadata, count, certificateField).point("CLIENTKEY before signature");
    const [signatureField, signature] = field(() => inner.v(2));
    const beforeBinder = this.add(signatureField).point("CLIENTKEY before psk_binder");
    const [binderField, binder] = field(() => inner.v(1));
    const beforeVerify = this.add(binderField).point("CLIENTKEY before verify_data");
    const verifyData = inner.take(this.kdf.length);
    inner.end();
    if (signature.length > 0) {
      this.#verify(certificates, beforeSignature, "QZMQ/1 client", signature);
      this.macs.set("clientSignature", signature);
    } else must(certificates, signature, "a certificate without a signature");
    if (this.resumed) {
      must(binder, this.kdf.hmac(this.secrets.get("binderKey")!, beforeBinder), "psk_binder");
      this.macs.set("pskBinder", binder);
    } else must(binder, Buffer.alloc(0), "psk_binder");
    must(
      verifyData,
      this.kdf.hmac(this.secrets.get("cFinishedKey")!, beforeVerify),
      "the client's verify_data",
    );
    this.macs.set("clientVerifyData", verifyData);
    this.masterSecrets(this.add(verifyData).point("CLIENTKEY"));
    return plaintext;
  }

  #finished(fields: Fields): Buffer {
    const sealed = fields.v(4);
    fields.end();
    const keys = this.kdf.keys(this.secrets.get("sHs")!);
    const plaintext = openedPart(this.suite![2]!, keys, "FINISHED", sealed);
    if (plaintext === null) throw new Error("FINISHED does not open");
    const inner = new Fields(plaintext);
    inner.v(4);
    const metadata = plaintext.subarray(0, inner.offset);
    const th = this.add(bytes("\x08FINISHED"), metadata).point("FINISHED before verify_data");
    const verifyData = inner.take(this.kdf.length);
    inner.end();
    must(verifyData, this.kdf.hmac(this.secrets.get("sFinishedKey")!, th), "the server's verify_data");
    this.macs.set("serverVerifyData", verifyData);
    this.#keep(sessionStage(this.kdf, this.secrets.get("master")!, this.add(verifyData).point("FINISHED")));
    return plaintext;
  }

  #open(secret: SecretName, stream: number, body: Buffer, name: string): Buffer {
    const sequence = this.#sequences.get(secret) ?? 0;
    this.#sequences.set(secret, sequence + 1);
    const { key, iv } = this.kdf.keys(this.secrets.get(secret)!);
    const length = 1 + name.length + 9;
    const head = body.subarray(0, length);
    const at = nonce(iv, stream, sequence);
    const plaintext = aeadOpen(this.suite![2]!, key, at, head, body.subarray(length));
    if (plaintext === null || head.readBigUInt64BE(length - 8) !== BigInt(sequence)) {
      throw new Error(`${name} ${sequence} does not open`);
    }
    return plaintext;
  }

  /** A handshake signature, by the key of the first certificate ("Certificate layout"). */
  #verify(certificates: Buffer, message: Buffer, context: string, signature: Buffer): void {
    const fields = new Fields(new Fields(certificates).v(2));
    fields.take(17);
    fields.v(1);
    fields.v(2);
    fields.take(18);
    const { signatures } = this.input.provider;
    const scheme = [
      signatures.Ed25519,
      signatures["ML-DSA-44"],
      signatures["ML-DSA-65"],
      signatures["ML-DSA-87"],
    ][fields.take(1)[0]! - 1]!;
    if (!scheme.verify(fields.v(2), message, bytes(context), signature))
      throw new Error(`${context}: wrong signature`);
  }

  #keep(found: Partial<Record<SecretName, Buffer | null>>): void {
    for (const [name, secret] of Object.entries(found))
      if (secret) this.secrets.set(name as SecretName, secret);
  }
}

function shown(octets: Buffer | undefined): string | null {
  return octets === undefined ? null : hex(octets);
}

function must(found: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(found, expected) !== 0) throw new Error(`${what} is not what the specification says`);
}
