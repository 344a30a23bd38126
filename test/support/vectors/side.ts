/** One mechanism with a host around it, made from the fields of a vector alone; for making vectors and for checking them. */
import type { CryptoProvider, Random } from "../../../src/crypto/provider.ts";
import { PeerError } from "../../../src/errors.ts";
import type { MechanismHost } from "../../../src/mechanism/mechanism.ts";
import { Admission } from "../../../src/mechanism/qzmq/admission.ts";
import { signatureByOctet } from "../../../src/mechanism/qzmq/algorithm.ts";
import { decodeCertificate } from "../../../src/mechanism/qzmq/certificate.ts";
import { type Identity, makeIdentity } from "../../../src/mechanism/qzmq/identity.ts";
import { type QzmqFactory, qzmqClient, qzmqServer } from "../../../src/mechanism/qzmq/index.ts";
import { parsePins } from "../../../src/mechanism/qzmq/pins.ts";
import type { QzmqMechanism } from "../../../src/mechanism/qzmq/qzmq.ts";
import { localSigner } from "../../../src/mechanism/qzmq/signer.ts";
import { parseSuite } from "../../../src/mechanism/qzmq/suite.ts";
import { TicketStore } from "../../../src/mechanism/qzmq/ticket-store.ts";
import { Trust } from "../../../src/mechanism/qzmq/trust.ts";
import { decodeMetadata, property } from "../../../src/wire/metadata.ts";
import { isCompatible, type SocketType } from "../../../src/wire/socket-type.ts";
import { type ClientSide, type ServerSide, unhex } from "./format.ts";

type AnySide = ClientSide | ServerSide;

/** A socket: what its connections share. A later connection of it may have another configuration and another time. */
export class Socket<S extends AnySide = AnySide> {
  readonly #provider: CryptoProvider;
  readonly #random: Random;
  readonly #store = new TicketStore();
  #side: S;
  #factory: QzmqFactory | null = null;

  constructor(provider: CryptoProvider, side: S, random: Random) {
    this.#provider = provider;
    this.#random = random;
    this.#side = side;
  }

  /** A mechanism for a connection as `side` says. What a factory fixes (all but identities, trust and time) must not change. */
  connect(side: S): QzmqMechanism {
    this.#side = side;
    this.#factory ??= "clientAuth" in side ? this.#server(side) : this.#client(side);
    return this.#factory.create();
  }

  dispose(): void {
    this.#factory?.dispose();
  }

  #common(side: AnySide) {
    return {
      provider: this.#provider,
      random: this.#random,
      unixTime: () => this.#side.unixTime * 1000,
      mode: side.mode,
      suites: side.suites.map((octets) => parseSuite(unhex(octets))!),
      recordLimit: side.recordLimit,
    };
  }

  #client(side: ClientSide): QzmqFactory {
    return qzmqClient({
      ...this.#common(side),
      trust: () => this.#trust(),
      identity: () => this.#identity(),
      serverName: side.serverName,
      tickets: this.#store,
      earlyData: side.earlyData,
      fastStart: side.fastStart,
    });
  }

  #server(side: ServerSide): QzmqFactory {
    return qzmqServer({
      ...this.#common(side),
      identities: () => [this.#identity()!],
      clientAuth: side.clientAuth,
      ...(side.clientAuth === "none" ? {} : { trust: () => this.#trust() }),
      tickets: side.tickets,
      admission: new Admission(this.#provider, this.#random, { cookies: side.cookies }),
    });
  }

  #trust(): Trust {
    const { mode, pins, authorities } = this.#side;
    return new Trust(this.#provider, {
      mode,
      pins: parsePins(pins.join("\n")),
      authorities: authorities.map((octets) => decodeCertificate(this.#provider, unhex(octets))),
    });
  }

  #identity(): Identity | null {
    const { seed, signature, certificates } = this.#side;
    if (seed === null) return null;
    const signer = localSigner(this.#provider, signatureByOctet(signature!)!, unhex(seed), null);
    return makeIdentity(
      signer,
      certificates.map((octets) => decodeCertificate(this.#provider, unhex(octets))),
    );
  }
}

/** Flags and body of a frame, or how long a frame must be before more is known. */
interface Cut {
  readonly flags: number;
  readonly body: Uint8Array;
  readonly size: number;
}

/** One end of one connection. */
export class End {
  readonly mechanism: QzmqMechanism;
  /** Plaintext that was delivered. */
  readonly delivered: Uint8Array[] = [];
  error: PeerError | null = null;
  readonly #host: MechanismHost;
  readonly #now: number;
  readonly #tasks: (() => void)[] = [];
  #inbox: Buffer = Buffer.alloc(0);
  #woken = false;

  /** `now` is the monotonic clock of the connection, which stands still. */
  constructor(socket: Socket, side: AnySide, peerGreeting: string, random: Random) {
    this.mechanism = socket.connect(side);
    const server = "clientAuth" in side ? side : null;
    const waiting = "waiting" in side ? side.waiting.map((frame) => new Uint8Array(unhex(frame))) : [];
    this.#now = Number(server?.time ?? 0);
    const own = Buffer.from(property(decodeMetadata(unhex(side.metadata)), "Socket-Type")!).toString();
    this.#host = {
      localGreeting: unhex(side.greeting),
      peerGreeting: unhex(peerGreeting),
      metadata: unhex(side.metadata),
      endpoint: "endpoint" in side ? side.endpoint : "tcp://*:5555",
      peerAddress: server?.peerAddress ?? "",
      connectionId: Number(server?.connection ?? 0),
      random,
      acceptPeer: (metadata) => {
        const type = Buffer.from(property(metadata, "Socket-Type")!).toString("latin1");
        if (isCompatible(own as SocketType, type)) return;
        throw new PeerError("ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE", `${own} cannot talk to ${type}`);
      },
      authorize: (_credentials, decided) =>
        decided({ status: server!.authorization, text: "", userId: "", metadata: new Map() }),
      defer: (task) => this.#tasks.push(task),
      deferred: 0,
      wake: () => {
        this.#woken = true;
      },
      takeEarlyMessages: (limit) => takeUpTo(waiting, limit),
    };
  }

  /** Begins; what is to be written. */
  start(): Buffer {
    this.#call(() => this.mechanism.start(this.#host, this.#now));
    return this.#run();
  }

  /** Octets come in; what is to be written then. */
  feed(octets: Uint8Array): Buffer {
    this.#inbox = this.#inbox.length === 0 ? Buffer.from(octets) : Buffer.concat([this.#inbox, octets]);
    return this.#run();
  }

  /** Seals encoded frames. */
  send(frames: Uint8Array): Buffer {
    let out: Uint8Array[] = [];
    this.#call(() => {
      out = this.mechanism.seal([frames], frames.length, this.#now);
    });
    return Buffer.concat(out);
  }

  /** Starts a rotation. */
  rotate(): Buffer {
    this.#call(() => void this.mechanism.rotate(this.#now));
    return this.#run();
  }

  get text(): Buffer {
    return Buffer.concat(this.delivered);
  }

  /** Octets that came in and were not read. */
  get unread(): number {
    return this.#inbox.length;
  }

  #run(): Buffer {
    const out: Uint8Array[] = [];
    do out.push(...this.mechanism.takeOutput());
    while (this.#step());
    return Buffer.concat(out);
  }

  #step(): boolean {
    if (this.error !== null) return false;
    const task = this.#tasks.shift();
    if (task !== undefined) {
      task();
      return true;
    }
    if (this.#woken) {
      this.#woken = false;
      this.#call(() => this.mechanism.advance(this.#now));
      return true;
    }
    if (this.mechanism.status === "waiting") return false;
    const cut = this.#takeFrame();
    if (cut === null) return false;
    this.#call(() => this.mechanism.receive(cut.flags, cut.body, this.#now));
    return true;
  }

  #takeFrame(): Cut | null {
    const inbox = this.#inbox;
    const header = inbox.length > 0 && (inbox[0]! & 2) !== 0 ? 9 : 2;
    if (inbox.length < header) return null;
    const length = header === 2 ? inbox[1]! : Number(inbox.readBigUInt64BE(1));
    if (length > this.mechanism.maxFrameSize) {
      throw new Error(`frame of ${length} octets, at most ${this.mechanism.maxFrameSize} are taken`);
    }
    if (inbox.length < header + length) return null;
    this.#inbox = inbox.subarray(header + length);
    return { flags: inbox[0]!, body: inbox.subarray(header, header + length), size: header + length };
  }

  #call(run: () => unknown): void {
    try {
      const plaintext = run();
      if (plaintext instanceof Uint8Array) this.delivered.push(plaintext);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.error = error;
    }
  }
}

/** The first of these messages that fit, taken out of the list. */
function takeUpTo(waiting: Uint8Array[], limit: number): Uint8Array[] {
  const taken: Uint8Array[] = [];
  let size = 0;
  while (waiting.length > 0 && size + waiting[0]!.length <= limit) {
    size += waiting[0]!.length;
    taken.push(waiting.shift()!);
  }
  return taken;
}

/** Cuts a stream into whole frames. Throws when something is left over. */
export function splitFrames(stream: Uint8Array): Buffer[] {
  const frames: Buffer[] = [];
  for (let rest = Buffer.from(stream); rest.length > 0; ) {
    const size = (rest[0]! & 2) === 0 ? 2 + rest[1]! : 9 + Number(rest.readBigUInt64BE(1));
    if (rest.length < size) throw new Error("a frame cut short");
    frames.push(rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  return frames;
}

/** A command's frame taken apart by hand. */
export function parseFrame(frame: Uint8Array): {
  readonly name: string;
  readonly body: Buffer;
  readonly data: Buffer;
} {
  const body = Buffer.from(frame.subarray((frame[0]! & 2) === 0 ? 2 : 9));
  const end = 1 + (body[0] ?? 0);
  return { name: body.toString("latin1", 1, end), body, data: body.subarray(end) };
}
