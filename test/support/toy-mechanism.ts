/**
 * A toy mechanism that protects its traffic, to show that the engine works the mechanism's door as documented. Its
 * "cipher" is an XOR with a number that counts records, so a record lost, doubled, out of order or overwritten after
 * sealing comes out as garbage or is refused.
 *
 *     client  HELLO(metadata) ->  (server waits for its deferred task)  <- WELCOME(metadata)
 *     record  message frame: type(1) sequence(4) payload    type 0 data, 1 pause, 2 continue, 3 goodbye
 *
 * After `pauseEvery` data records a side says "pause" and must not seal until the peer's "continue".
 */
import { PeerError } from "../../src/errors.ts";
import type {
  Mechanism,
  MechanismFactory,
  MechanismHost,
  MechanismStatus,
} from "../../src/mechanism/mechanism.ts";
import { decodeCommand, encodeCommand, encodeError } from "../../src/wire/command.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { decodeMetadata, type Metadata } from "../../src/wire/metadata.ts";

/** How a toy is to behave. */
export interface ToyOptions {
  readonly asServer: boolean;
  /** Most plaintext octets in a record. */
  readonly recordSize?: number;
  /** Data records until a pause. */
  readonly pauseEvery?: number;
  /** When `onDeadline` is to be called first. */
  readonly deadline?: number;
}

const DATA = 0;
const PAUSE = 1;
const CONTINUE = 2;
const GOODBYE = 3;
const HEAD = 5;

/** The toy, and what it saw. */
export class Toy implements Mechanism {
  readonly name = "XOR-TOY";
  readonly asServer: boolean;
  readonly transparent = false;
  status: MechanismStatus = "handshaking";
  canSend = true;
  ended = false;
  peerMetadata: Metadata | null = null;
  deadline = Number.POSITIVE_INFINITY;
  /** Calls by name, and sizes of the data records sealed and opened. */
  readonly calls: string[] = [];
  readonly sealed: number[] = [];
  readonly opened: number[] = [];
  /** A copy of each frame body received. */
  readonly kept: Uint8Array[] = [];
  disposed = false;
  /** Octets of the peer that lay undecoded when the engine last ran out of whole frames. */
  held = 0;
  readonly #recordSize: number;
  readonly #pauseEvery: number;
  #host!: MechanismHost;
  #output: Uint8Array[] = [];
  #sent = 0;
  #received = 0;
  #untilPause: number;

  constructor(options: ToyOptions) {
    this.asServer = options.asServer;
    this.#recordSize = options.recordSize ?? 1000;
    this.#pauseEvery = options.pauseEvery ?? Number.POSITIVE_INFINITY;
    this.#untilPause = this.#pauseEvery;
    if (options.deadline !== undefined) this.deadline = options.deadline;
  }

  get facts(): { readonly records: number } {
    return { records: this.sealed.length };
  }

  get maxFrameSize(): number {
    return this.status === "ready" ? HEAD + this.#recordSize : 4096;
  }

  start(host: MechanismHost): void {
    this.#called("start");
    this.#host = host;
    if (!this.asServer) this.#output.push(encodeCommand("HELLO", host.metadata));
  }

  holding(octets: number): void {
    this.held = octets;
  }

  receive(flags: number, body: Uint8Array): Uint8Array | null {
    this.#called("receive");
    this.kept.push(body.slice());
    if (this.status === "waiting") throw new Error("receive while waiting");
    if (this.status === "ready") return this.#open(flags, body);
    const command = decodeCommand(body);
    if (command.name !== (this.asServer ? "HELLO" : "WELCOME")) {
      throw new PeerError("ERR_ZMTP_UNEXPECTED_COMMAND", "Another command was expected");
    }
    this.peerMetadata = decodeMetadata(command.data);
    this.#host.acceptPeer(this.peerMetadata);
    if (this.asServer) {
      this.status = "waiting";
      this.#host.defer(() => this.#host.wake());
    } else {
      this.status = "ready";
    }
    return null;
  }

  advance(): null {
    this.#called("advance");
    if (this.status !== "waiting") return null;
    this.#output.push(encodeCommand("WELCOME", this.#host.metadata));
    this.status = "ready";
    return null;
  }

  takeOutput(): Uint8Array[] {
    return this.#output.splice(0);
  }

  seal(frames: readonly Uint8Array[], size: number): Uint8Array[] {
    this.#called("seal");
    if (this.status !== "ready" || !this.canSend)
      throw new Error("seal although not ready, or canSend is false");
    const plaintext = Buffer.concat(frames);
    if (plaintext.length !== size || size === 0)
      throw new Error(`${plaintext.length} octets, announced as ${size}`);
    const out: Uint8Array[] = [];
    for (let at = 0; at < size; at += this.#recordSize) {
      const piece = plaintext.subarray(at, at + this.#recordSize);
      this.sealed.push(piece.length);
      out.push(this.#record(DATA, piece));
    }
    this.#untilPause -= out.length;
    if (this.#untilPause <= 0) {
      this.canSend = false;
      this.#untilPause = this.#pauseEvery;
      this.#output.push(this.#record(PAUSE));
    }
    return out;
  }

  prepare(): void {
    this.#called("prepare");
  }

  onDeadline(now: number): void {
    this.#called("onDeadline");
    this.deadline = Number.POSITIVE_INFINITY;
    if (this.status !== "ready") throw new PeerError("ERR_ZMTP_KEY_EXCHANGE", `late at ${now}`);
    this.#output.push(this.#record(CONTINUE));
  }

  close(): void {
    this.#called("close");
    if (this.canSend) this.#output.push(this.#record(GOODBYE));
    this.canSend = false;
  }

  /** The peer's: answered, if it is not itself the answer. */
  #goodbye(): void {
    if (this.canSend) this.#output.push(this.#record(GOODBYE));
    this.canSend = false;
    this.ended = true;
  }

  end(): void {
    this.#called("end");
    if (this.canSend) throw new PeerError("ERR_ZMTP_CRYPTOGRAPHIC", "cut off without a goodbye");
  }

  dispose(): void {
    this.#called("dispose");
    this.disposed = true;
  }

  /** Stops and allows sending from outside, as a limit of time would. */
  allow(canSend: boolean): void {
    this.canSend = canSend;
    this.#host.wake();
  }

  /** Says something unasked: an empty control record. */
  speak(): void {
    this.#output.push(this.#record(CONTINUE));
    this.#host.wake();
  }

  #open(flags: number, body: Uint8Array): Uint8Array | null {
    const bytes = Buffer.from(body);
    const type = bytes[0];
    if (flags > 2 || bytes.length < HEAD || bytes.readUInt32BE(1) !== this.#received++) {
      this.#output.push(encodeError("Bad record"));
      throw new PeerError("ERR_ZMTP_CRYPTOGRAPHIC", "A record out of order");
    }
    const payload = xor(bytes.subarray(HEAD), this.#received);
    if (type === DATA) {
      this.opened.push(payload.length);
      return payload;
    }
    if (type === PAUSE) this.#output.push(this.#record(CONTINUE));
    if (type === CONTINUE) this.canSend = true;
    if (type === GOODBYE) this.#goodbye();
    return null;
  }

  #record(type: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
    const head = Buffer.alloc(HEAD);
    head[0] = type;
    head.writeUInt32BE(this.#sent++, 1);
    return encodeFrame(0, head, xor(payload, this.#sent));
  }

  #called(name: string): void {
    if (this.disposed) throw new Error(`${name} after dispose`);
    this.calls.push(name);
  }
}

/** A factory whose toys can be looked at. */
export function toyMechanism(options: ToyOptions): MechanismFactory & { readonly made: Toy[] } {
  const made: Toy[] = [];
  return {
    name: "XOR-TOY",
    optionName: "xor-toy",
    made,
    create() {
      const toy = new Toy(options);
      made.push(toy);
      return toy;
    },
  };
}

function xor(bytes: Uint8Array, key: number): Buffer {
  return Buffer.from(bytes.map((octet, at) => octet ^ (key * 31 + at)));
}
