/** A context: what the sockets of one part of a program share. Most programs use the default one. */
import {
  refuseExcess,
  requireBoolean,
  requireIdentifier,
  requireNumber,
  requireOptions,
} from "./arguments.ts";
import { UsageError } from "./errors.ts";
import { Environment } from "./net/environment.ts";
import { sharedNumbers } from "./net/shared-memory.ts";
import { defineOption, type OptionProperty } from "./option-accessors.ts";

/** Numbers of zmq.h. Number 3 reads as one option and writes as another. */
const CONTEXT_OPTION = {
  ioThreads: 1,
  maxSockets: 2,
  maxSocketsLimit: 3,
  threadPriority: 3,
  threadSchedulingPolicy: 4,
  maxMessageSize: 5,
  ipv6: 42,
  blocky: 70,
} as const;

/** Id, first value, least and greatest value. */
const ROWS = [
  [CONTEXT_OPTION.ioThreads, 1, 0, 0x7fffffff],
  [CONTEXT_OPTION.maxSockets, 1023, 1, 0x7fffffff],
  [CONTEXT_OPTION.threadPriority, -1, 0, 0x7fffffff],
  [CONTEXT_OPTION.threadSchedulingPolicy, -1, 0, 0x7fffffff],
  [CONTEXT_OPTION.maxMessageSize, 0x7fffffff, 0, 0x7fffffff],
  [CONTEXT_OPTION.ipv6, 0, 0, 1],
  [CONTEXT_OPTION.blocky, 1, 0, 1],
] as const;

const INITIAL = ROWS.map((row) => row[1]);
const MAX_SOCKETS_LIMIT = 65_535;

/** What the library itself does with a context. */
export const CONTEXT = Symbol("qzmq context");

/** The inside of a {@link Context}. */
export class ContextCore {
  readonly environment = new Environment();
  readonly #values: Int32Array;
  /** Counts sockets that were dropped without `close()` as closed. */
  readonly #dropped = new FinalizationRegistry<null>(() => this.#sockets--);
  #sockets = 0;

  /** `values` holds one number per option; it may be shared with other threads. */
  constructor(values: Int32Array) {
    this.#values = values;
  }

  /** True: closed sockets deliver what they hold; false: their default `linger` is 0. */
  get blocky(): boolean {
    return this.get(CONTEXT_OPTION.blocky) !== 0;
  }

  get ipv6(): boolean {
    return this.get(CONTEXT_OPTION.ipv6) !== 0;
  }

  /** Throws EMFILE over `maxSockets`. */
  addSocket(socket: object): void {
    if (this.#sockets >= this.get(CONTEXT_OPTION.maxSockets)) throw new UsageError("EMFILE");
    this.#sockets++;
    this.#dropped.register(socket, null, socket);
  }

  removeSocket(socket: object): void {
    if (this.#dropped.unregister(socket)) this.#sockets--;
  }

  get(id: number): number {
    if (id === CONTEXT_OPTION.maxSocketsLimit) return MAX_SOCKETS_LIMIT;
    const index = ROWS.findIndex((row) => row[0] === id);
    if (index < 0 || id === CONTEXT_OPTION.threadSchedulingPolicy) throw new UsageError("EINVAL");
    return this.#values[index]!;
  }

  set(id: number, value: number): void {
    const index = ROWS.findIndex((row) => row[0] === id);
    if (index < 0 || value < ROWS[index]![2] || value > ROWS[index]![3]) throw new UsageError("EINVAL");
    this.#values[index] = value;
  }
}

/** Options of a {@link Context}. */
export interface ContextOptions {
  ioThreads?: number;
  maxSockets?: number;
  threadPriority?: number;
  threadSchedulingPolicy?: number;
  maxMessageSize?: number;
  ipv6?: boolean;
  blocky?: boolean;
}

/** See the head of this file. Option values that are refused throw EINVAL. */
export class Context {
  /** Kept for compatibility: there are no I/O threads (ZMQ_IO_THREADS). */
  declare ioThreads: number;
  /** Most sockets open at a time; the next throws EMFILE (ZMQ_MAX_SOCKETS). */
  declare maxSockets: number;
  /** The largest value of `maxSockets` (ZMQ_SOCKET_LIMIT). */
  declare readonly maxSocketsLimit: number;
  /** Kept for compatibility, write only (ZMQ_THREAD_PRIORITY). */
  declare threadPriority: number;
  /** Kept for compatibility, write only (ZMQ_THREAD_SCHED_POLICY). */
  declare threadSchedulingPolicy: number;
  /** Kept and read back (ZMQ_MAX_MSGSZ); a socket's own `maxMessageSize` limits what it receives. */
  declare maxMessageSize: number;
  /** Whether new sockets have IPv6 enabled (ZMQ_IPV6). */
  declare ipv6: boolean;
  /** Whether new sockets by default wait for ever to deliver what they hold when closed, or at exit (ZMQ_BLOCKY). */
  declare blocky: boolean;

  #core = new ContextCore(Int32Array.from(INITIAL));

  /** Throws TypeError for an unknown option. */
  constructor(options?: ContextOptions, ...excess: never[]) {
    requireOptions(options);
    refuseExcess(1, excess);
    Object.seal(this);
    Object.assign(this, options);
  }

  /** @internal */
  get [CONTEXT](): ContextCore {
    return this.#core;
  }

  protected getBoolOption(option: number): boolean {
    requireIdentifier(option);
    return this.#core.get(option) !== 0;
  }

  protected setBoolOption(option: number, value: boolean): void {
    requireIdentifier(option);
    requireBoolean(value);
    this.#core.set(option, Number(value));
  }

  protected getInt32Option(option: number): number {
    requireIdentifier(option);
    return this.#core.get(option);
  }

  protected setInt32Option(option: number, value: number): void {
    requireIdentifier(option);
    requireNumber(value);
    this.#core.set(option, value | 0);
  }

  /** @internal The default context. Its options are one piece of memory for all threads of a process, as in libzmq. */
  static [CONTEXT](): Context {
    const context = new Context();
    context.#core = new ContextCore(sharedNumbers("qzmq default context", INITIAL));
    return context;
  }
}

const PROPERTIES: readonly OptionProperty[] = [
  { name: "ioThreads", id: CONTEXT_OPTION.ioThreads, kind: "Int32", access: "read-write" },
  { name: "maxSockets", id: CONTEXT_OPTION.maxSockets, kind: "Int32", access: "read-write" },
  { name: "maxSocketsLimit", id: CONTEXT_OPTION.maxSocketsLimit, kind: "Int32", access: "read-only" },
  { name: "threadPriority", id: CONTEXT_OPTION.threadPriority, kind: "Int32", access: "write-only" },
  {
    name: "threadSchedulingPolicy",
    id: CONTEXT_OPTION.threadSchedulingPolicy,
    kind: "Int32",
    access: "write-only",
  },
  { name: "maxMessageSize", id: CONTEXT_OPTION.maxMessageSize, kind: "Int32", access: "read-write" },
  { name: "ipv6", id: CONTEXT_OPTION.ipv6, kind: "Bool", access: "read-write" },
  { name: "blocky", id: CONTEXT_OPTION.blocky, kind: "Bool", access: "read-write" },
];
for (const property of PROPERTIES) defineOption(Context.prototype, "Context", property);

/** Sockets belong to this context unless they are given another. */
export const context: Context = Context[CONTEXT]();
