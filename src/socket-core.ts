/**
 * The inside of a socket: its state, and what it is composed of. The classes users see check arguments and call this.
 *
 *     open <-> blocked (a bind or unbind in progress, a proxy) ;  open -> closed
 */
import { CONTEXT, type Context, type ContextCore } from "./context.ts";
import { publishEvent } from "./diagnostics.ts";
import { UsageError } from "./errors.ts";
import { exitGuard, type Lingerer } from "./exit.ts";
import type { SocketEvent } from "./net/events.ts";
import { createHub, type Hub } from "./net/hub.ts";
import { Turns } from "./net/turn.ts";
import type { OperationOptions } from "./operation.ts";
import { OPTION, type OptionKind, TAKES_EFFECT_AT_ONCE } from "./option-table.ts";
import { OptionStore } from "./options.ts";
import { createPattern } from "./pattern/create.ts";
import type { Pattern, PatternHost } from "./pattern/pattern.ts";
import { Sub } from "./pattern/sub.ts";
import { Xpub } from "./pattern/xpub.ts";
import { Receiver } from "./receiver.ts";
import { Sender } from "./sender.ts";
import type { Message } from "./wire/message.ts";
import { SOCKET_TYPE_NUMBER, type SocketType } from "./wire/socket-type.ts";

/** Property of a socket that holds its {@link SocketCore}; no part of the API. */
export const CORE = Symbol("qzmq socket core");

const BLOCKED = "Socket is blocked by a bind or unbind operation";

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
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #context: Context | undefined;
  #state: "open" | "blocked" | "closed" = "open";
  #closeRequested = false;
  #gone: Promise<void> = Promise.resolve();
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
    const parts = {
      owner,
      pattern: this.pattern,
      options: this.options,
      keepAlive: shared.environment.keepAlive,
      turns: new Turns(),
    };
    this.#sender = new Sender(parts);
    this.#receiver = new Receiver(parts);
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

  send(message: Message, options: OperationOptions | undefined): Promise<void> {
    if (this.#state !== "open") throw this.#unusable();
    return this.#sender.send(message, options);
  }

  receive(options: OperationOptions | undefined): Promise<Message> {
    if (this.#state !== "open") throw this.#unusable();
    return this.#receiver.receive(options);
  }

  /** A message that may be had without waiting; otherwise call `receive`, which also tells what is wrong. */
  receiveNow(): Message | undefined {
    return this.#state === "open" ? this.#receiver.receiveNow() : undefined;
  }

  onReadable(): void {
    this.#receiver.wake();
    this.onActivity?.();
  }

  onWritable(): void {
    this.#sender.wake();
    this.onActivity?.();
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
    if (this.#sender.busy || this.#receiver.busy) throw new UsageError("EBUSY");
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
    this.#sender.end();
    this.#receiver.end();
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
