/**
 * One ZMTP connection without its socket: octets in, events out, messages in, octets out.
 *
 *     engine.receive(octets, now)    stores what came in
 *     engine.next(now)               a message, a subscription, Ready, or null: wants more octets (or a wake)
 *     engine.send(item)              frames it into the batch; false: not now
 *     engine.takeOutput(now)         what to write
 *
 * It goes greeting -> handshake -> traffic -> over, never back. Any misdeed of the peer throws {@link PeerError} once;
 * then `takeOutput` may still hold an ERROR command to write, and the connection is to be closed.
 */

import { asBuffer } from "../bytes/as-buffer.ts";
import { PeerError } from "../errors.ts";
import type { Mechanism, MessageCounters } from "../mechanism/mechanism.ts";
import { decodePing, decodeSubscription, encodePing, encodePong } from "../wire/command.ts";
import { COMMAND } from "../wire/frame.ts";
import { FrameDecoder, type MessageSink } from "../wire/frame-decoder.ts";
import { markEarly, type PipeItem, type SubscriptionChange } from "../wire/message.ts";
import { MultipartAssembler } from "../wire/multipart.ts";
import { type EngineEvent, Ready } from "./event.ts";
import { Greetings } from "./greetings.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type EngineHost, type EngineSettings, mechanismHost } from "./host.ts";
import type { EngineMemory } from "./memory.ts";
import { Outbox } from "./outbox.ts";
import { trafficCommand } from "./traffic-command.ts";

type Phase = "greeting" | "handshake" | "traffic" | "over";

/** From so many octets on, a waiting mechanism's input is enough. */
const MAX_HELD_BACK = 65_536;

/** See the head of this file. `now` never goes back. */
export class Engine {
  readonly #settings: EngineSettings;
  readonly #mechanism: Mechanism;
  readonly #host: EngineHost;
  readonly #memory: EngineMemory;
  readonly #counters: MessageCounters | null;
  #phase: Phase = "greeting";
  readonly #greetings: Greetings;
  #peerMinor: 0 | 1 = 1;
  /** Frames as they are on the wire, and the frames inside a protecting mechanism's records. */
  readonly #outer: FrameDecoder;
  #inner: FrameDecoder | null = null;
  readonly #multipart: MultipartAssembler;
  readonly #outbox: Outbox;
  readonly #handshakeDeadline: number;
  #heartbeat: Heartbeat | null = null;
  #closing = false;

  constructor(
    settings: EngineSettings,
    mechanism: Mechanism,
    host: EngineHost,
    memory: EngineMemory,
    now: number,
  ) {
    this.#settings = settings;
    this.#mechanism = mechanism;
    this.#host = host;
    this.#counters = (mechanism.transparent ? null : mechanism.counters) ?? null;
    this.#greetings = new Greetings(mechanism.name, mechanism.asServer);
    this.#outer = new FrameDecoder(mechanism.maxFrameSize, !mechanism.transparent);
    this.#multipart = new MultipartAssembler(settings.maxFramesPerMessage, settings.maxMessageSize);
    this.#memory = memory;
    this.#outbox = new Outbox(mechanism, memory);
    this.#outbox.urgent(this.#greetings.local);
    const { handshakeInterval } = settings;
    this.#handshakeDeadline = handshakeInterval > 0 ? now + handshakeInterval : Number.POSITIVE_INFINITY;
  }

  /** True when `send` takes an item. */
  get canSend(): boolean {
    return this.#canWrite && !this.#closing;
  }

  /** Octets of application data waiting in the batch. */
  get batched(): number {
    return this.#outbox.batched;
  }

  /** True when `takeOutput` would return something. */
  get hasOutput(): boolean {
    return this.#outbox.hasUrgent || (this.#outbox.batched > 0 && this.#canWrite);
  }

  /** True when enough octets wait for a waiting mechanism: read no more until it wakes. */
  get full(): boolean {
    return this.#mechanism.status === "waiting" && this.#outer.held >= MAX_HELD_BACK;
  }

  /** True when both sides have said goodbye: write what is left, then end the transport. */
  get ended(): boolean {
    return this.#phase === "traffic" && this.#mechanism.ended === true;
  }

  /** What the mechanism negotiated; null for NULL. */
  get facts(): Readonly<Record<string, unknown>> | null {
    return this.#mechanism.facts;
  }

  /** When `onDeadline` wants to be called; `Infinity` when never. */
  get deadline(): number {
    if (this.#phase === "over") return Number.POSITIVE_INFINITY;
    const own = this.#heartbeat?.deadline ?? this.#handshakeDeadline;
    return this.#mechanism.transparent ? own : Math.min(own, this.#mechanism.deadline);
  }

  /** The transport is connected. Throws {@link PeerError} when the mechanism has no room for the peer. */
  open(now: number): void {
    this.#attempt(() => this.#mechanism.admit?.(this.#host, now));
  }

  /** Takes octets of the peer. The chunk belongs to the engine from now on; a `borrowed` one until `release`. */
  receive(chunk: Buffer, now: number, borrowed = false): void {
    if (this.#phase === "over") return;
    if (this.#phase === "greeting") {
      const take = this.#greetings.take(chunk);
      if (take < chunk.length) this.#outer.push(chunk.subarray(take), borrowed);
      return;
    }
    this.#outer.push(chunk, borrowed);
    this.#heartbeat?.heard(now);
  }

  /** Where the next octets can be put instead of receiving them, see {@link FrameDecoder.space}; null: anywhere. */
  get space(): Buffer | null {
    return this.#phase === "traffic" ? this.#outer.space : null;
  }

  /** So many octets of the peer were put into `space`. */
  filled(length: number, now: number): void {
    if (this.#phase !== "traffic") return;
    this.#outer.filled(length);
    this.#heartbeat!.heard(now);
  }

  /** A borrowed chunk is about to be written again: keeps a copy of what has not been decoded. */
  release(): void {
    this.#outer.release();
  }

  /** The next event, or null. Throws {@link PeerError}. */
  next(now: number): EngineEvent | null {
    try {
      if (this.#phase === "traffic") return this.#traffic(now);
      if (this.#phase === "greeting" && !this.#greet(now)) return null;
      if (this.#phase === "handshake") return this.#shake(now);
      return null;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /**
   * Hands the short messages that come next to `sink`, in one loop; false when it wants no more. `next` goes on.
   */
  deliverShort(sink: MessageSink): boolean {
    const decoder = this.#mechanism.transparent ? this.#outer : this.#inner;
    if (this.#phase !== "traffic" || decoder === null || this.#multipart.begun) return true;
    // Early data is marked, message by message.
    if (!this.#mechanism.transparent && this.#mechanism.early) return true;
    const goOn = decoder.shortMessages(sink);
    if (this.#counters !== null) this.#counters.messagesOpened += decoder.delivered;
    return goOn;
  }

  /** Frames an item into the batch. False, and nothing done, while `canSend` is false. */
  send(item: PipeItem): boolean {
    if (!this.canSend) return false;
    this.#outbox.item(item, this.#peerMinor);
    if (this.#counters !== null && Array.isArray(item)) this.#counters.messagesSealed++;
    return true;
  }

  /**
   * What to write, in order; call `written` when it has been handed on. While `hasOutput` is true after that there is
   * more: let others have a turn first.
   */
  takeOutput(now: number): Uint8Array[] {
    try {
      return this.#outbox.take(this.#canWrite, now);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /**
   * The output last taken is out of our hands. `copied`: its memory may be written again at once; else `drained` may
   * follow when it may.
   */
  written(copied: boolean): void {
    this.#outbox.written(copied);
  }

  /** The memory of all output taken may be written again. */
  drained(): void {
    this.#outbox.drained();
  }

  /** The mechanism has woken: goes on with it. Then call `next`. Throws {@link PeerError}. */
  advance(now: number): void {
    if (this.#phase !== "handshake" && this.#phase !== "traffic") return;
    this.#attempt(() => this.#absorb(this.#mechanism.advance(now)));
  }

  /** We stop, or go on, taking events: heartbeats do not count that time. */
  pause(now: number): void {
    this.#heartbeat?.pause(now);
  }

  resume(now: number): void {
    this.#heartbeat?.resume(now);
  }

  /** `deadline` has passed. Throws {@link PeerError} `ERR_ZMTP_HANDSHAKE_TIMEOUT`, `ERR_ZMTP_HEARTBEAT_TIMEOUT`, or the mechanism's. */
  onDeadline(now: number): void {
    this.#attempt(() => {
      if (this.#phase !== "traffic" && this.#phase !== "over" && now >= this.#handshakeDeadline) {
        throw new PeerError("ERR_ZMTP_HANDSHAKE_TIMEOUT", "The handshake took too long");
      }
      const action = this.#heartbeat?.due(now) ?? "none";
      if (action === "dead") throw new PeerError("ERR_ZMTP_HEARTBEAT_TIMEOUT", "The peer has fallen silent");
      if (action === "ping") this.#outbox.beat(encodePing(this.#heartbeat!.ttlTenths));
      if (!this.#mechanism.transparent && now >= this.#mechanism.deadline) {
        this.#mechanism.onDeadline(now);
        this.#outbox.collect();
      }
    });
  }

  /** Says goodbye, where the mechanism can; nothing can be sent afterwards. Throws {@link PeerError} of sealing. */
  close(now: number): void {
    if (this.#phase !== "traffic" || this.#closing) return;
    this.#closing = true;
    if (this.#mechanism.transparent) return;
    // What was sent before goes out before the goodbye.
    for (let before = -1; this.batched !== before; ) {
      before = this.batched;
      this.#outbox.putBack(this.takeOutput(now));
    }
    this.#mechanism.close(now);
    this.#outbox.collect();
  }

  /** The transport ended. Throws {@link PeerError} when the mechanism can tell a truncation. */
  end(): void {
    if (this.#phase === "over") return;
    const late = this.#phase !== "greeting";
    this.#phase = "over";
    if (late) this.#mechanism.end();
  }

  /** Overwrites secrets. No other call may follow. */
  dispose(): void {
    this.#phase = "over";
    this.#mechanism.dispose();
  }

  #greet(now: number): boolean {
    const greeting = this.#greetings.parse();
    if (greeting === null) return false;
    this.#peerMinor = greeting.minor;
    this.#phase = "handshake";
    this.#mechanism.start(mechanismHost(this.#settings, this.#host, this.#mechanism, this.#greetings), now);
    this.#outbox.collect();
    return true;
  }

  #shake(now: number): EngineEvent | null {
    const mechanism = this.#mechanism;
    while (mechanism.status !== "ready") {
      const waits = mechanism.status === "waiting";
      if (!waits) this.#outer.limit = mechanism.maxFrameSize;
      if (waits || !this.#outerFrame(now)) {
        mechanism.holding?.(this.#outer.held, now);
        return null;
      }
      this.#handIn(now);
    }
    this.#phase = "traffic";
    this.#heartbeat = new Heartbeat(this.#settings.heartbeat, now);
    this.#outer.limit = mechanism.transparent ? this.#settings.maxMessageSize : mechanism.maxFrameSize;
    // Not before: what the handshake keeps of a frame must not lie in memory that others use.
    if (!mechanism.transparent) this.#outer.pool = this.#memory.records;
    return Ready.of(mechanism.peerMetadata!, mechanism.facts);
  }

  #traffic(now: number): EngineEvent | null {
    if (this.#mechanism.transparent) return this.#frames(this.#outer, now);
    for (;;) {
      const event = this.#inner === null ? null : this.#stream(this.#inner, now);
      if (event !== null) return event;
      const waits = this.#mechanism.status === "waiting";
      if (!waits) this.#outer.limit = this.#mechanism.maxFrameSize;
      if (waits || !this.#outerFrame(now)) {
        // With early data there are messages before the handshake is done.
        this.#mechanism.holding?.(this.#outer.held, now);
        return null;
      }
      this.#handIn(now);
    }
  }

  /** Gives the mechanism the frame just found. */
  #handIn(now: number): void {
    const { flags, body } = this.#outer;
    // Not as a Buffer, whose `slice` is a view: what the mechanism keeps must not lie in the read buffer.
    const octets = new Uint8Array(body.buffer, body.byteOffset, body.length);
    this.#absorb(this.#mechanism.receive(flags, octets, now));
  }

  #absorb(plaintext: Uint8Array | null): void {
    this.#outbox.collect();
    if (plaintext === null) return;
    if (this.#inner === null) {
      this.#inner = new FrameDecoder(this.#settings.maxMessageSize);
      this.#inner.free = this.#memory.free;
    }
    this.#inner.push(asBuffer(plaintext));
  }

  /** The next frame of the wire, for the mechanism. */
  #outerFrame(now: number): boolean {
    try {
      if (!this.#outer.next()) return false;
      if (this.#phase === "handshake" && (this.#outer.flags & COMMAND) === 0) {
        throw new PeerError("ERR_ZMTP_UNEXPECTED_COMMAND", "A message before the handshake was done");
      }
      return true;
    } catch (error) {
      throw this.#refused("frame", error, now);
    }
  }

  /** The next event in what a protecting mechanism has decrypted. */
  #stream(decoder: FrameDecoder, now: number): PipeItem | null {
    try {
      const item = this.#frames(decoder, now);
      if (Array.isArray(item)) {
        if (this.#mechanism.early) markEarly(item);
        if (this.#counters !== null) this.#counters.messagesOpened++;
      }
      return item;
    } catch (error) {
      throw this.#refused("stream", error, now);
    }
  }

  /** A protecting mechanism tells the peer, and names the error in its own terms. */
  #refused(where: "frame" | "stream", error: unknown, now: number): unknown {
    if (!(error instanceof PeerError) || this.#mechanism.refuse === undefined) return error;
    return this.#mechanism.refuse(where, error, now);
  }

  /** Decodes frames until they make an event. */
  #frames(decoder: FrameDecoder, now: number): PipeItem | null {
    while (decoder.next()) {
      const { flags, body } = decoder;
      if ((flags & COMMAND) === 0) {
        const message = this.#multipart.add(flags, body);
        if (message !== null) return message;
      } else {
        const change = this.#command(body, now);
        if (change !== null) return change;
      }
    }
    return null;
  }

  #command(body: Buffer, now: number): SubscriptionChange | null {
    const command = trafficCommand(body, this.#mechanism.reserved);
    if (command.name !== "PING") return decodeSubscription(command);
    const { ttlTenths, context } = decodePing(command.data);
    this.#heartbeat!.announced(ttlTenths, now);
    this.#outbox.beat(encodePong(context));
    return null;
  }

  /** False: the batch stays where it is, be it that the connection is over, or that a key is at its limit. */
  get #canWrite(): boolean {
    return this.#phase === "traffic" && this.#outbox.open;
  }

  #attempt(run: () => void): void {
    try {
      run();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #fail(error: unknown): unknown {
    this.#outbox.collect();
    this.#phase = "over";
    return error;
  }
}
