/** A bound tcp or ipc address: listens there, and hands on the sockets that it accepts. */
import { lookup } from "node:dns";
import { lstatSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { getSystemErrorName } from "node:util";
import { UsageError, type UsageErrorCode } from "../errors.ts";
import { formatTcp, type StreamEndpoint, socketPath } from "./endpoint.ts";
import type { EventError } from "./events.ts";

/** Why an address could not be bound: {@link UsageError} or the system's error (`code`, `errno`, `address`). */
export type BindError = UsageError | EventError;

/** How to listen. */
export interface StreamServerSettings {
  /** listen(2) backlog. */
  readonly backlog: number;
  /** Resolve and bind IPv6 too. */
  readonly ipv6: boolean;
  /** Accepted sockets may be written after their peer has closed its half; default false. */
  readonly allowHalfOpen?: boolean;
}

/** Who takes the accepted sockets. */
export interface StreamServerEvents {
  /** A socket that has not been read from yet. */
  onAccept(socket: net.Socket): void;
  /** The system would not accept. */
  onError(error: EventError): void;
}

/** See the head of this file. */
export class StreamServer {
  readonly #endpoint: StreamEndpoint;
  readonly #settings: StreamServerSettings;
  readonly #events: StreamServerEvents;
  readonly #server: net.Server;
  #address: string;
  #listening = false;

  constructor(endpoint: StreamEndpoint, settings: StreamServerSettings, events: StreamServerEvents) {
    this.#endpoint =
      endpoint.transport === "ipc" && endpoint.path === "*"
        ? { ...endpoint, path: temporaryPath() }
        : endpoint;
    this.#settings = settings;
    this.#events = events;
    this.#address = endpoint.address;
    const { allowHalfOpen = false } = settings;
    this.#server = net.createServer({ noDelay: true, pauseOnConnect: true, allowHalfOpen }, (socket) => {
      if (this.#listening) events.onAccept(socket);
      else socket.destroy();
    });
    this.#server.unref();
  }

  /** The endpoint with wildcards resolved, once bound. */
  get address(): string {
    return this.#address;
  }

  /** True from a successful `listen` to `close`. */
  get listening(): boolean {
    return this.#listening;
  }

  /** True for what the user wrote, provided that it names one endpoint: a name for an address, `*` for all of them. */
  isAlso(address: string): boolean {
    const { transport, address: written } = this.#endpoint;
    return transport === "tcp" && this.#endpoint.target.port !== 0 && address === written;
  }

  /** Starts to listen. Rejects with {@link BindError}. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      const server = this.#server;
      const onError = (error: NodeJS.ErrnoException): void => {
        this.#cleanUp();
        reject(bindError(error, this.#endpoint.address));
      };
      server.once("error", onError);
      server.once("listening", () => {
        server.off("error", onError);
        this.#onListening();
        resolve();
      });
      if (this.#endpoint.transport === "ipc") {
        this.#unlinkStale(
          () => server.listen({ path: this.#path(), backlog: this.#settings.backlog }),
          onError,
        );
        return;
      }
      const { host, port } = this.#endpoint.target;
      const { backlog, ipv6 } = this.#settings;
      const address = wildcard(host, ipv6);
      if (net.isIP(address) !== 0 || ipv6) {
        server.listen({ host: address, port, backlog });
        return;
      }
      // node:net would take the first address of whichever family.
      lookup(address, { family: 4 }, (error, found) => {
        if (error !== null) onError(error);
        else server.listen({ host: found, port, backlog });
      });
    });
  }

  /**
   * Listens before it returns, for `bindSync`. For tcp it needs an internal function of Node's net module, since the
   * public one resolves even addresses asynchronously. Throws {@link UsageError}; ENOTSUP where there is no such function.
   */
  listenSync(): void {
    const { createHandle } = internals();
    const endpoint = this.#endpoint;
    const { backlog, ipv6 } = this.#settings;
    const server = this.#server;
    if (createHandle === null)
      throw new UsageError("ENOTSUP", "bindSync needs Node.js; use bind", endpoint.address);
    // Node tells what went wrong only in the next turn.
    const onError = (): void => {};
    server.on("error", onError);
    let handle: unknown;
    if (endpoint.transport === "ipc") {
      // Whether somebody listens on a socket file cannot be asked synchronously; as libzmq does, we take it over.
      removeSocketFile(this.#path());
      server.listen({ path: this.#path(), backlog });
      if (!server.listening) handle = createHandle(this.#path(), -1, -1);
    } else {
      const { host: named, port } = endpoint.target;
      const host = wildcard(named === "localhost" ? "127.0.0.1" : named, ipv6);
      handle = createHandle(host, port, net.isIPv6(host) ? 6 : 4);
      if (typeof handle !== "number") server.listen(handle as object, backlog);
    }
    if (!server.listening) {
      this.#cleanUp();
      throw bindError(systemError(typeof handle === "number" ? handle : "EADDRINUSE"), endpoint.address);
    }
    server.off("error", onError);
    this.#onListening();
  }

  /** Stops listening; accepted sockets stay. */
  close(): void {
    if (!this.#listening) return;
    this.#listening = false;
    this.#server.close();
    this.#cleanUp();
  }

  #onListening(): void {
    this.#listening = true;
    if (this.#endpoint.transport === "tcp") {
      const { address, port } = this.#server.address() as net.AddressInfo;
      this.#address = formatTcp(address, port);
    } else {
      this.#address = `ipc://${this.#endpoint.path}`;
    }
    this.#server.on("error", (error) => this.#events.onError(error as EventError));
  }

  #path(): string {
    return socketPath((this.#endpoint as Extract<StreamEndpoint, { transport: "ipc" }>).path);
  }

  /** A socket file left by a process that died would make bind fail; one that somebody listens on must stay. */
  #unlinkStale(done: () => void, failed: (error: NodeJS.ErrnoException) => void): void {
    const path = this.#path();
    if (path.startsWith("\0")) {
      done();
      return;
    }
    const probe = net.connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      failed(systemError("EADDRINUSE"));
    });
    probe.once("error", (error: NodeJS.ErrnoException) => {
      // Only this error says that nobody listens (connect(2)); a full backlog, for one, gives another.
      if (error.code === "ECONNREFUSED") removeSocketFile(path);
      done();
    });
  }

  /** Removes the folder made for a wildcard endpoint; libzmq leaves the socket file of a named one, node removes it. */
  #cleanUp(): void {
    const endpoint = this.#endpoint;
    if (endpoint.address !== "ipc://*" || endpoint.transport !== "ipc") return;
    rmSync(dirname(endpoint.path), { recursive: true, force: true });
  }
}

function temporaryPath(): string {
  return join(mkdtempSync(join(tmpdir(), "qzmq-")), "socket");
}

/** Removes a socket file, and nothing that is something else. */
function removeSocketFile(path: string): void {
  if (path.startsWith("\0")) return;
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path, { force: true });
}

function wildcard(host: string, ipv6: boolean): string {
  if (host !== "*") return host;
  return ipv6 ? "::" : "0.0.0.0";
}

type CreateHandle = (address: string, port: number, family: number) => unknown;

function internals(): { readonly createHandle: CreateHandle | null } {
  const module = createRequire(import.meta.url)("node:net") as { _createServerHandle?: CreateHandle };
  return { createHandle: module._createServerHandle ?? null };
}

function systemError(cause: number | string): NodeJS.ErrnoException {
  const code = typeof cause === "number" ? getSystemErrorName(cause) : cause;
  return Object.assign(new Error(code), { code });
}

const KNOWN: ReadonlySet<string> = new Set<UsageErrorCode>([
  "EADDRINUSE",
  "EADDRNOTAVAIL",
  "EACCES",
  "EINVAL",
  "ENAMETOOLONG",
  "EMFILE",
]);

/** The error of a failed bind, with zeromq.js's text where it has one. */
function bindError(error: NodeJS.ErrnoException, address: string): UsageError | EventError {
  const code = error.code === "ENOTFOUND" || error.code === "EAI_AGAIN" ? "ENODEV" : (error.code ?? "EINVAL");
  if (KNOWN.has(code) || code === "ENODEV") return new UsageError(code as UsageErrorCode, undefined, address);
  return Object.assign(error, { code, errno: Math.abs(error.errno ?? 0), address });
}
