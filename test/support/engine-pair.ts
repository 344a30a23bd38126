/** Two engines joined by pipes of octets, on a clock that only the test moves. */
import { Engine } from "../../src/engine/engine.ts";
import { type EngineEvent, Ready } from "../../src/engine/event.ts";
import type { EngineHost, EngineSettings } from "../../src/engine/host.ts";
import { EngineMemory } from "../../src/engine/memory.ts";
import { socketParty } from "../../src/engine/party.ts";
import type { Authorization, MechanismFactory } from "../../src/mechanism/mechanism.ts";
import { nullMechanism } from "../../src/mechanism/null.ts";
import type { Message, PipeItem } from "../../src/wire/message.ts";
import type { SocketType } from "../../src/wire/socket-type.ts";

/** Cuts what one side wrote into the chunks that the other side reads. */
export type Cut = (octets: Buffer) => Buffer[];

/** All that was written, in one chunk. */
export const whole: Cut = (octets) => [octets];

/** Chunks of `size` octets. */
export function every(size: number): Cut {
  return (octets) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < octets.length; at += size) chunks.push(octets.subarray(at, at + size));
    return chunks;
  };
}

/** Cuts by `sizes` in turn, over and over; a size of 0 counts as 1. */
export function bySizes(sizes: readonly number[]): Cut {
  let turn = 0;
  return (octets) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < octets.length; ) {
      const size = Math.max(1, sizes[turn++ % sizes.length] ?? 1);
      chunks.push(octets.subarray(at, at + size));
      at += size;
    }
    return chunks;
  };
}

/** The authorizer's consent. */
export const ACCEPTED: Authorization = { status: 200, text: "", userId: "", metadata: new Map() };

/** A refusal with `status`. */
export function refused(status: 300 | 400 | 500): Authorization {
  return { status, text: "No", userId: "", metadata: new Map() };
}

/** What a party may ask for; everything has a default. */
export interface PartyOptions {
  readonly mechanism?: MechanismFactory;
  readonly authorize?: EngineHost["authorize"];
  readonly settings?: EngineChanges;
  readonly now?: number;
  /** False: chunks become the engine's. */
  readonly borrowed?: boolean;
}

/** What is set otherwise than by {@link engineSettings}. */
export interface EngineChanges extends Partial<EngineSettings> {
  readonly routingId?: Uint8Array;
}

/** Settings without limits and without timers. */
export function engineSettings(
  socketType: SocketType,
  { routingId, ...changes }: EngineChanges = {},
): EngineSettings {
  return {
    party: socketParty(socketType, routingId ?? null),
    maxMessageSize: Number.POSITIVE_INFINITY,
    maxFramesPerMessage: 10_000,
    handshakeInterval: 0,
    heartbeat: { interval: 0, timeout: -1, timeToLive: 0 },
    ...changes,
  };
}

/** An engine with its surroundings: what a session does, without a socket. */
export class Party {
  readonly engine: Engine;
  readonly events: EngineEvent[] = [];
  /** What ended the connection; null while it lives. */
  error: unknown = null;
  /** All octets written so far. */
  readonly written: Buffer[] = [];
  /** Deferred tasks that wait for `runDeferred`. */
  readonly deferred: (() => void)[] = [];
  now: number;
  readonly #borrowed: boolean;
  readonly #sink = {
    deliver: (message: Message): boolean => this.events.push(message) % 3 !== 0,
  };

  constructor(socketType: SocketType, options: PartyOptions = {}) {
    this.now = options.now ?? 0;
    this.#borrowed = options.borrowed ?? true;
    const factory = options.mechanism ?? nullMechanism();
    const host: EngineHost = {
      endpoint: "tcp://127.0.0.1:1",
      peerAddress: "127.0.0.1",
      connectionId: 1,
      random: (length) => new Uint8Array(length).fill(7),
      authorize: options.authorize ?? ((_mechanism, _credentials, decided) => decided(ACCEPTED)),
      defer: (task) => this.deferred.push(task),
      deferred: 0,
      wake: () => this.#guard(() => this.engine.advance(this.now)),
      takeEarlyMessages: () => [],
    };
    this.engine = new Engine(
      engineSettings(socketType, options.settings),
      factory.create(),
      host,
      // What is freed must not be needed any more.
      new EngineMemory((bytes) => bytes.fill(0xdd)),
      this.now,
    );
  }

  /** The Ready event; throws what ended the connection, or a plain error when there is none yet. */
  get ready(): Ready {
    const found = this.events.find((event) => event instanceof Ready);
    if (found !== undefined) return found;
    throw this.error instanceof Error ? this.error : new Error("not ready");
  }

  /** All events but Ready, messages as arrays of latin1 strings. */
  get items(): unknown[] {
    return this.events.filter((event) => !(event instanceof Ready)).map((item) => plain(item as PipeItem));
  }

  /**
   * Octets of the peer: takes all events they make. They come in a borrowed buffer that is overwritten afterwards, as
   * sockets read; or, as a plain stream would give them, in memory that becomes the engine's.
   */
  receive(octets: Uint8Array): void {
    // A socket gives no empty chunks; to a heartbeat one would look like a sign of life.
    if (this.error !== null || octets.length === 0) return;
    const chunk = Buffer.from(octets);
    this.engine.receive(chunk, this.now, this.#borrowed);
    this.#guard(() => {});
    if (!this.#borrowed) return;
    this.engine.release();
    chunk.fill(0xee);
  }

  /** Takes out what is to be written, as one copy, and lets the engine overwrite its memory. */
  output(): Buffer {
    let octets = Buffer.alloc(0);
    try {
      const pieces = this.engine.takeOutput(this.now);
      octets = Buffer.concat(pieces);
      if (pieces.length > 0) this.engine.written(true);
    } catch (error) {
      this.error ??= error;
    }
    if (octets.length > 0) this.written.push(octets);
    return octets;
  }

  /** Moves the clock to `now`, calling `onDeadline` at each deadline on the way, as a timer would. */
  advanceTo(now: number): void {
    while (this.error === null && this.engine.deadline <= now) {
      this.now = Math.max(this.now, this.engine.deadline);
      this.#guard(() => this.engine.onDeadline(this.now));
    }
    this.now = now;
  }

  runDeferred(): void {
    for (const task of this.deferred.splice(0)) task();
  }

  #guard(first: () => void): void {
    try {
      first();
      for (;;) {
        // Short messages the one way or the other, as a session takes them when its pipe fills up now and then.
        while (!this.engine.deliverShort(this.#sink));
        const event = this.engine.next(this.now);
        if (event === null) break;
        this.events.push(event);
      }
    } catch (error) {
      this.error ??= error;
    }
  }
}

/** Carries octets both ways until neither side has any left. */
export function exchange(a: Party, b: Party, cut: Cut = whole): void {
  for (let quiet = false; !quiet; ) {
    quiet = true;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const octets = from.output();
      if (octets.length === 0) continue;
      quiet = false;
      for (const chunk of cut(octets)) to.receive(chunk);
    }
  }
}

/** A connected pair, past the handshake. */
export function connectedPair(
  types: readonly [SocketType, SocketType] = ["DEALER", "ROUTER"],
  a: PartyOptions = {},
  b: PartyOptions = {},
): [Party, Party] {
  const pair: [Party, Party] = [new Party(types[0], a), new Party(types[1], b)];
  exchange(...pair);
  return pair;
}

/** An item as plain data, for comparison. */
export function plain(item: PipeItem): unknown {
  if (Array.isArray(item)) return item.map((frame) => frame.toString("latin1"));
  return { subscribe: item.subscribe, topic: item.topic.toString("latin1") };
}
