/**
 * The inside of a socket: its state, and the one send and one receive that may be pending. The classes users see check
 * arguments and call this.
 *
 * The fast path makes no closure and no promise but the one returned, and not even that for a send. An operation that
 * cannot complete at once becomes an {@link Operation}, which the pattern's callbacks and the end of the socket settle.
 */
import { CONTEXT, type Context, type ContextCore } from "./context.ts";
import { publishEvent, receiveChannel, sendChannel } from "./diagnostics.ts";
import { UsageError } from "./errors.ts";
import { exitGuard, type Lingerer } from "./exit.ts";
import type { SocketEvent } from "./net/events.ts";
import { createHub, type Hub } from "./net/hub.ts";
import { Turns } from "./net/turn.ts";
import { Operation, type OperationOptions } from "./operation.ts";
import { OPTION, type OptionKind, TAKES_EFFECT_AT_ONCE } from "./option-table.ts";
import { OptionStore } from "./options.ts";
import { createPattern } from "./pattern/create.ts";
import type { Pattern, PatternHost } from "./pattern/pattern.ts";
import { Sub } from "./pattern/sub.ts";
import { Xpub } from "./pattern/xpub.ts";
import type { Message } from "./wire/message.ts";
import { SOCKET_TYPE_NUMBER, type SocketType } from "./wire/socket-type.ts";

/** Property of a socket that holds its {@link SocketCore}; no part of the API. */
export const CORE = Symbol("qzmq socket core");

/** After so many operations that complete at once, one waits for the next turn of the event loop. */
const BURST = 512;
const BUSY_WRITING = "Socket is busy writing; only one send operation may be in progress at any time";
const BUSY_READING = "Socket is busy reading; only one receive operation may be in progress at any time";
const BLOCKED = "Socket is blocked by a bind or unbind operation";

/** What every send that is done at once returns. */
const SENT: Promise<void> = Promise.resolve();

/** See the head of this file. Misuse throws {@link UsageError} at once; what fails later rejects with one. */
export class SocketCore implements PatternHost, Lingerer {
  readonly type: SocketType;
  readonly pattern: Pattern;
  readonly options: OptionStore;
  /** Called when the socket may have become readable or writable; for a proxy. */
  onActivity: (() => void) | null = null;
  readonly #owner: object;
  readonly #hub: Hub;
  readonly #environment: ContextCore["environment"];
  readonly #observers = new Set<(event: SocketEvent) => void>();
  readonly #turns = new Turns();
  readonly #wakeSend = (): void => this.#retrySend();
  readonly #wakeReceive = (): void => this.#retryReceive();
  #context: Context | undefined;
  #state: "open" | "blocked" | "closed" = "open";
  #closeRequested = false;
  #gone: Promise<void> = SENT;
  #sending: Operation<void> | null = null;
  #unsent: Message = [];
  #sendCredit = BURST;
  #receiving: Operation<Message> | null = null;
  #receiveCredit = BURST;
  #connectRoutingId: Buffer | undefined;

  /** `owner` is the public socket. Throws EMFILE. */
  constructor(owner: object, type: SocketType, context: Context) {
    const shared = context[CONTEXT];
    shared.addSocket(owner);
    this.#owner = owner;
    this.type = type;
    this.#context = context;
    this.#environment = shared.environment;
    this.options = new OptionStore(type, shared.blocky, shared.ipv6);
    this.pattern = createPattern(type, this.options.patternSettings, this);
    this.#hub = createHub({
      pattern: this.pattern,
      patternSettings: this.options.patternSettings,
      environment: shared.environment,
      settings: () => this.options.hubSettings(),
      onEvent: (event) => this.#onEvent(event),
    });
  }

  /** Undefined once the socket is closed. */
  get context(): Context | undefined {
    return this.#context;
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  get attached(): boolean {
    return this.#state !== "closed" && this.#hub.attached;
  }

  get readable(): boolean {
    return this.#state !== "closed" && this.pattern.readable;
  }

  get writable(): boolean {
    return this.#state !== "closed" && this.pattern.writable;
  }

  get hasUnsent(): boolean {
    return this.#hub.hasUnsent;
  }

  get blocky(): boolean {
    return this.#context?.[CONTEXT].blocky ?? false;
  }

  get keepAlive(): ContextCore["environment"]["keepAlive"] {
    return this.#environment.keepAlive;
  }

  // Messages.

  /** Resolves when the message is queued or written. No frames: nothing is sent. */
  send(message: Message, options: OperationOptions | undefined): Promise<void> {
    if (this.#state !== "open") throw this.#unusable();
    if (this.#sending !== null) throw new UsageError("EBUSY", BUSY_WRITING);
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason);
    if (message.length === 0) return SENT;
    try {
      if (this.pattern.send(message)) {
        if (sendChannel.hasSubscribers) sendChannel.publish({ socket: this.#owner, message });
        if (--this.#sendCredit > 0) return SENT;
        this.#sendCredit = BURST;
        return this.#turns.next();
      }
    } catch (error) {
      if (this.#isFinal(error, OPTION.sendTimeout, this.pattern.writable)) return Promise.reject(error);
    }
    if (this.options.number(OPTION.sendTimeout) === 0) return Promise.reject(new UsageError("EAGAIN"));
    this.#unsent = message;
    this.#sending = new Operation({
      keepAlive: this.#environment.keepAlive,
      timeout: this.options.number(OPTION.sendTimeout),
      signal: options?.signal,
      onExpire: () => this.#endSend(),
      onAbort: (reason) => this.#finishSend().fail(reason),
    });
    return this.#sending.promise;
  }

  /** Resolves with the next message. */
  receive(options: OperationOptions | undefined): Promise<Message> {
    if (this.#state !== "open") throw this.#unusable();
    if (this.#receiving !== null) throw new UsageError("EBUSY", BUSY_READING);
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason);
    const rested = this.#receiveCredit > 0 || this.options.number(OPTION.receiveTimeout) === 0;
    if (rested) {
      try {
        const message = this.#take();
        if (message !== undefined) return Promise.resolve(message);
      } catch (error) {
        if (this.#isFinal(error, OPTION.receiveTimeout, this.pattern.readable)) return Promise.reject(error);
      }
      if (this.options.number(OPTION.receiveTimeout) === 0) return Promise.reject(new UsageError("EAGAIN"));
    } else {
      this.#turns.next().then(this.#wakeReceive);
    }
    this.#receiveCredit = BURST;
    this.#receiving = new Operation({
      keepAlive: this.#environment.keepAlive,
      timeout: this.options.number(OPTION.receiveTimeout),
      signal: options?.signal,
      onExpire: () => this.#endReceive(),
      onAbort: (reason) => this.#finishReceive().fail(reason),
    });
    return this.#receiving.promise;
  }

  /** A message that is there, if it may be had without waiting; else call `receive`, which also tells why not. */
  receiveNow(): Message | undefined {
    if (this.#state !== "open" || this.#receiving !== null || this.#receiveCredit <= 0) return undefined;
    try {
      return this.#take();
    } catch {
      // The same error comes from receive(), which knows whether to wait.
      return undefined;
    }
  }

  onReadable(): void {
    if (this.#receiving !== null) queueMicrotask(this.#wakeReceive);
    this.onActivity?.();
  }

  onWritable(): void {
    if (this.#sending !== null) queueMicrotask(this.#wakeSend);
    this.onActivity?.();
  }

  #take(): Message | undefined {
    const message = this.pattern.receive();
    if (message === undefined) return undefined;
    this.#receiveCredit--;
    if (receiveChannel.hasSubscribers) receiveChannel.publish({ socket: this.#owner, message });
    return message;
  }

  /** An operation out of turn waits for its turn, as in libzmq, unless the socket was ready or must not wait. */
  #isFinal(error: unknown, timeoutOption: number, ready: boolean): boolean {
    const wrongType = error instanceof UsageError && error.code === "ENOTSUP";
    return ready || wrongType || this.options.number(timeoutOption) === 0;
  }

  #finishSend(): Operation<void> {
    const operation = this.#sending!;
    this.#sending = null;
    this.#unsent = [];
    return operation;
  }

  #finishReceive(): Operation<Message> {
    const operation = this.#receiving!;
    this.#receiving = null;
    return operation;
  }

  #retrySend(): void {
    if (this.#sending !== null && this.pattern.writable) this.#settleSend(false);
  }

  #retryReceive(): void {
    if (this.#receiving !== null && this.pattern.readable) this.#settleReceive(false);
  }

  /** The last chance of a pending send: its time is up or the socket closes. */
  #endSend(): void {
    if (this.#sending !== null) this.#settleSend(true);
  }

  #endReceive(): void {
    if (this.#receiving !== null) this.#settleReceive(true);
  }

  #settleSend(last: boolean): void {
    const message = this.#unsent;
    try {
      if (this.pattern.send(message)) {
        if (sendChannel.hasSubscribers) sendChannel.publish({ socket: this.#owner, message });
        this.#finishSend().succeed();
      } else if (last) {
        this.#finishSend().fail(new UsageError("EAGAIN"));
      }
    } catch (error) {
      this.#finishSend().fail(error);
    }
  }

  #settleReceive(last: boolean): void {
    try {
      const message = this.#take();
      if (message !== undefined) this.#finishReceive().succeed(message);
      else if (last) this.#finishReceive().fail(new UsageError("EAGAIN"));
    } catch (error) {
      this.#finishReceive().fail(error);
    }
  }

  // Endpoints.

  bind(address: string): Promise<void> {
    this.#requireOpen();
    this.options.requireMechanism(address);
    return this.#blocked(() => this.#hub.bind(address));
  }

  unbind(address: string): Promise<void> {
    this.#requireOpen();
    return this.#blocked(() => this.#hub.unbind(address));
  }

  bindSync(address: string): void {
    this.#requireOpen();
    this.options.requireMechanism(address);
    exitGuard.add(this);
    this.#hub.bindSync(address);
  }

  unbindSync(address: string): void {
    this.#requireOpen();
    this.#hub.unbindSync(address);
  }

  connect(address: string): void {
    this.#requireOpen();
    exitGuard.add(this);
    this.options.requireMechanism(address);
    const routingId = this.#connectRoutingId;
    this.#connectRoutingId = undefined;
    this.#hub.connect(address, routingId);
  }

  disconnect(address: string): void {
    this.#requireOpen();
    this.#hub.disconnect(address);
  }

  /** Takes the socket away from its user until `release`; for a proxy. Throws EBUSY while an operation is pending. */
  claim(): void {
    this.#requireOpen();
    if (this.#sending !== null || this.#receiving !== null) throw new UsageError("EBUSY");
    this.#state = "blocked";
  }

  release(): void {
    this.#state = "open";
    if (this.#closeRequested) this.close();
  }

  /** Waits for a bind or unbind in progress; then pending operations fail and unsent messages linger. */
  close(): void {
    if (this.#state === "closed") return;
    if (this.#state === "blocked") {
      this.#closeRequested = true;
      return;
    }
    this.#endSend();
    this.#endReceive();
    this.#state = "closed";
    this.#gone = this.#hub.close();
    exitGuard.closed(this, this.#gone);
    this.#context?.[CONTEXT].removeSocket(this.#owner);
    this.#context = undefined;
  }

  /** Resolves when nothing of a closed socket is left. */
  get gone(): Promise<void> {
    return this.#gone;
  }

  async #blocked(operation: () => Promise<void>): Promise<void> {
    this.#state = "blocked";
    exitGuard.add(this);
    this.keepAlive.acquire();
    try {
      await operation();
    } finally {
      this.keepAlive.release();
      this.release();
    }
  }

  #requireOpen(): void {
    if (this.#state !== "open") throw this.#unusable();
  }

  #unusable(): UsageError {
    return this.#state === "closed" ? new UsageError("EBADF") : new UsageError("EBUSY", BLOCKED);
  }

  // Options.

  getOption(kind: OptionKind, id: number): number | Buffer | null {
    if (this.#state === "closed") throw new UsageError("ENOTSOCK");
    const value = this.options.get(kind, id);
    if (id === OPTION.type) return SOCKET_TYPE_NUMBER[this.type];
    if (id === OPTION.lastEndpoint) return Buffer.from(this.#hub.lastEndpoint ?? "");
    return value;
  }

  setOption(kind: OptionKind, id: number, value: number | Buffer | null): void {
    if (this.#state === "closed") throw new UsageError("ENOTSOCK");
    if (!TAKES_EFFECT_AT_ONCE.has(id) && (this.#state === "blocked" || this.#hub.attached)) {
      process.emitWarning("Socket option will not take effect until next connect/bind.");
    }
    switch (id) {
      case OPTION.subscribe:
      case OPTION.unsubscribe:
        this.#subscribe(id === OPTION.subscribe, kind, value);
        break;
      case OPTION.connectRoutingId:
        if (kind !== "String" || this.type !== "ROUTER" || value === null || (value as Buffer).length === 0) {
          throw new UsageError("EINVAL");
        }
        this.#connectRoutingId = value as Buffer;
        break;
      default:
        this.options.set(kind, id, value);
        if (id === OPTION.sendHighWaterMark || id === OPTION.receiveHighWaterMark) this.#hub.applyLimits();
    }
  }

  #subscribe(subscribe: boolean, kind: OptionKind, value: number | Buffer | null): void {
    if (kind !== "String") throw new UsageError("EINVAL");
    const topic = (value as Buffer | null) ?? Buffer.alloc(0);
    const { pattern } = this;
    // An XSUB subscribes by messages, an XPUB only once the application decides on subscriptions.
    if (!(pattern instanceof Sub || (pattern instanceof Xpub && this.options.patternSettings.manual))) {
      throw new UsageError("EINVAL");
    }
    if (subscribe) pattern.subscribe(topic);
    else pattern.unsubscribe(topic);
  }

  // Events.

  /** Events go to `observer` until the returned function is called. */
  observe(observer: (event: SocketEvent) => void): () => void {
    if (this.#state === "closed") throw new UsageError("ENOTSOCK");
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  #onEvent(event: SocketEvent): void {
    publishEvent(this.#owner, event);
    for (const observer of this.#observers) observer(event);
  }
}
