/**
 * Two QZMQ mechanisms joined by byte pipes on a virtual clock. No sockets, no timers: `settle()` runs both sides until
 * nothing moves, `pass(ms)` moves the clock and calls deadlines.
 */
import { PeerError, type PeerErrorCode } from "../../src/errors.ts";
import type { Authorization, MechanismHost } from "../../src/mechanism/mechanism.ts";
import type { QzmqFactory } from "../../src/mechanism/qzmq/index.ts";
import type { QzmqMechanism } from "../../src/mechanism/qzmq/qzmq.ts";
import { encodeMetadata, type Metadata } from "../../src/wire/metadata.ts";
import { seededRandom } from "./seeded-random.ts";

/** What a test changes about one end. */
export interface EndOptions {
  readonly socketType?: string;
  readonly identity?: string;
  readonly endpoint?: string;
  readonly peerAddress?: string;
  readonly random?: string;
  readonly authorize?: (
    credentials: readonly Uint8Array[],
    decided: (decision: Authorization) => void,
  ) => void;
  readonly acceptPeer?: (metadata: Metadata) => void;
  /** Encoded messages that wait to be sent early. */
  readonly waiting?: Uint8Array[];
}

/** What a test changes about the pair. */
export interface PairOptions {
  readonly client?: EndOptions;
  readonly server?: EndOptions;
  /** Bytes arrive one by one. */
  readonly byteByByte?: boolean;
  /** Sees each frame under way (flags, body); returns frames to deliver in its place. `undefined`: as it is. */
  readonly intercept?: (
    from: "client" | "server",
    frame: Frame,
    index: number,
  ) => readonly Frame[] | undefined;
  /** The clock at the start. */
  readonly now?: number;
}

export interface Frame {
  readonly flags: number;
  readonly body: Uint8Array;
}

export const ACCEPTED: Authorization = { status: 200, text: "OK", userId: "", metadata: new Map() };
let connections = 0;

/** Encodes a ZMTP frame. */
export function encodeFrame({ flags, body }: Frame): Uint8Array {
  const long = body.length > 255;
  const header = Buffer.alloc(long ? 9 : 2);
  header[0] = long ? flags | 2 : flags & ~2;
  if (long) header.writeBigUInt64BE(BigInt(body.length), 1);
  else header[1] = body.length;
  return Buffer.concat([header, body]);
}

/** A single-frame message. */
export function message(text: string | Uint8Array): Uint8Array {
  return encodeFrame({ flags: 0, body: Buffer.from(text) });
}

function greeting(asServer: boolean): Uint8Array {
  const octets = new Uint8Array(64);
  octets.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1]);
  octets.set(Buffer.from("QZMQ"), 12);
  octets[32] = asServer ? 1 : 0;
  return octets;
}

/** One side. */
export class End {
  readonly mechanism: QzmqMechanism;
  readonly host: MechanismHost;
  /** Plaintext that the mechanism delivered. */
  readonly received: Uint8Array[] = [];
  readonly waiting: Uint8Array[];
  /** Credentials of each authorization asked for. */
  readonly credentials: (readonly Uint8Array[])[] = [];
  /** Deferred tasks, run one for each turn. */
  readonly tasks: (() => void)[] = [];
  inbox = Buffer.alloc(0);
  error: PeerError | null = null;
  wakes = 0;

  constructor(factory: QzmqFactory, asServer: boolean, options: EndOptions) {
    this.mechanism = factory.create();
    this.waiting = [...(options.waiting ?? [])];
    const metadata: [string, Uint8Array][] = [
      ["Socket-Type", Buffer.from(options.socketType ?? (asServer ? "ROUTER" : "DEALER"))],
    ];
    if (options.identity !== undefined) metadata.push(["Identity", Buffer.from(options.identity)]);
    const { tasks } = this;
    this.host = {
      localGreeting: greeting(asServer),
      peerGreeting: greeting(!asServer),
      metadata: encodeMetadata(metadata),
      endpoint: options.endpoint ?? "tcp://server.example:5555",
      peerAddress: options.peerAddress ?? "192.0.2.7",
      connectionId: ++connections,
      random: seededRandom(options.random ?? (asServer ? "server" : "client")),
      acceptPeer: options.acceptPeer ?? (() => {}),
      authorize: (credentials, decided) => {
        this.credentials.push(credentials.map((credential) => credential.slice()));
        if (options.authorize) options.authorize(credentials, decided);
        else decided(ACCEPTED);
      },
      defer: (task) => tasks.push(task),
      get deferred() {
        return tasks.length;
      },
      wake: () => {
        this.wakes++;
      },
      takeEarlyMessages: (limit) => {
        const taken: Uint8Array[] = [];
        let size = 0;
        while (this.waiting.length > 0 && size + this.waiting[0]!.length <= limit) {
          size += this.waiting[0]!.length;
          taken.push(this.waiting.shift()!);
        }
        return taken;
      },
    };
  }

  get text(): string {
    return Buffer.concat(this.received).toString("latin1");
  }

  /** Calls into the mechanism; a PeerError ends this side. */
  call(run: () => unknown): void {
    if (this.error !== null) return;
    try {
      const plaintext = run();
      if (plaintext instanceof Uint8Array) this.received.push(plaintext);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.error = error;
    }
  }

  /** The next whole frame of the inbox; an oversized one is an error from its header alone. */
  takeFrame(): Frame | null {
    if (this.inbox.length < 2) return null;
    const flags = this.inbox[0]!;
    const header = (flags & 2) === 0 ? 2 : 9;
    if (this.inbox.length < header) return null;
    const size = header === 2 ? this.inbox[1]! : Number(this.inbox.readBigUInt64BE(1));
    if (size > this.mechanism.maxFrameSize) {
      this.error = new PeerError("ERR_ZMTP_MESSAGE_TOO_LARGE", `${size} > ${this.mechanism.maxFrameSize}`);
      return null;
    }
    if (this.inbox.length < header + size) return null;
    const body = this.inbox.subarray(header, header + size);
    this.inbox = this.inbox.subarray(header + size);
    return { flags, body };
  }
}

/** Both sides; see the head of this file. */
export class Pair {
  readonly client: End;
  readonly server: End;
  readonly frames: { readonly from: "client" | "server"; readonly frame: Frame }[] = [];
  now: number;
  readonly #options: PairOptions;
  readonly #partial: Record<"client" | "server", Buffer> = {
    client: Buffer.alloc(0),
    server: Buffer.alloc(0),
  };

  constructor(client: QzmqFactory, server: QzmqFactory, options: PairOptions = {}) {
    this.#options = options;
    this.now = options.now ?? 1000;
    this.client = new End(client, false, options.client ?? {});
    this.server = new End(server, true, options.server ?? {});
  }

  /** Starts both sides and runs until nothing moves. */
  start(): this {
    this.server.call(() => this.server.mechanism.start(this.server.host, this.now));
    this.client.call(() => this.client.mechanism.start(this.client.host, this.now));
    return this.settle();
  }

  settle(): this {
    while (this.#step("client") || this.#step("server")) {
      // Each step moves something; loops end because handshakes and rotations do.
    }
    return this;
  }

  /** Moves the clock to each deadline on the way, and calls it. */
  pass(milliseconds: number): this {
    const until = this.now + milliseconds;
    for (;;) {
      const next = Math.min(this.client.mechanism.deadline, this.server.mechanism.deadline);
      if (next > until) break;
      this.now = Math.max(this.now, next);
      for (const end of [this.client, this.server]) {
        if (end.mechanism.deadline <= this.now) end.call(() => end.mechanism.onDeadline(this.now));
      }
      this.settle();
    }
    this.now = until;
    return this.settle();
  }

  /** Seals one batch of encoded frames at one side. */
  send(from: "client" | "server", ...frames: Uint8Array[]): this {
    const size = frames.reduce((sum, frame) => sum + frame.length, 0);
    const end = this[from];
    end.call(() => this.#deliver(from, end.mechanism.seal(frames, size, this.now)));
    return this;
  }

  /** The transport of one side ends. */
  cut(side: "client" | "server"): this {
    this[side].call(() => this[side].mechanism.end());
    return this;
  }

  dispose(): void {
    this.client.mechanism.dispose();
    this.server.mechanism.dispose();
  }

  #step(side: "client" | "server"): boolean {
    const end = this[side];
    const { mechanism } = end;
    const task = end.tasks.shift();
    task?.();
    const woken = end.wakes > 0;
    end.wakes = 0;
    if (woken) end.call(() => mechanism.advance(this.now));
    let moved = task !== undefined || woken;
    if (end.error === null && mechanism.status !== "waiting") {
      const frame = end.takeFrame();
      if (frame !== null) {
        moved = true;
        end.call(() => mechanism.receive(frame.flags, frame.body, this.now));
      }
    }
    const output = mechanism.takeOutput();
    this.#deliver(side, output);
    return moved || output.length > 0;
  }

  /** Carries octets to the other side, through the interceptor, frame by frame. */
  #deliver(from: "client" | "server", pieces: readonly Uint8Array[]): void {
    let bytes = Buffer.concat([this.#partial[from], ...pieces]);
    for (;;) {
      if (bytes.length < 2) break;
      const header = (bytes[0]! & 2) === 0 ? 2 : 9;
      if (bytes.length < header) break;
      const size = header === 2 ? bytes[1]! : Number(bytes.readBigUInt64BE(1));
      if (bytes.length < header + size) break;
      const frame = { flags: bytes[0]!, body: Uint8Array.from(bytes.subarray(header, header + size)) };
      bytes = bytes.subarray(header + size);
      const index = this.frames.filter((other) => other.from === from).length;
      this.frames.push({ from, frame });
      for (const out of this.#options.intercept?.(from, frame, index) ?? [frame])
        this.#arrive(from, encodeFrame(out));
    }
    this.#partial[from] = bytes;
  }

  #arrive(from: "client" | "server", octets: Uint8Array): void {
    const to = from === "client" ? this.server : this.client;
    if (!this.#options.byteByByte) {
      to.inbox = Buffer.concat([to.inbox, octets]);
      return;
    }
    for (const octet of octets) {
      to.inbox = Buffer.concat([to.inbox, Uint8Array.of(octet)]);
      if (to.error !== null || to.mechanism.status === "waiting") continue;
      const frame = to.takeFrame();
      if (frame !== null) to.call(() => to.mechanism.receive(frame.flags, frame.body, this.now));
    }
  }
}

/** The code of an end's error, `null` when it has none. */
export function codeOf(end: End): PeerErrorCode | null {
  return end.error?.code ?? null;
}

/** Name of a frame's command. */
export function nameOf(frame: Frame): string {
  return Buffer.from(frame.body.subarray(1, 1 + frame.body[0]!)).toString("latin1");
}
