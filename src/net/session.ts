/**
 * One live connection: a stream socket, an engine and, once the handshake is done, a pipe. Octets are written here,
 * and every timer of a connection is here.
 *
 * Messages taken in one turn of the event loop are written together: when the batch is full, or when {@link Pace} says so.
 * Reading stops while the pipe is full and goes on when it has room, so that a slow reader slows its writer down and
 * nothing grows.
 */
import type { Socket } from "node:net";
import type { Engine } from "../engine/engine.ts";
import { Ready } from "../engine/event.ts";
import type { PeerError } from "../errors.ts";
import type { PipeTransport } from "../pipe/pipe.ts";
import type { MessageSink } from "../wire/frame-decoder.ts";
import type { PipeItem } from "../wire/message.ts";
import { Alarm } from "./alarm.ts";
import type { Allocator } from "./allocator.ts";
import { Pace } from "./pace.ts";
import type { ReadableSocket, ReadTarget } from "./read-buffer.ts";
import type { SessionPipe } from "./session-pipe.ts";
import { endGently, FIN_WAIT, writePieces } from "./stream-writing.ts";

/** A batch of this many octets is written at once. */
const FLUSH = 262_144;
/** Who reads or writes so many octets at once moves much data. */
const BULK = 32_768;

/** Who made the session: a listener or a connecter. */
export interface SessionOwner {
  /** The handshake is done. Returns the pipe to join, attached; null refuses the peer. */
  onReady(session: Session, peer: Ready): SessionPipe | null;
  /** Follows `onReady`, when the session has the pipe: the time to tell others, who may close everything. */
  onHandshake(peer: Ready): void;
  /** The connection is over; `error` says why, null for an orderly end. Called once. */
  onClosed(session: Session, error: Error | null): void;
}

/** See the head of this file. */
export class Session implements PipeTransport, ReadTarget, MessageSink {
  readonly #stream: ReadableSocket;
  readonly #socket: Socket;
  readonly #engine: Engine;
  readonly #owner: SessionOwner;
  readonly #allocator: Allocator;
  readonly #pace: Pace;
  #pipe: SessionPipe | null = null;
  /** The kernel has not taken the last write yet. */
  #blocked = false;
  #pumpScheduled = false;
  /** The pipe is full, or the engine, whose mechanism waits; reading stopped. */
  #stalled = false;
  readonly #alarm = new Alarm(() => this.#onTimer());
  /** Set by `shutdown`: called once everything is written, or time is up. */
  #onDrained: (() => void)[] = [];
  #linger: NodeJS.Timeout | null = null;
  /** The peer closed while the pipe was full: messages it sent before are still in the engine. */
  #peerEnded = false;
  #ended = false;
  #closed = false;
  readonly #pumpNow = (): void => this.#pump();
  readonly #goOn = (): void => {
    if (!this.#blocked) this.#onDrain();
  };

  /** `engine` is made by the caller, whose host calls `wake` here. */
  constructor(stream: ReadableSocket, engine: Engine, owner: SessionOwner, allocator: Allocator) {
    this.#stream = stream;
    this.#socket = stream.socket;
    this.#engine = engine;
    this.#owner = owner;
    this.#allocator = allocator;
    this.#pace = new Pace(engine, () => this.#flush());
  }

  /** Begins to talk; the socket is connected. */
  start(): void {
    if (this.#closed) return;
    const socket = this.#socket;
    socket.setNoDelay?.(true);
    socket.unref();
    socket.on("drain", () => this.#onDrain());
    socket.on("end", () => this.#onEnd());
    socket.on("error", (error) => this.#close(error));
    socket.on("close", () => {
      if (!this.#peerEnded) this.#close(null);
    });
    this.#stream.read(this);
    try {
      this.#engine.open(performance.now());
    } catch (error) {
      this.#close(error as Error);
      return;
    }
    this.#flush();
    this.#arm();
  }

  /** True from a successful handshake to the end of the connection. */
  get ready(): boolean {
    return this.#pipe !== null;
  }

  /** What the mechanism negotiated. */
  get facts(): Readonly<Record<string, unknown>> | null {
    return this.#engine.facts;
  }

  /** True while something is left that the kernel has not taken. */
  get hasUnsent(): boolean {
    return (
      (this.#pipe?.outboundLength ?? 0) > 0 || this.#engine.batched > 0 || this.#socket.writableLength > 0
    );
  }

  // Where the socket's octets go.

  onData(chunk: Buffer, borrowed: boolean): void {
    if (this.#closed || this.#ended) return;
    if (chunk.length >= BULK) this.#allocator.bulk();
    this.#engine.receive(chunk, performance.now(), borrowed);
    if (!this.#stalled) this.#pump();
    if (borrowed) this.#engine.release();
  }

  get space(): Buffer | null {
    return this.#closed || this.#ended ? null : this.#engine.space;
  }

  onFilled(length: number): void {
    if (this.#closed || this.#ended) return;
    this.#engine.filled(length, performance.now());
    if (!this.#stalled) this.#pump();
  }

  /** One item of the peer, for the pipe. False: no more for now. */
  deliver(item: PipeItem): boolean {
    return this.#pipe!.deliver(item) && !this.#closed;
  }

  // The pipe's transport.

  take(item: PipeItem): boolean {
    if (this.#blocked || this.#engine.batched >= FLUSH || !this.#engine.send(item)) return false;
    if (this.#engine.batched >= FLUSH) this.#flush();
    else this.#pace.added();
    return true;
  }

  resume(): void {
    if (!this.#stalled || this.#pumpScheduled) return;
    // Not at once: the reader is in the middle of taking a message.
    this.#pumpScheduled = true;
    process.nextTick(this.#pumpNow);
  }

  terminate(cause: PeerError | null): void {
    this.#close(cause);
  }

  /** The mechanism, or the authorizer, can go on. */
  wake(): void {
    if (this.#closed) return;
    try {
      this.#engine.advance(performance.now());
    } catch (error) {
      this.#close(error as Error);
      return;
    }
    this.#pump();
    if (this.#engine.canSend) this.#pipe?.flush();
    this.#flush();
  }

  /**
   * Ends in good order: what waits is written within `linger` milliseconds (-1 no limit), then goodbye is said.
   * `drained` is called when nothing is left to write or the time is up; the connection may take a little longer.
   * A further call changes the time and adds its `drained`.
   */
  shutdown(linger: number, drained: () => void): void {
    if (this.#closed || this.#ended) {
      drained();
      return;
    }
    this.#onDrained.push(drained);
    if (this.#pipe === null || this.#peerEnded) {
      this.#close(null);
      return;
    }
    if (this.#linger !== null) clearTimeout(this.#linger);
    if (linger > 0) {
      this.#linger = setTimeout(() => this.#finish(), linger);
      this.#linger.unref();
    }
    this.#flush();
    if (linger === 0) this.#finish();
    else this.#checkDrained();
  }

  /** Cuts the connection now. */
  destroy(error: Error | null = null): void {
    this.#close(error);
  }

  /** Takes events out of the engine as long as the pipe has room. */
  #pump(): void {
    this.#pumpScheduled = false;
    if (this.#closed) return;
    const engine = this.#engine;
    const now = performance.now();
    this.#unstall(now);
    try {
      for (;;) {
        let goOn = this.#pipe === null || engine.deliverShort(this);
        if (goOn) {
          const event = engine.next(now);
          if (event === null) break;
          goOn = event instanceof Ready ? this.#join(event) : this.deliver(event);
        }
        if (this.#closed) return;
        if (!goOn) {
          this.#stall(now);
          break;
        }
      }
    } catch (error) {
      this.#close(error as Error);
      return;
    }
    if (this.#peerEnded && !this.#stalled) {
      this.#onEnd();
      return;
    }
    // The mechanism may have been handed what it needed to send again, or want no more input for now.
    if (engine.canSend) this.#pipe?.flush();
    if (engine.full) this.#stall(now);
    if (engine.ended) {
      this.#finish();
    } else {
      if (engine.hasOutput) this.#pace.soon();
      this.#arm();
    }
  }

  /** The handshake is done. False when the pipe, which may be an old one, is full. */
  #join(peer: Ready): boolean {
    const pipe = this.#owner.onReady(this, peer);
    this.#pipe = pipe;
    this.#owner.onHandshake(peer);
    if (pipe === null) {
      this.#close(null);
      return false;
    }
    pipe.flush();
    return !pipe.stalled;
  }

  #stall(now: number): void {
    this.#stalled = true;
    this.#socket.pause();
    this.#engine.pause(now);
  }

  #unstall(now: number): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#socket.resume();
    this.#engine.resume(now);
  }

  #flush(): void {
    if (this.#closed || this.#blocked || this.#ended) return;
    const engine = this.#engine;
    if (!engine.hasOutput) return;
    if (engine.batched >= BULK) this.#allocator.bulk();
    let pieces: Uint8Array[];
    try {
      pieces = engine.takeOutput(performance.now());
    } catch (error) {
      this.#close(error as Error);
      return;
    }
    if (pieces.length === 0) return;
    const room = writePieces(this.#socket, pieces);
    const taken = this.#socket.writableLength === 0;
    engine.written(taken);
    this.#blocked = !room && !taken;
    // A batch too large to be written at once: the rest in later turns, or when the socket drains.
    if (!this.#blocked && engine.batched > 0 && engine.hasOutput) this.#pace.later(this.#goOn);
    if (this.#onDrained.length > 0) this.#checkDrained();
  }

  #onDrain(): void {
    this.#blocked = false;
    if (this.#socket.writableLength === 0) this.#engine.drained();
    this.#pipe?.flush();
    this.#flush();
    if (this.#onDrained.length > 0) this.#checkDrained();
  }

  #checkDrained(): void {
    if (this.#pipe !== null && this.#pipe.outboundLength > 0) return;
    if (this.#engine.batched > 0 || this.#blocked) return;
    if (this.#socket.writableLength > 0) {
      // Below the mark at which the socket reports a drain: an empty write reports it.
      this.#socket.write("", () => this.#checkDrained());
      return;
    }
    this.#finish();
  }

  /** Nothing more will be written but the goodbye. */
  #finish(): void {
    if (this.#ended || this.#closed) return;
    if (this.#linger !== null) clearTimeout(this.#linger);
    try {
      this.#engine.close(performance.now());
      this.#flush();
    } catch (error) {
      this.#close(error as Error);
      return;
    }
    this.#ended = true;
    this.#tellDrained();
    if (this.#closed) return;
    // A socket destroyed with unread input sends a reset, which can undo what the peer has not read yet.
    this.#stalled = false;
    this.#socket.end();
    this.#socket.resume();
    this.#alarm.clear();
    this.#alarm.set(performance.now() + FIN_WAIT);
  }

  #onEnd(): void {
    if (this.#closed) return;
    if (this.#stalled) {
      // Nothing can be written any more; what waits stays in the pipe, for the next connection.
      this.#peerEnded = true;
      this.#blocked = true;
      // Whoever shuts down may read no more, and there is nothing left to wait for.
      if (this.#onDrained.length > 0) this.#close(null);
      return;
    }
    let cause: Error | null = null;
    try {
      if (!this.#ended) this.#engine.end();
    } catch (error) {
      cause = error as Error;
    }
    this.#close(cause);
  }

  #arm(): void {
    if (!this.#closed && !this.#ended) this.#alarm.set(this.#engine.deadline);
  }

  /** Deadlines move on while traffic flows: the alarm may come too early. */
  #onTimer(): void {
    if (this.#ended) {
      this.#close(null);
      return;
    }
    const now = performance.now();
    try {
      if (now >= this.#engine.deadline) this.#engine.onDeadline(now);
    } catch (error) {
      this.#close(error as Error);
      return;
    }
    if (this.#engine.ended) {
      this.#finish();
      return;
    }
    if (this.#engine.canSend) this.#pipe?.flush();
    this.#flush();
    this.#arm();
  }

  #close(error: Error | null): void {
    if (this.#closed) return;
    // An ERROR command may wait: the engine is over, so this is all that can come out of it.
    if (error !== null && !this.#socket.destroyed) this.#flush();
    this.#closed = true;
    this.#alarm.clear();
    if (this.#linger !== null) clearTimeout(this.#linger);
    this.#engine.dispose();
    const socket = this.#socket;
    if (error !== null && !socket.destroyed && socket.writable) {
      endGently(socket);
    } else {
      socket.destroy();
    }
    // First, for what is still unsent may go to the next connection.
    this.#owner.onClosed(this, error);
    this.#tellDrained();
  }

  #tellDrained(): void {
    for (const drained of this.#onDrained.splice(0)) drained();
  }
}
