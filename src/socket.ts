/** The class behind all socket types: endpoints, messages, options, life and end. */
import {
  isObject,
  refuseExcess,
  requireAddress,
  requireBoolean,
  requireIdentifier,
  requireNumber,
  requireOperationOptions,
  requireOptions,
  requireText,
} from "./arguments.ts";
import { CONTEXT, type Context, context as defaultContext } from "./context.ts";
import { UsageError } from "./errors.ts";
import { Observer } from "./observer.ts";
import type { OperationOptions } from "./operation.ts";
import { defineOption } from "./option-accessors.ts";
import { OPTIONS } from "./option-table.ts";
import type { SecurityOptions } from "./options.ts";
import { type MessageLike, toMessage } from "./outgoing.ts";
import { CORE, SocketCore } from "./socket-core.ts";
import { SocketProperties } from "./socket-properties.ts";
import type { Message } from "./wire/message.ts";
import { SOCKET_TYPE_NUMBER, type SocketType } from "./wire/socket-type.ts";

const TYPE_OF_NUMBER = new Map(
  Object.entries(SOCKET_TYPE_NUMBER).map(([type, number]) => [number, type as SocketType]),
);
/** libzmq's ZMQ_STREAM: plain TCP without framing. */
const STREAM = 11;
const SECURITY_MECHANISMS = [null, "plain", "curve", "gssapi"];

function requireType(type: number): SocketType {
  const known = TYPE_OF_NUMBER.get(type);
  if (known === undefined) {
    throw type === STREAM
      ? new UsageError("ENOTSUP", "Stream sockets are not supported")
      : new UsageError("EINVAL");
  }
  return known;
}

/**
 * See the head of this file. Wrong arguments throw TypeError at once, impossible calls {@link UsageError}: EBADF after
 * `close()`, EBUSY during `bind()`, `unbind()` or a proxy. Objects are sealed: an unknown option throws.
 */
export abstract class Socket extends SocketProperties {
  readonly #core: SocketCore;
  #events: Observer | undefined;

  /** `type` is a number of zmq.h; `options` holds values of properties and `context`. Throws EMFILE. */
  protected constructor(type: number, options?: object, ...excess: never[]) {
    super();
    if (typeof type !== "number") throw new TypeError("Socket type must be a number");
    requireOptions(options);
    refuseExcess(2, excess);
    const { context = defaultContext, ...values }: { context?: Context } = options ?? {};
    if (!isObject(context) || !(CONTEXT in context)) throw new UsageError("EINVAL");
    this.#core = new SocketCore(this, requireType(type), context);
    Object.seal(this);
    Object.assign(this, values);
  }

  /** @internal */
  get [CORE](): SocketCore {
    return this.#core;
  }

  /** What happens to this socket's connections. The same object each time. */
  get events(): Observer {
    this.#events ??= new Observer(this);
    return this.#events;
  }

  /** The context this socket belongs to; undefined once it is closed. */
  get context(): Context {
    return this.#core.context as Context;
  }

  get closed(): boolean {
    return this.#core.closed;
  }

  /** True when a message can be received at once. */
  get readable(): boolean {
    return this.#core.readable;
  }

  /** True when a message can be sent at once. */
  get writable(): boolean {
    return this.#core.writable;
  }

  /** A security mechanism that overrides the plain and curve options; null for none. */
  get security(): SecurityOptions | null {
    return this.#core.options.security;
  }

  set security(value: SecurityOptions | null) {
    if (value !== null && typeof value?.mechanism?.create !== "function") {
      throw new TypeError("Security must be an object with a mechanism, or null");
    }
    this.#core.options.security = value;
  }

  /**
   * Listens on `tcp://host:port`, `ipc://path` or `inproc://name`. Wildcards: `lastEndpoint` then tells what was
   * bound. Rejects with EADDRINUSE and other system errors, EINVAL, EPROTONOSUPPORT; `address` is on the error.
   */
  bind(address: string, ...excess: never[]): Promise<void> {
    requireAddress(address);
    refuseExcess(1, excess);
    return this.#core.bind(address);
  }

  /** As `bind`, but bound when it returns; throws what `bind` rejects with. */
  bindSync(address: string, ...excess: never[]): void {
    requireAddress(address);
    refuseExcess(1, excess);
    this.#core.bindSync(address);
  }

  /** Stops listening and ends the accepted connections. Rejects with ENOENT for what is not bound. */
  unbind(address: string, ...excess: never[]): Promise<void> {
    requireAddress(address);
    refuseExcess(1, excess);
    return this.#core.unbind(address);
  }

  /** As `unbind`, but done when it returns; throws what `unbind` rejects with. */
  unbindSync(address: string, ...excess: never[]): void {
    requireAddress(address);
    refuseExcess(1, excess);
    this.#core.unbindSync(address);
  }

  /** Begins to connect, and keeps reconnecting. Failures show in `events`. Throws EINVAL, EPROTONOSUPPORT. */
  connect(address: string, ...excess: never[]): void {
    requireAddress(address);
    refuseExcess(1, excess);
    this.#core.connect(address);
  }

  /** Ends a connection that was begun by `connect`. Throws ENOENT for another address. */
  disconnect(address: string, ...excess: never[]): void {
    requireAddress(address);
    refuseExcess(1, excess);
    this.#core.disconnect(address);
  }

  /**
   * Ends all connections. Pending operations reject with EAGAIN. Messages that wait to be sent are kept for
   * `linger` milliseconds. A close during `bind` or `unbind` takes effect after it.
   */
  close(...excess: never[]): void {
    refuseExcess(0, excess);
    this.#core.close();
  }

  /** Closes, and resolves when all messages are sent or `linger` has passed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#core.gone;
  }

  /** Value of the option with libzmq's number `option`. These ten throw EINVAL for a number or value unknown. */
  protected getBoolOption(option: number): boolean {
    return this.#getNumber("Bool", option) !== 0;
  }

  protected setBoolOption(option: number, value: boolean): void {
    requireIdentifier(option);
    requireBoolean(value);
    this.#core.setOption("Bool", option, Number(value));
  }

  protected getInt32Option(option: number): number {
    return this.#getNumber("Int32", option) | 0;
  }

  protected setInt32Option(option: number, value: number): void {
    requireIdentifier(option);
    requireNumber(value);
    this.#core.setOption("Int32", option, value | 0);
  }

  protected getUint32Option(option: number): number {
    return this.#getNumber("Uint32", option) >>> 0;
  }

  protected setUint32Option(option: number, value: number): void {
    requireIdentifier(option);
    requireNumber(value);
    this.#core.setOption("Uint32", option, value | 0);
  }

  protected getInt64Option(option: number): number {
    return this.#getNumber("Int64", option);
  }

  protected setInt64Option(option: number, value: number): void {
    requireIdentifier(option);
    requireNumber(value);
    this.#core.setOption("Int64", option, Math.trunc(value) || 0);
  }

  protected getUint64Option(option: number): number {
    const value = this.#getNumber("Uint64", option);
    return value < 0 ? 2 ** 64 + value : value;
  }

  protected setUint64Option(option: number, value: number): void {
    requireIdentifier(option);
    requireNumber(value);
    if (value > Number.MAX_SAFE_INTEGER) {
      process.emitWarning(
        "Value is larger than Number.MAX_SAFE_INTEGER and may have been rounded inaccurately.",
      );
    }
    this.#core.setOption("Uint64", option, Math.min(Math.max(Math.trunc(value) || 0, 0), 2 ** 64));
  }

  /** Null for an empty value; octets that are not UTF-8 come back as U+FFFD. */
  protected getStringOption(option: number): string | null {
    requireIdentifier(option);
    const value = this.#core.getOption("String", option) as Buffer | null;
    return value === null || value.length === 0 ? null : value.toString();
  }

  protected setStringOption(option: number, value: string | Buffer | null): void {
    requireIdentifier(option);
    this.#core.setOption("String", option, requireText(value));
  }

  #getNumber(kind: "Bool" | "Int32" | "Uint32" | "Int64" | "Uint64", option: number): number {
    requireIdentifier(option);
    return this.#core.getOption(kind, option) as number;
  }
}

/** Types declare what of this they have; in zeromq.js too all prototypes have it. See `Writable` and `Readable`. */
const MESSAGES = {
  send(this: Socket, message: MessageLike | MessageLike[], options?: OperationOptions): Promise<void> {
    if (options !== undefined) requireOperationOptions(options);
    return this[CORE].send(toMessage(message), options);
  },
  receive(this: Socket, options?: OperationOptions): Promise<Message> {
    if (options !== undefined) requireOperationOptions(options);
    return this[CORE].receive(options);
  },
  [Symbol.asyncIterator](this: Socket): AsyncIterator<Message, undefined> {
    return new MessageIterator(this[CORE]);
  },
};
for (const key of Reflect.ownKeys(MESSAGES) as (keyof typeof MESSAGES)[]) {
  Object.defineProperty(Socket.prototype, key, { value: MESSAGES[key], writable: true, configurable: true });
}

for (const row of OPTIONS) {
  if (row.types !== "all") continue;
  const words = row.name === "securityMechanism" ? SECURITY_MECHANISMS : undefined;
  defineOption(Socket.prototype, "Socket", row, words);
}

/** Hands out messages without a promise more than the language asks for. */
class MessageIterator implements AsyncIterator<Message, undefined> {
  readonly #core: SocketCore;

  constructor(core: SocketCore) {
    this.#core = core;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    const value = this.#core.receiveNow();
    return value === undefined ? this.#wait() : Promise.resolve({ value, done: false });
  }

  async #wait(): Promise<IteratorResult<Message, undefined>> {
    if (this.#core.closed) return { value: undefined, done: true };
    try {
      return { value: await this.#core.receive(undefined), done: false };
    } catch (error) {
      if (this.#core.closed && error instanceof UsageError && error.code === "EAGAIN") {
        return { value: undefined, done: true };
      }
      throw error;
    }
  }
}
