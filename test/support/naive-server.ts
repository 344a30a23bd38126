/** The other naive peer: a QZMQ server, with a change for every field. See naive-client.ts. */

import { extension } from "./naive-client.ts";
import {
  bytes,
  type Changes,
  Cursor,
  changed,
  hmac,
  metadata,
  type Octets,
  open,
  recordHead,
  STREAM,
  seal,
  spans,
  u8,
  v8,
  v16,
  v32,
} from "./naive-codec.ts";
import { NaiveHandshake, type NaiveSetup } from "./naive-handshake.ts";
import { type NaivePair, naivePair } from "./naive-kem.ts";

export type ServerHelloField =
  | "name"
  | "version"
  | "random"
  | "suite"
  | "resumed"
  | "kemPublic"
  | "extensions"
  | "certificate"
  | "auth"
  | "tail";
export type FinishedField = "name" | "sealed" | "tail" | "metadata" | "verifyData" | "end";

/** See the head of this file. */
export class NaiveServer extends NaiveHandshake {
  readonly #pair: NaivePair;
  /** What CLIENTHELLO offered. */
  suites: Buffer = Buffer.alloc(0);
  sessionId: Buffer = Buffer.alloc(0);
  offered: ReadonlyMap<number, Buffer> = new Map();
  clientMetadata: Buffer = Buffer.alloc(0);
  #clientHello: Buffer = Buffer.alloc(0);
  earlyRecords = -1;

  constructor(setup: NaiveSetup) {
    super("server", setup);
    this.#pair = naivePair(this.provider, this.suite.kem, 6);
  }

  /** Takes CLIENTHELLO; returns its cookie. */
  clientHello(body: Uint8Array): Buffer {
    const cursor = new Cursor(body, 12 + 1 + 32);
    const cookie = cursor.vector(1);
    this.sessionId = cursor.vector(2);
    this.suites = cursor.vector(1);
    const offered = new Map<number, Buffer>();
    for (const list = new Cursor(cursor.vector(2)); list.at < list.octets.length; ) {
      offered.set(list.take(2).readUInt16BE(), list.vector(2));
    }
    cursor.end();
    this.offered = offered;
    this.#clientHello = bytes(body);
    this.transcript = this.#clientHello;
    return cookie;
  }

  /** Opens the EARLY of this sequence. */
  readEarly(body: Buffer, sequence: number): Buffer {
    const head = recordHead("EARLY", 0, sequence);
    if (!body.subarray(0, head.length).equals(head)) throw new Error("not the next EARLY");
    return open(this.suite, this.earlySecret(), STREAM.early, sequence, head, body.subarray(head.length));
  }

  retryMessage(cookie: Octets = "a cookie"): Buffer {
    return bytes(v8("RETRY"), v8(cookie));
  }

  /** The body of SERVERHELLO, after CLIENTHELLO was taken; resumed where there is a PSK. May be made again. */
  serverHello(changes: Changes<ServerHelloField> = {}): Buffer {
    const resumed = this.psk !== null;
    const chain = bytes(...this.identity!.chain.map(({ encoded }) => v16(encoded)));
    const before = {
      name: changed(changes.name, () => v8("SERVERHELLO")),
      version: changed(changes.version, () => u8(1)),
      random: changed(changes.random, () => Buffer.alloc(32, 0xdd)),
      suite: changed(changes.suite, () => this.suite.octets),
      resumed: changed(changes.resumed, () => u8(resumed ? 1 : 0)),
      kemPublic: changed(changes.kemPublic, () => v16(this.#pair.publicKey)),
      extensions: changed(changes.extensions, () =>
        v16(resumed ? "" : extension(0xff02, bytes(u8(1), v8("\x02\x03\x04")))),
      ),
      certificate: changed(changes.certificate, () => v32(resumed ? "" : chain)),
    };
    this.transcript = bytes(this.#clientHello, ...Object.values(before));
    const auth = changed(changes.auth, () =>
      v16(resumed ? this.pskMac("psk auth", this.th()) : this.sign("QZMQ/1 server")),
    );
    this.transcript = bytes(this.transcript, auth);
    const fields = { ...before, auth, tail: changed(changes.tail, () => "") };
    this.spans = spans(fields);
    return bytes(...Object.values(fields));
  }

  /** Takes CLIENTKEY; throws unless its keys are right. */
  clientKey(body: Uint8Array): void {
    const cursor = new Cursor(body, 10);
    const ciphertext = cursor.vector(2);
    this.transcript = bytes(this.transcript, cursor.octets.subarray(0, cursor.at));
    const sealed = cursor.vector(4);
    cursor.end();
    this.exchanged(this.#pair.decapsulate(ciphertext));
    const head = recordHead("CLIENTKEY", 0, 0);
    const plaintext = open(this.suite, this.clientHandshake, STREAM.handshake, 0, head, sealed);
    const cut = plaintext.length - this.suite.length;
    const inner = new Cursor(plaintext);
    this.clientMetadata = inner.vector(4);
    this.earlyRecords = inner.take(4).readUInt32BE();
    inner.vector(4);
    inner.vector(2);
    inner.vector(1);
    if (inner.at !== cut) throw new Error("CLIENTKEY: other fields than expected");
    const right = this.verifyData(this.clientHandshake, this.th(plaintext.subarray(0, cut)));
    if (!right.equals(plaintext.subarray(cut))) throw new Error("the client's verify_data does not verify");
    this.transcript = bytes(this.transcript, plaintext);
    this.keyed();
  }

  /** The body of FINISHED. */
  finished(changes: Changes<FinishedField> = {}): Buffer {
    const name = changed(changes.name, () => v8("FINISHED"));
    const list = changed(changes.metadata, () => v32(metadata(["Socket-Type", "ROUTER"])));
    this.transcript = bytes(this.transcript, name, list);
    const verifyData = changed(changes.verifyData, () => this.verifyData(this.serverHandshake, this.th()));
    this.transcript = bytes(this.transcript, verifyData);
    const plaintext = bytes(
      list,
      verifyData,
      changed(changes.end, () => ""),
    );
    const fields = {
      name,
      sealed: changed(changes.sealed, () => {
        const head = recordHead("FINISHED", 0, 0);
        return v32(seal(this.suite, this.serverHandshake, STREAM.handshake, 0, head, plaintext));
      }),
      tail: changed(changes.tail, () => ""),
    };
    this.spans = spans(fields);
    this.finish();
    return bytes(...Object.values(fields));
  }

  /** Our signature over the transcript as it is. */
  sign(context: string): Uint8Array {
    return this.identity!.signer.sign(this.th(), bytes(context)) as Uint8Array;
  }

  /** A MAC under another key than anybody's. */
  strangeMac(): Buffer {
    return hmac(this.suite, Buffer.alloc(this.suite.length, 1), this.th());
  }
}
