/** All connections of one socket: binds, connects, reconnects, and joins each to a pipe of the pattern. */
import { UsageError } from "../errors.ts";
import type { Pattern, PatternSettings } from "../pattern/pattern.ts";
import type { Pipe } from "../pipe/pipe.ts";
import { Connecter } from "./connecter.ts";
import type { HubScope } from "./connection.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import type { Environment } from "./environment.ts";
import type { SocketEvent } from "./events.ts";
import { InprocBinding, InprocConnection } from "./inproc-party.ts";
import { Listener } from "./listener.ts";
import type { HubSettings } from "./settings.ts";

/** What a hub is made of. */
export interface HubParts {
  readonly pattern: Pattern;
  readonly patternSettings: PatternSettings;
  readonly environment: Environment;
  /** Reads the options as they are now. */
  readonly settings: () => HubSettings;
  readonly onEvent: (event: SocketEvent) => void;
}

/** See the head of this file. Addresses are endpoints such as `tcp://127.0.0.1:5555`, `ipc:///path`, `inproc://name`. */
export interface Hub {
  /** The endpoint last bound or connected, wildcards resolved; null before (ZMQ_LAST_ENDPOINT). */
  readonly lastEndpoint: string | null;
  /** True when anything is bound or connected. */
  readonly attached: boolean;
  /** True while messages wait that no transport has taken, or that the kernel has not taken from it. */
  readonly hasUnsent: boolean;
  /** Throws UsageError EINVAL or EPROTONOSUPPORT at once; rejects with EADDRINUSE and other system errors (with `code`, `errno`, `address`). */
  bind(address: string): Promise<void>;
  bindSync(address: string): void;
  /** Rejects ENOENT for what is not bound. Accepted connections end too. */
  unbind(address: string): Promise<void>;
  unbindSync(address: string): void;
  /** Starts connecting; failures show as events. Throws UsageError EINVAL or EPROTONOSUPPORT for a malformed endpoint. */
  connect(address: string, routingId?: Buffer): void;
  /** Ends the connection under linger. Throws UsageError ENOENT for what is not connected. */
  disconnect(address: string): void;
  /** New high-water marks for existing pipes. */
  applyLimits(): void;
  /**
   * Closes everything; unsent messages go on for `linger`. Resolves when nothing is left to write. Emits a `close` event per listener, `end` last.
   */
  close(): Promise<void>;
}

/** What is bound or connected. */
interface Attachment {
  readonly address: string;
  readonly hasUnsent: boolean;
  /** Calls `drained` when nothing is left to write. May be called again, with another linger. */
  close(linger: number, drained: () => void): void;
}

/** Types that ignore a second connect to the same endpoint (libzmq, `socket_base_t::connect_internal`). */
const ONE_CONNECT: ReadonlySet<string> = new Set(["DEALER", "SUB", "PUB", "REQ"]);

/** Makes the hub of a new socket. */
export function createHub(parts: HubParts): Hub {
  return new SocketHub(parts);
}

class SocketHub implements Hub {
  readonly #parts: HubParts;
  readonly #binds = new Map<string, Listener | InprocBinding>();
  readonly #connects = new Map<string, Attachment[]>();
  readonly #pipes = new Set<Pipe>();
  /** Closed, but with something left to write. */
  readonly #lingering = new Set<Attachment>();
  #lastEndpoint: string | null = null;
  #closed: Promise<void> | null = null;
  #ended = false;

  constructor(parts: HubParts) {
    this.#parts = parts;
  }

  get lastEndpoint(): string | null {
    return this.#lastEndpoint;
  }

  get attached(): boolean {
    return this.#binds.size > 0 || this.#connects.size > 0;
  }

  get hasUnsent(): boolean {
    for (const attachment of this.#all()) if (attachment.hasUnsent) return true;
    for (const attachment of this.#lingering) if (attachment.hasUnsent) return true;
    return false;
  }

  async bind(address: string): Promise<void> {
    const endpoint = parseEndpoint(address, "bind");
    if (endpoint.transport === "inproc") {
      this.#bindInproc(endpoint);
      return;
    }
    const listener = new Listener(this.#scope(), endpoint);
    await listener.listen();
    this.#bound(listener);
  }

  bindSync(address: string): void {
    const endpoint = parseEndpoint(address, "bind");
    if (endpoint.transport === "inproc") {
      this.#bindInproc(endpoint);
      return;
    }
    const listener = new Listener(this.#scope(), endpoint);
    listener.listenSync();
    this.#bound(listener);
  }

  async unbind(address: string): Promise<void> {
    this.unbindSync(address);
  }

  unbindSync(address: string): void {
    parseEndpoint(address, "bind");
    const attachment =
      this.#binds.get(address) ?? [...this.#binds.values()].find((bound) => bound.isAlso(address));
    if (attachment === undefined) throw new UsageError("ENOENT", undefined, address);
    this.#binds.delete(attachment.address);
    void this.#release(attachment);
  }

  connect(address: string, routingId?: Buffer): void {
    const endpoint = parseEndpoint(address, "connect");
    if (endpoint.transport === "inproc") this.#checkInproc(address);
    const same = this.#connects.get(address) ?? [];
    if (same.length > 0 && ONE_CONNECT.has(this.#parts.pattern.type)) return;
    const connection =
      endpoint.transport === "inproc"
        ? new InprocConnection(this.#scope(), endpoint.name, routingId ?? null)
        : new Connecter(this.#scope(), endpoint, routingId ?? null);
    this.#connects.set(address, [...same, connection]);
    this.#lastEndpoint = address;
    connection.start();
  }

  disconnect(address: string): void {
    parseEndpoint(address, "connect");
    const connections = this.#connects.get(address);
    if (connections === undefined) throw new UsageError("ENOENT", undefined, address);
    this.#connects.delete(address);
    for (const connection of connections) void this.#release(connection);
  }

  applyLimits(): void {
    const { sendHighWaterMark, receiveHighWaterMark } = this.#parts.settings();
    for (const pipe of this.#pipes) pipe.setLimits(sendHighWaterMark, receiveHighWaterMark);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const all = [...this.#all(), ...this.#lingering];
    this.#binds.clear();
    this.#connects.clear();
    await Promise.all(all.map((attachment) => this.#release(attachment)));
    this.#ended = true;
    this.#parts.onEvent({ type: "end" });
  }

  /** Resolves when nothing is left to write. */
  #release(attachment: Attachment): Promise<void> {
    this.#lingering.add(attachment);
    return new Promise((resolve) => {
      attachment.close(this.#parts.settings().linger, () => {
        this.#lingering.delete(attachment);
        resolve();
      });
    });
  }

  #bindInproc(endpoint: Extract<Endpoint, { transport: "inproc" }>): void {
    this.#checkInproc(endpoint.address);
    const binding = new InprocBinding(this.#scope(), endpoint.name);
    binding.bind();
    this.#bound(binding);
  }

  #bound(attachment: Listener | InprocBinding): void {
    this.#binds.set(attachment.address, attachment);
    this.#lastEndpoint = attachment.address;
  }

  *#all(): Iterable<Attachment> {
    yield* this.#binds.values();
    for (const connections of this.#connects.values()) yield* connections;
  }

  /** A socket that promises authenticated peers must not take in anybody of this process unseen. */
  #checkInproc(address: string): void {
    const { mechanism } = this.#parts.settings();
    if (mechanism.securesInproc === false) {
      throw new UsageError("ENOTSUP", `${mechanism.name} does not run over inproc`, address);
    }
  }

  #scope(): HubScope {
    const { pattern, patternSettings, environment, settings, onEvent } = this.#parts;
    return {
      pattern,
      patternSettings,
      environment,
      settings: settings(),
      // A connection that has said all may take some time to go.
      emit: (event) => {
        if (!this.#ended) onEvent(event);
      },
      addPipe: (pipe) => this.#pipes.add(pipe),
      removePipe: (pipe) => this.#pipes.delete(pipe),
    };
  }
}
