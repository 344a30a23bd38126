/** What both naive peers do in a handshake: the transcript as one long octet string, and the key schedule over it. */
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import type { Identity } from "../../src/mechanism/qzmq/identity.ts";
import {
  bytes,
  DEFAULT_SUITE,
  derive,
  digest,
  hmac,
  type NaiveSuite,
  type Octets,
  type Spans,
} from "./naive-codec.ts";
import { NaiveTraffic } from "./naive-traffic.ts";

/** How a naive peer is set up. */
export interface NaiveSetup {
  readonly provider: CryptoProvider;
  readonly clientGreeting: Uint8Array;
  readonly serverGreeting: Uint8Array;
  /** Whose key signs; `null` for an anonymous client. */
  readonly identity: Identity | null;
  readonly suite?: NaiveSuite;
  /** Resume under it. */
  readonly psk?: Uint8Array | null;
}

/** See the head of this file. */
export class NaiveHandshake {
  readonly provider: CryptoProvider;
  readonly identity: Identity | null;
  readonly suite: NaiveSuite;
  readonly role: "client" | "server";
  readonly #greetings: Buffer;
  psk: Uint8Array | null;
  /** All that is hashed, from CLIENTHELLO on. */
  transcript: Buffer = Buffer.alloc(0);
  /** Fields of the message made last, sealed fields as one. */
  spans: Spans = [];
  #master: Buffer = Buffer.alloc(0);
  /** c hs, s hs. */
  clientHandshake: Buffer = Buffer.alloc(0);
  serverHandshake: Buffer = Buffer.alloc(0);
  #applied: { readonly client: Buffer; readonly server: Buffer } | null = null;
  #traffic: NaiveTraffic | null = null;
  exporter: Buffer = Buffer.alloc(0);

  constructor(role: "client" | "server", setup: NaiveSetup) {
    this.role = role;
    this.provider = setup.provider;
    this.identity = setup.identity;
    this.suite = setup.suite ?? DEFAULT_SUITE;
    this.psk = setup.psk ?? null;
    this.#greetings = bytes("QZMQ/1", setup.clientGreeting.subarray(10), setup.serverGreeting.subarray(10));
  }

  /** TH of everything so far. */
  th(...more: Octets[]): Buffer {
    return digest(this.suite, this.#greetings, this.transcript, ...more);
  }

  /** c early: after CLIENTHELLO. */
  earlySecret(): Buffer {
    return derive(this.suite, this.#earlyStage(), "c early", this.th());
  }

  /** A MAC under the pre-shared key. */
  pskMac(label: "psk auth" | "res binder", th: Octets): Buffer {
    return hmac(this.suite, derive(this.suite, this.#earlyStage(), label, ""), th);
  }

  /** After kem_ciphertext. */
  exchanged(kemSecret: Octets): void {
    const { suite } = this;
    const hs = hmac(suite, derive(suite, this.#earlyStage(), "derived", ""), kemSecret);
    this.clientHandshake = derive(suite, hs, "c hs", this.th());
    this.serverHandshake = derive(suite, hs, "s hs", this.th());
    this.#master = hmac(suite, derive(suite, hs, "derived", ""), Buffer.alloc(suite.length));
  }

  verifyData(secret: Uint8Array, th: Octets): Buffer {
    return hmac(this.suite, derive(this.suite, secret, "finished", ""), th);
  }

  /** After CLIENTKEY: the keys of epoch 0. */
  keyed(): void {
    const { suite } = this;
    const client = derive(suite, this.#master, "c ap", this.th());
    this.#applied = { client, server: derive(suite, this.#master, "s ap", this.th()) };
    const none = Buffer.alloc(0);
    this.#traffic = this.#makeTraffic(none, none, none);
  }

  /** After FINISHED: what later epochs and tickets hang on. */
  finish(): void {
    const { suite } = this;
    const th = this.th();
    this.exporter = derive(suite, this.#master, "exporter", th);
    const chain = derive(suite, this.#master, "chain", th);
    const traffic = this.#makeTraffic(chain, derive(suite, this.#master, "resumption", th), th);
    // What was sent before FINISHED counts.
    traffic.sending = this.traffic.sending;
    this.#traffic = traffic;
  }

  /** The records of this connection: once CLIENTKEY was made or read. */
  get traffic(): NaiveTraffic {
    if (this.#traffic === null) throw new Error("no keys yet");
    return this.#traffic;
  }

  /** The exporter's output. */
  export(label: string, context: Octets, length: number): Buffer {
    const secret = derive(this.suite, this.exporter, label, "");
    return derive(this.suite, secret, "exporter", digest(this.suite, context), length);
  }

  #earlyStage(): Buffer {
    const zeros = Buffer.alloc(this.suite.length);
    return hmac(this.suite, zeros, this.psk ?? zeros);
  }

  #makeTraffic(chain: Buffer, resumption: Buffer, th: Buffer): NaiveTraffic {
    const first = { ...this.#applied!, chain, resumption, th };
    return new NaiveTraffic(this.provider, this.suite, this.role, first);
  }
}
