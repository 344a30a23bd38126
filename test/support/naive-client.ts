/**
 * A second QZMQ client, written from the specification with its own codec and key schedule, slow and plain. It shares
 * no code with src/mechanism but identities; so it tells whether both read the specification alike, and it can be told
 * to misbehave at every field, with keys that go along or without.
 */
import {
  bytes,
  type Changes,
  Cursor,
  changed,
  metadata,
  type Octets,
  open,
  recordHead,
  STREAM,
  seal,
  spans,
  u8,
  u16,
  u32,
  v8,
  v16,
  v32,
} from "./naive-codec.ts";
import { NaiveHandshake, type NaiveSetup } from "./naive-handshake.ts";
import { naiveEncapsulate } from "./naive-kem.ts";

export type HelloField =
  | "name"
  | "version"
  | "random"
  | "cookie"
  | "sessionId"
  | "suites"
  | "extensions"
  | "tail";
export type KeyField = "name" | "ciphertext" | "sealed" | "tail";
export type KeyPlainField =
  | "metadata"
  | "earlyRecords"
  | "certificate"
  | "signature"
  | "binder"
  | "verifyData"
  | "end";

/** One extension. */
export const extension = (type: number, data: Octets = ""): Buffer => bytes(u16(type), v16(data));

/** See the head of this file. */
export class NaiveClient extends NaiveHandshake {
  /** To be sent with CLIENTHELLO. */
  cookie: Buffer = Buffer.alloc(0);
  ticket: Buffer = Buffer.alloc(0);
  extensions: Buffer = Buffer.alloc(0);
  /** c early, of the last CLIENTHELLO. */
  #earlySecret: Buffer = Buffer.alloc(0);
  #earlyRecords = 0;
  #accepted = false;
  #resumed = false;
  #kemPublic: Buffer = Buffer.alloc(0);
  /** Whether SERVERHELLO wants certificates. */
  #level = 0;
  serverMetadata: Buffer = Buffer.alloc(0);

  constructor(setup: NaiveSetup) {
    super("client", setup);
  }

  hello(changes: Changes<HelloField> = {}): Buffer {
    const fields = {
      name: changed(changes.name, () => v8("CLIENTHELLO")),
      version: changed(changes.version, () => u8(1)),
      random: changed(changes.random, () => Buffer.alloc(32, 0xcc)),
      cookie: changed(changes.cookie, () => v8(this.cookie)),
      sessionId: changed(changes.sessionId, () => v16(this.ticket)),
      suites: changed(changes.suites, () => v8(this.suite.octets)),
      extensions: changed(changes.extensions, () => v16(this.extensions)),
      tail: changed(changes.tail, () => ""),
    };
    this.spans = spans(fields);
    this.transcript = bytes(...Object.values(fields));
    this.#earlySecret = this.earlySecret();
    return this.transcript;
  }

  /** Takes RETRY. */
  retry(body: Uint8Array): void {
    const cursor = new Cursor(body, 6);
    this.cookie = cursor.vector(1);
    cursor.end();
    this.#earlyRecords = 0;
  }

  /** The next EARLY. */
  early(plaintext: Octets, sequence = this.#earlyRecords): Buffer {
    this.#earlyRecords++;
    const head = recordHead("EARLY", 0, sequence);
    return bytes(head, seal(this.suite, this.#earlySecret, STREAM.early, sequence, head, plaintext));
  }

  /** Takes SERVERHELLO, and checks the server's proof; with no key of the server's it believes anything. */
  serverHello(body: Uint8Array, serverKey: Uint8Array | null): void {
    const cursor = new Cursor(body, 12 + 1 + 32 + 4);
    this.#resumed = cursor.take(1)[0] === 1;
    this.#kemPublic = cursor.vector(2);
    const extensions = new Map<number, Buffer>();
    for (const list = new Cursor(cursor.vector(2)); list.at < list.octets.length; ) {
      extensions.set(list.take(2).readUInt16BE(), list.vector(2));
    }
    this.#level = extensions.get(0xff02)?.[0] ?? 0;
    this.#accepted = extensions.has(0x2a);
    cursor.vector(4);
    this.transcript = bytes(this.transcript, cursor.octets.subarray(0, cursor.at));
    const auth = cursor.vector(2);
    cursor.end();
    if (!this.#resumed) this.psk = null;
    if (serverKey !== null && !this.#proves(auth, serverKey)) {
      throw new Error("the server's proof does not verify");
    }
    this.transcript = bytes(this.transcript, v16(auth));
  }

  #proves(auth: Buffer, serverKey: Uint8Array): boolean {
    if (this.#resumed) return auth.equals(this.pskMac("psk auth", this.th()));
    const context = bytes("QZMQ/1 server");
    return this.provider.signatures["ML-DSA-44"].verify(serverKey, this.th(), context, auth);
  }

  /** Whether the server has resumed. */
  get resumed(): boolean {
    return this.#resumed;
  }

  /** The body of CLIENTKEY; every change goes into what is hashed, signed and sealed after it. */
  clientKey(changes: Changes<KeyField | KeyPlainField> = {}): Buffer {
    const made = naiveEncapsulate(this.provider, this.suite.kem, this.#kemPublic, 2);
    const name = changed(changes.name, () => v8("CLIENTKEY"));
    const ciphertext = changed(changes.ciphertext, () => v16(made.ciphertext));
    this.transcript = bytes(this.transcript, name, ciphertext);
    this.exchanged(made.secret);

    const shown = this.#resumed || this.#level === 0 ? null : this.identity;
    const chain = bytes(...(shown?.chain ?? []).map(({ encoded }) => v16(encoded)));
    const start = this.transcript;
    const add = (change: Parameters<typeof changed>[0], field: () => Octets): Buffer => {
      const octets = changed(change, field);
      this.transcript = bytes(this.transcript, octets);
      return octets;
    };
    add(changes.metadata, () => v32(metadata(["Socket-Type", "DEALER"])));
    add(changes.earlyRecords, () => u32(this.#accepted ? this.#earlyRecords : 0));
    add(changes.certificate, () => v32(chain));
    add(changes.signature, () => v16(shown === null ? "" : this.sign("QZMQ/1 client")));
    add(changes.binder, () => v8(this.#resumed ? this.pskMac("res binder", this.th()) : ""));
    add(changes.verifyData, () => this.verifyData(this.clientHandshake, this.th()));
    const plaintext = bytes(
      this.transcript.subarray(start.length),
      changed(changes.end, () => ""),
    );
    const fields = {
      name,
      ciphertext,
      sealed: changed(changes.sealed, () => {
        const head = recordHead("CLIENTKEY", 0, 0);
        return v32(seal(this.suite, this.clientHandshake, STREAM.handshake, 0, head, plaintext));
      }),
      tail: changed(changes.tail, () => ""),
    };
    this.spans = spans(fields);
    this.keyed();
    return bytes(...Object.values(fields));
  }

  /** Takes FINISHED; throws unless it verifies. */
  finished(body: Uint8Array): void {
    const cursor = new Cursor(body, 9);
    const sealed = cursor.vector(4);
    cursor.end();
    const head = recordHead("FINISHED", 0, 0);
    const plaintext = new Cursor(open(this.suite, this.serverHandshake, STREAM.handshake, 0, head, sealed));
    this.serverMetadata = plaintext.vector(4);
    this.transcript = bytes(this.transcript, v8("FINISHED"), v32(this.serverMetadata));
    const expected = this.verifyData(this.serverHandshake, this.th());
    if (!plaintext.take(this.suite.length).equals(expected)) throw new Error("verify_data does not verify");
    plaintext.end();
    this.transcript = bytes(this.transcript, expected);
    this.finish();
  }

  /** Our signature over the transcript as it is. */
  sign(context: string): Uint8Array {
    return this.identity!.signer.sign(this.th(), bytes(context)) as Uint8Array;
  }
}
