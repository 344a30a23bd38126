/** Reads a socket's events: one at a time by `receive()`, by iteration, or by listeners. */
import { EventEmitter } from "node:events";
import { isObject, refuseExcess } from "./arguments.ts";
import { Queue } from "./bytes/queue.ts";
import { UsageError } from "./errors.ts";
import type { Event, EventOfType, EventType } from "./event-types.ts";
import type { SocketEvent } from "./net/events.ts";
import type { KeepAlive } from "./net/keep-alive.ts";
import { soon } from "./net/turn.ts";
import { Operation } from "./operation.ts";
import { CORE, type SocketCore } from "./socket-core.ts";

/** Events kept for an observer that does not read; then the oldest are lost. */
const MOST_EVENTS = 1000;
const BUSY = "Observer is busy reading; only one receive operation may be in progress at any time";
const EMITTING =
  "Observer is in event emitter mode. After a call to events.on() it is not possible to read events " +
  "with events.receive().";

/** Listeners of events. */
export interface EventSubscriber {
  /** Calls `listener` for each event of that type, from now on. `receive()` cannot be used any more. */
  on<E extends EventType>(type: E, listener: (event: EventOfType<E>) => void): EventSubscriber;
  /** Ends the calls of `listener`. */
  off<E extends EventType>(type: E, listener: (event: EventOfType<E>) => void): EventSubscriber;
}

/** See the head of this file. Holds events from its making on; it is closed after `end`. */
export class Observer implements EventSubscriber {
  readonly #keepAlive: KeepAlive;
  readonly #queue = new Queue<Event>();
  readonly #unobserve: () => void;
  #closed = false;
  #reading: Operation<Event> | null = null;
  #emitter: EventEmitter | null = null;

  /** Use `socket.events` instead. Throws ENOTSOCK for a closed socket. */
  constructor(socket: object, ...excess: never[]) {
    if (!isObject(socket)) throw new TypeError("Socket must be a socket object");
    refuseExcess(1, excess);
    const core = (socket as { [CORE]?: SocketCore })[CORE];
    if (core === undefined) throw new UsageError("EINVAL");
    this.#keepAlive = core.keepAlive;
    this.#unobserve = core.observe((event) => this.#onEvent(toEvent(event)));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Events not read yet are lost; a pending `receive()` rejects with ENOTSOCK. */
  close(): void {
    if (this.#closed) return;
    this.#end();
    this.#queue.clear();
    const reading = this.#reading;
    this.#reading = null;
    reading?.fail(new UsageError("ENOTSOCK"));
  }

  /** The next event. Throws EBADF once closed, EBUSY while another is pending, Error after `on()`. */
  receive(): Promise<Event> {
    if (this.#emitter !== null) throw new Error(EMITTING);
    if (this.#closed) throw new UsageError("EBADF");
    if (this.#reading !== null) throw new UsageError("EBUSY", BUSY);
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve(this.#delivered(event));
    this.#reading = new Operation({
      keepAlive: this.#keepAlive,
      timeout: -1,
      signal: undefined,
      onExpire: () => {},
      onAbort: () => {},
    });
    return this.#reading.promise;
  }

  /** Listening holds the process alive until the socket is closed, as a pending `receive()` does. */
  on<E extends EventType>(type: E, listener: (event: EventOfType<E>) => void): this {
    if (this.#emitter === null) {
      if (this.#reading !== null) throw new UsageError("EBUSY", BUSY);
      this.#emitter = new EventEmitter();
      if (!this.#closed) this.#keepAlive.acquire();
      soon(() => this.#emitNext());
    }
    this.#emitter.on(type, listener);
    return this;
  }

  off<E extends EventType>(type: E, listener: (event: EventOfType<E>) => void): this {
    this.#emitter?.off(type, listener);
    return this;
  }

  /** Events until the observer is closed. */
  [Symbol.asyncIterator](): AsyncIterator<Event, undefined> {
    return {
      next: async () => {
        if (this.#closed) return { value: undefined, done: true };
        try {
          return { value: await this.receive(), done: false };
        } catch (error) {
          if (this.#closed) return { value: undefined, done: true };
          throw error;
        }
      },
    };
  }

  #onEvent(event: Event): void {
    if (this.#reading !== null) {
      const reading = this.#reading;
      this.#reading = null;
      reading.succeed(this.#delivered(event));
      return;
    }
    if (this.#queue.length >= MOST_EVENTS) this.#queue.shift();
    this.#queue.push(event);
    if (this.#emitter !== null) soon(() => this.#emitNext());
  }

  /** One event a call, so that a listener that throws does not cost the others theirs. */
  #emitNext(): void {
    const event = this.#queue.shift();
    if (event === undefined) return;
    if (this.#queue.length > 0) soon(() => this.#emitNext());
    this.#emitter!.emit(event.type, this.#delivered(event));
  }

  #delivered(event: Event): Event {
    if (event.type === "end") this.#end();
    return event;
  }

  #end(): void {
    this.#closed = true;
    this.#unobserve();
    if (this.#emitter !== null) this.#keepAlive.release();
  }
}

const AUTH_TEXTS: Readonly<Record<number, string>> = {
  300: "Temporary error",
  400: "Authentication failure",
  500: "Internal error",
};

/** An event as zeromq.js words it. */
function toEvent(event: SocketEvent): Event {
  if (event.type === "bind:error")
    return { ...event, address: event.address.replace(/^tcp:\/\//, "") } as Event;
  if (event.type === "handshake:error:protocol") {
    const { code } = event.error;
    const protocol = code.startsWith("ERR_ZAP_") ? "ZAP" : code.startsWith("ERR_QZMQ_") ? "QZMQ" : "ZMTP";
    const error = new Error(`${protocol} protocol error`, { cause: event.error });
    return { ...event, error: Object.assign(error, { code }) };
  }
  if (event.type === "handshake:error:auth") {
    const { status } = event.error;
    const error = new Error(AUTH_TEXTS[status] ?? "Unknown error", { cause: event.error });
    return { ...event, error: Object.assign(error, { status }) } as Event;
  }
  return event as Event;
}
