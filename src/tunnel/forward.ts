/**
 * The link that a secured one replaces: its connections are forwarded octet by octet, whatever mechanism they speak,
 * so that programs may move over one by one; or refused, once all have.
 */
import * as net from "node:net";
import { connectOptions, type StreamEndpoint } from "../net/endpoint.ts";
import { cutSelfConnection } from "../net/self-connection.ts";
import { StreamServer } from "../net/stream-server.ts";

/** listen(2) backlog. */
const BACKLOG = 511;
/** How long what one side has sent may take to be written to the other once it is gone, in milliseconds. */
const DRAIN_LIMIT = 30_000;

/** Who hears of the connections. `peer` is where from: "address:port", "" for ipc. */
export interface ForwardEvents {
  /** Whether one more may be opened. */
  admits(): boolean;
  onOpened(peer: string): void;
  onClosed(peer: string, error: Error | null): void;
  onRefused(peer: string): void;
  onError(error: Error): void;
}

/** Endpoints of a forward, parsed. */
export interface ForwardEndpoints {
  readonly listen: StreamEndpoint;
  readonly connect: StreamEndpoint;
}

type Dial = (options: net.NetConnectOpts) => net.Socket;

/** See the head of this file. */
export class Forward {
  accepted = 0;
  refused = 0;
  readonly #connect: StreamEndpoint;
  readonly #events: ForwardEvents;
  readonly #server: StreamServer;
  /** Which socket was dialled for which accepted one. */
  readonly #open = new Map<net.Socket, net.Socket>();
  readonly #dial: Dial;
  #onEmpty: (() => void)[] = [];

  /** `dial` is for tests to exchange. */
  constructor(endpoints: ForwardEndpoints, events: ForwardEvents, dial: Dial = net.connect) {
    this.#dial = dial;
    this.#connect = endpoints.connect;
    this.#events = events;
    // A side that has closed its half may still be answered.
    const settings = { backlog: BACKLOG, ipv6: false, allowHalfOpen: true };
    this.#server = new StreamServer(endpoints.listen, settings, {
      onAccept: (socket) => this.#accept(socket),
      onError: (error) => events.onError(error),
    });
  }

  /** The endpoint it listens on, wildcards resolved. */
  get address(): string {
    return this.#server.address;
  }

  /** Connections open now. */
  get open(): number {
    return this.#open.size;
  }

  /** Listens. Rejects with `BindError`. */
  listen(): Promise<void> {
    return this.#server.listen();
  }

  /** Stops listening and cuts all connections; resolves when they are gone. */
  close(): Promise<void> {
    this.#server.close();
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve);
      for (const pair of this.#open) for (const socket of pair) socket.destroy();
    });
  }

  #accept(near: net.Socket): void {
    const peer = near.remoteAddress === undefined ? "" : `${near.remoteAddress}:${near.remotePort}`;
    if (!this.#events.admits()) {
      this.refused++;
      near.destroy();
      this.#events.onRefused(peer);
      return;
    }
    this.accepted++;
    const far = this.#dial({ ...connectOptions(this.#connect, true), allowHalfOpen: true });
    this.#open.set(near, far);
    this.#events.onOpened(peer);
    let cause: Error | null = null;
    let closed = 0;
    // Before anything is piped into it, which would go out first.
    far.once("connect", () => {
      cause ??= cutSelfConnection(far);
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.unref();
      socket.on("error", (error) => {
        cause ??= error;
      });
      socket.once("close", () => {
        if (++closed === 1) drain(other);
        else this.#over(near, peer, cause);
      });
      socket.pipe(other);
    }
  }

  #over(near: net.Socket, peer: string, cause: Error | null): void {
    this.#open.delete(near);
    this.#events.onClosed(peer, cause);
    if (this.#open.size > 0) return;
    for (const tell of this.#onEmpty.splice(0)) tell();
  }
}

/** What was sent before the other end went still arrives; who is not there yet is not waited for. */
function drain(socket: net.Socket): void {
  if (socket.connecting) {
    socket.destroy();
    return;
  }
  socket.destroySoon();
  const timer = setTimeout(() => socket.destroy(), DRAIN_LIMIT).unref();
  socket.once("close", () => clearTimeout(timer));
}
