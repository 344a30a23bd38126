/** A connected tcp or ipc endpoint: keeps connecting, for ever if need be, and joins each connection to its one pipe. */
import * as net from "node:net";
import type { Ready } from "../engine/event.ts";
import { PeerError } from "../errors.ts";
import { Pipe } from "../pipe/pipe.ts";
import { Backoff } from "./backoff.ts";
import { emitEnd, type HubScope, openSession } from "./connection.ts";
import { type Endpoint, socketPath } from "./endpoint.ts";
import type { Session, SessionOwner } from "./session.ts";

type StreamEndpoint = Extract<Endpoint, { transport: "tcp" | "ipc" }>;

/** What the connecter is doing. */
type State =
  | { readonly kind: "idle" }
  | { readonly kind: "pausing"; readonly timer: NodeJS.Timeout }
  | { readonly kind: "connecting"; readonly socket: net.Socket }
  | { readonly kind: "connected"; readonly session: Session }
  | { readonly kind: "closed" };

/** See the head of this file. */
export class Connecter implements SessionOwner {
  readonly #scope: HubScope;
  readonly #endpoint: StreamEndpoint;
  readonly #backoff: Backoff;
  readonly #assignedRoutingId: Buffer | null;
  #state: State = { kind: "idle" };
  /** Lives across reconnects, except with `immediate`: then it is there only while connected. */
  #pipe: Pipe | null = null;
  #ready = false;
  /** Set by `close`: ends the wait for messages that only a later connection could carry. */
  #drained: (() => void) | null = null;
  #linger: NodeJS.Timeout | null = null;

  constructor(scope: HubScope, endpoint: StreamEndpoint, assignedRoutingId: Buffer | null) {
    this.#scope = scope;
    this.#endpoint = endpoint;
    this.#assignedRoutingId = assignedRoutingId;
    this.#backoff = new Backoff(scope.settings.reconnectInterval, scope.settings.reconnectMaxInterval);
  }

  /** The endpoint as the user wrote it. */
  get address(): string {
    return this.#endpoint.address;
  }

  /** True while something waits to be written, connected or not. */
  get hasUnsent(): boolean {
    // During the handshake the pipe waits here: the session does not know it yet.
    if ((this.#pipe?.outboundLength ?? 0) > 0) return true;
    return this.#state.kind === "connected" && this.#state.session.hasUnsent;
  }

  /** Begins. The pipe is there at once, unless `immediate`. */
  start(): void {
    if (!this.#scope.settings.immediate) this.#addPipe();
    this.#connect();
  }

  /** Stops, once what waits is written or `linger` milliseconds (-1 no limit) have passed; then calls `drained`. */
  close(linger: number, drained: () => void): void {
    const state = this.#state;
    if (state.kind === "closed") {
      drained();
      return;
    }
    if (state.kind === "connected" && this.#ready) {
      this.#state = { kind: "closed" };
      this.#scope.pattern.detach(this.#pipe!);
      state.session.shutdown(linger, drained);
      return;
    }
    if (linger === 0 || !this.hasUnsent) {
      this.#stop();
      drained();
      return;
    }
    // Messages wait for a peer that is not there: go on trying until they can be written or time is up.
    this.#drained = drained;
    this.#scope.pattern.detach(this.#pipe!);
    if (linger > 0) {
      this.#linger = setTimeout(() => this.#stop(), linger);
      this.#linger.unref();
    }
  }

  onReady(session: Session, peer: Ready): Pipe | null {
    this.#backoff.reset();
    this.#ready = true;
    const { pattern } = this.#scope;
    const pipe = this.#pipe ?? this.#addPipe();
    this.#scope.emit({
      type: "handshake",
      address: this.address,
      ...(peer.facts === null ? {} : { facts: peer.facts }),
    });
    if (this.#drained !== null) {
      const drained = this.#drained;
      this.#drained = null;
      if (this.#linger !== null) clearTimeout(this.#linger);
      pipe.attach(session, peer);
      this.#state = { kind: "closed" };
      // The session takes the pipe from here; what waits in it goes out before the goodbye.
      queueMicrotask(() => session.shutdown(this.#scope.settings.linger, drained));
      return pipe;
    }
    pipe.attach(session, peer);
    if (!pattern.connected(pipe)) {
      pipe.detach(false);
      return null;
    }
    return pipe;
  }

  onClosed(_session: Session, error: Error | null): void {
    const ready = this.#ready;
    this.#ready = false;
    const pipe = this.#pipe;
    if (pipe?.connected) {
      const { immediate } = this.#scope.settings;
      pipe.detach(immediate);
      if (this.#state.kind !== "closed" && !immediate) this.#scope.pattern.disconnected(pipe);
    }
    if (this.#state.kind === "closed") {
      this.#dropPipe();
      emitEnd(this.#scope, this.address, error, ready);
      return;
    }
    if (this.#scope.settings.immediate) this.#dropPipe();
    emitEnd(this.#scope, this.address, error, ready);
    this.#state = { kind: "idle" };
    const { mechanism } = this.#scope.settings;
    if (error instanceof PeerError && error.code === "ERR_ZMTP_PEER_ERROR" && !mechanism.errorIsHint) return;
    this.#retry(!ready);
  }

  #addPipe(): Pipe {
    const pipe = new Pipe(this.#scope.pattern, this.#scope.settings);
    if (this.#assignedRoutingId !== null) pipe.routingId = this.#assignedRoutingId;
    this.#pipe = pipe;
    this.#scope.addPipe(pipe);
    this.#scope.pattern.attach(pipe);
    return pipe;
  }

  #dropPipe(): void {
    const pipe = this.#pipe;
    if (pipe === null) return;
    this.#pipe = null;
    this.#scope.removePipe(pipe);
    this.#scope.pattern.detach(pipe);
  }

  #connect(): void {
    const { settings, environment } = this.#scope;
    const stream = environment.readBuffer.connect(this.#options());
    const { socket } = stream;
    socket.unref();
    this.#state = { kind: "connecting", socket };
    this.#scope.emit({ type: "connect:delay", address: this.address });
    const timer =
      settings.connectTimeout > 0
        ? setTimeout(() => socket.destroy(), settings.connectTimeout).unref()
        : null;
    const failed = (): void => {
      if (timer !== null) clearTimeout(timer);
      if (this.#state.kind !== "connecting") return;
      this.#state = { kind: "idle" };
      this.#scope.emit({ type: "close", address: this.address });
      this.#retry(false);
    };
    socket.on("error", failed);
    socket.once("close", failed);
    socket.once("connect", () => {
      if (timer !== null) clearTimeout(timer);
      socket.off("error", failed);
      socket.off("close", failed);
      if (this.#state.kind !== "connecting") {
        socket.destroy();
        return;
      }
      if (settings.tcpKeepalive === 1)
        socket.setKeepAlive(true, Math.max(0, settings.tcpKeepaliveIdle) * 1000);
      const session = openSession(this.#scope, stream, {
        endpoint: this.address,
        owner: this,
        earlyPipe: this.#pipe,
      });
      this.#state = { kind: "connected", session };
      this.#scope.emit({ type: "connect", address: this.address });
      session.start();
    });
  }

  #options(): net.NetConnectOpts {
    const endpoint = this.#endpoint;
    if (endpoint.transport === "ipc") return { path: socketPath(endpoint.path) };
    const { target, source } = endpoint;
    return {
      host: target.host,
      port: target.port,
      noDelay: true,
      ...(this.#scope.settings.ipv6 ? {} : net.isIPv6(target.host) ? {} : { family: 4 }),
      ...(source === null
        ? {}
        : { localAddress: source.host, ...(source.port > 0 ? { localPort: source.port } : {}) }),
    };
  }

  #retry(refused: boolean): void {
    if (this.#scope.settings.reconnectInterval < 0) return;
    const interval = this.#backoff.next(refused);
    this.#scope.emit({ type: "connect:retry", address: this.address, interval });
    if (this.#state.kind !== "idle") return;
    const timer = setTimeout(() => this.#connect(), interval);
    timer.unref();
    this.#state = { kind: "pausing", timer };
  }

  #stop(): void {
    const state = this.#state;
    this.#state = { kind: "closed" };
    if (this.#linger !== null) clearTimeout(this.#linger);
    if (state.kind === "pausing") clearTimeout(state.timer);
    if (state.kind === "connecting") state.socket.destroy();
    if (state.kind === "connected") state.session.destroy();
    this.#dropPipe();
    const drained = this.#drained;
    this.#drained = null;
    drained?.();
  }
}
