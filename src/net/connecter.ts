/** A connected tcp or ipc endpoint: keeps connecting, for ever if need be, and joins each connection to its one pipe. */
import type { Socket } from "node:net";
import type { Ready } from "../engine/event.ts";
import { PeerError } from "../errors.ts";
import { Pipe } from "../pipe/pipe.ts";
import { Backoff } from "./backoff.ts";
import { emitEnd, emitHandshake, type HubScope, openSession } from "./connection.ts";
import { connectOptions, type StreamEndpoint } from "./endpoint.ts";
import { cutSelfConnection } from "./self-connection.ts";
import type { Session, SessionOwner } from "./session.ts";

/** What the connecter is doing. */
type State =
  | { readonly kind: "idle" }
  | { readonly kind: "pausing"; readonly timer: NodeJS.Timeout }
  | { readonly kind: "connecting"; readonly socket: Socket }
  | { readonly kind: "connected"; readonly session: Session }
  /** `close` was called; the session writes what waits. */
  | { readonly kind: "closing"; readonly session: Session }
  /** There will be no further attempt. */
  | { readonly kind: "given-up" }
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
  /** Set by `close`: called when nothing is left to write, or nobody will ever take it. */
  #onDrained: (() => void)[] = [];
  #linger: NodeJS.Timeout | null = null;
  #lingerUntil = Number.POSITIVE_INFINITY;

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
    const state = this.#state;
    return (state.kind === "connected" || state.kind === "closing") && state.session.hasUnsent;
  }

  /** Begins. The pipe is there at once, unless `immediate`. */
  start(): void {
    if (!this.#scope.settings.immediate) this.#addPipe();
    this.#connect();
  }

  /**
   * Stops, once what waits is written or `linger` milliseconds (-1 no limit) have passed; then calls `drained`. A
   * further call changes the time.
   */
  close(linger: number, drained: () => void): void {
    const state = this.#state;
    if (state.kind === "closed") {
      drained();
      return;
    }
    this.#onDrained.push(drained);
    this.#lingerUntil = linger < 0 ? Number.POSITIVE_INFINITY : performance.now() + linger;
    if (state.kind === "closing" || (state.kind === "connected" && this.#ready)) {
      this.#state = { kind: "closing", session: state.session };
      this.#scope.pattern.detach(this.#pipe!);
      this.#shutDown(state.session, linger);
      return;
    }
    if (linger === 0 || !this.hasUnsent) {
      this.#stop();
      return;
    }
    // Messages wait for a peer that is not there: go on trying until they can be written or time is up.
    this.#scope.pattern.detach(this.#pipe!);
    this.#waitForPeer();
  }

  onReady(session: Session, peer: Ready): Pipe | null {
    this.#backoff.reset();
    this.#ready = true;
    const { pattern } = this.#scope;
    const pipe = this.#pipe ?? this.#addPipe();
    pipe.attach(session, peer);
    if (this.#onDrained.length > 0) {
      this.#state = { kind: "closing", session };
      if (this.#linger !== null) clearTimeout(this.#linger);
      const left = Math.max(0, this.#lingerUntil - performance.now());
      // The session takes the pipe from here; what waits in it goes out before the goodbye.
      queueMicrotask(() => this.#shutDown(session, left === Number.POSITIVE_INFINITY ? -1 : left));
      return pipe;
    }
    if (!pattern.connected(pipe)) {
      pipe.detach(false);
      return null;
    }
    return pipe;
  }

  onHandshake(peer: Ready): void {
    emitHandshake(this.#scope, this.address, peer);
  }

  onClosed(_session: Session, error: Error | null): void {
    const ready = this.#ready;
    this.#ready = false;
    const { settings, pattern } = this.#scope;
    const { kind } = this.#state;
    const pipe = this.#pipe;
    // A shutdown that was cut short goes on with the next connection.
    const cutShort =
      kind === "closing" &&
      this.#onDrained.length > 0 &&
      !settings.immediate &&
      (pipe?.outboundLength ?? 0) > 0;
    const over = kind === "closed" || (kind === "closing" && !cutShort);
    if (pipe?.connected) {
      pipe.detach(settings.immediate);
      if (kind === "connected" && !settings.immediate) pattern.disconnected(pipe);
    }
    if (over || settings.immediate) this.#dropPipe();
    this.#state = { kind: over ? "closed" : "idle" };
    if (cutShort) this.#waitForPeer();
    emitEnd(this.#scope, this.address, error, ready);
    if (
      error instanceof PeerError &&
      error.code === "ERR_ZMTP_PEER_ERROR" &&
      !settings.mechanism.errorIsHint
    ) {
      // RFC 37: a peer that got ERROR does not come back with the same credentials. QZMQ, whose ERROR proves nothing, does.
      this.#giveUp();
    } else {
      this.#retry(!ready);
    }
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
    const stream = environment.readBuffer.connect(connectOptions(this.#endpoint, settings.ipv6));
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
      // Its end comes to `failed`.
      if (cutSelfConnection(socket) !== null) return;
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

  #retry(refused: boolean): void {
    if (this.#state.kind !== "idle") return;
    if (this.#scope.settings.reconnectInterval < 0) {
      this.#giveUp();
      return;
    }
    const interval = this.#backoff.next(refused);
    const timer = setTimeout(() => this.#connect(), interval);
    timer.unref();
    this.#state = { kind: "pausing", timer };
    this.#scope.emit({ type: "connect:retry", address: this.address, interval });
  }

  /** Nobody will ever take what waits: the pattern shall not give us more, and a `close` not wait for it. */
  #giveUp(): void {
    if (this.#state.kind !== "idle") return;
    this.#state = { kind: "given-up" };
    this.#dropPipe();
    if (this.#onDrained.length > 0) this.#stop();
  }

  /** What waits is written within `linger` milliseconds (-1 no limit), unless the connection is lost before. */
  #shutDown(session: Session, linger: number): void {
    session.shutdown(linger, () => {
      if (this.#state.kind === "closing" || this.#state.kind === "closed") this.#tellDrained();
    });
  }

  #waitForPeer(): void {
    if (this.#linger !== null) clearTimeout(this.#linger);
    if (this.#lingerUntil === Number.POSITIVE_INFINITY) return;
    this.#linger = setTimeout(() => this.#stop(), this.#lingerUntil - performance.now());
    this.#linger.unref();
  }

  #stop(): void {
    const state = this.#state;
    this.#state = { kind: "closed" };
    if (this.#linger !== null) clearTimeout(this.#linger);
    if (state.kind === "pausing") clearTimeout(state.timer);
    if (state.kind === "connecting") state.socket.destroy();
    if (state.kind === "connected" || state.kind === "closing") state.session.destroy();
    this.#dropPipe();
    this.#tellDrained();
  }

  #tellDrained(): void {
    for (const drained of this.#onDrained.splice(0)) drained();
  }
}
