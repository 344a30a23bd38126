/** The HTTP server that shows status and metrics: to people on the same machine, to a browser, to Prometheus. */
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Answers } from "./answers.ts";
import type { ServiceStatus } from "./status.ts";

/** What the server shows, and where. */
export interface StatusServerOptions {
  /** Address to listen on; default 127.0.0.1. */
  readonly address?: string;
  /** Default 8080; 0 for any that is free. */
  readonly port?: number;
  /** Host names that browsers may use for the server, beside `localhost` and the address. */
  readonly hosts?: readonly string[];
  /** For `/qzmq/status`. */
  readonly status: () => ServiceStatus;
  /** For `/qzmq/metrics`: exposition text. */
  readonly metrics: () => string;
  /** For `/readyz`: why the service is not ready, a line each; empty when it is. */
  readonly ready: () => readonly string[];
  /** Hears of a callback above that threw (the client was told 500) and of connections that could not be accepted. */
  readonly onError?: (error: unknown) => void;
}

/** Connections at once. Beyond, the one that asked nothing for longest makes room: idle ones cannot lock anybody out. */
const MAX_CONNECTIONS = 64;

/** See the head of this file. One start, one close. */
export class StatusServer {
  readonly #server: Server;
  readonly #address: string;
  readonly #port: number;
  /** The one that asked nothing for longest is first. */
  readonly #sockets = new Set<Socket>();
  readonly #onError: (error: unknown) => void;

  /** Throws `RangeError` for a port that is none. */
  constructor(options: StatusServerOptions) {
    this.#address = options.address ?? "127.0.0.1";
    this.#port = options.port ?? 8080;
    if (!Number.isInteger(this.#port) || this.#port < 0 || this.#port > 65_535) {
      throw new RangeError(`port: a whole number 0..65535, not ${this.#port}`);
    }
    this.#onError = options.onError ?? (() => {});
    const answers = new Answers({ ...options, hosts: [...(options.hosts ?? []), this.#address] });
    this.#server = createServer(
      {
        ...{ maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 5000 },
        connectionsCheckingInterval: 1000,
      },
      (request, response) => {
        this.#touch(request.socket);
        answers.answer(request, response);
      },
    );
    this.#server.on("connection", (socket: Socket) => this.#admit(socket));
    this.#server.maxRequestsPerSocket = 1000;
    this.#server.timeout = 10_000;
  }

  /** Where it listens, such as `http://127.0.0.1:8080`; "" before it does. */
  get url(): string {
    const bound = this.#server.address() as AddressInfo | null;
    if (bound === null) return "";
    const host = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
    return `http://${host}:${bound.port}`;
  }

  /** Where it listens; 0 when it does not. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Resolves when it listens. Rejects with the system's error, whose `code` says why not. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, this.#address, () => {
        this.#server.off("error", reject);
        // Out of descriptors, say: without a listener it would end the process, whose work is another.
        this.#server.on("error", this.#onError);
        resolve();
      });
    });
  }

  /** Cuts every connection. Resolves when the port is free. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #admit(socket: Socket): void {
    socket.once("close", () => this.#sockets.delete(socket));
    this.#sockets.add(socket);
    if (this.#sockets.size > MAX_CONNECTIONS) this.#sockets.values().next().value?.destroy();
  }

  #touch(socket: Socket): void {
    // A pipelined request may come after the socket's end.
    if (this.#sockets.delete(socket)) this.#sockets.add(socket);
  }
}
