/** A bound tcp or ipc endpoint: accepts connections; each gets a pipe once its handshake is done. */
import type { Socket } from "node:net";
import type { Ready } from "../engine/event.ts";
import { Pipe } from "../pipe/pipe.ts";
import { emitEnd, emitHandshake, type HubScope, openSession } from "./connection.ts";
import type { StreamEndpoint } from "./endpoint.ts";
import type { Session, SessionOwner } from "./session.ts";
import { type BindError, StreamServer } from "./stream-server.ts";

/** See the head of this file. */
export class Listener implements SessionOwner {
  readonly #scope: HubScope;
  readonly #endpoint: StreamEndpoint;
  readonly #server: StreamServer;
  /** Connections in their handshake, and those past it with their pipe. */
  readonly #handshaking = new Set<Session>();
  readonly #joined = new Map<Session, Pipe>();

  constructor(scope: HubScope, endpoint: StreamEndpoint) {
    this.#scope = scope;
    this.#endpoint = endpoint;
    this.#server = new StreamServer(endpoint, scope.settings, {
      onAccept: (socket) => this.#accept(socket),
      onError: (error) => this.#scope.emit({ type: "accept:error", address: this.address, error }),
    });
  }

  /** The endpoint with wildcards resolved, once bound. */
  get address(): string {
    return this.#server.address;
  }

  /** See {@link StreamServer.isAlso}. */
  isAlso(address: string): boolean {
    return this.#server.isAlso(address);
  }

  /** True while some connection has something left to write. */
  get hasUnsent(): boolean {
    for (const session of this.#joined.keys()) if (session.hasUnsent) return true;
    return false;
  }

  /** Starts to listen. Rejects with {@link UsageError} or the system's error (`code`, `errno`, `address`). */
  async listen(): Promise<void> {
    try {
      await this.#server.listen();
    } catch (error) {
      const address = this.#endpoint.address.replace(/^tcp:\/\//, "");
      this.#scope.emit({ type: "bind:error", address, error: error as BindError });
      throw error;
    }
    this.#scope.emit({ type: "bind", address: this.address });
  }

  /** See {@link StreamServer.listenSync}. */
  listenSync(): void {
    this.#server.listenSync();
    this.#scope.emit({ type: "bind", address: this.address });
  }

  /** Stops accepting and ends all connections under `linger`. `drained` is called when nothing is left to write. */
  close(linger: number, drained: () => void): void {
    if (this.#server.listening) {
      this.#server.close();
      this.#scope.emit({ type: "close", address: this.address });
    }
    for (const session of [...this.#handshaking]) session.destroy();
    let open = this.#joined.size;
    if (open === 0) drained();
    for (const [session, pipe] of [...this.#joined]) {
      this.#scope.pattern.detach(pipe);
      session.shutdown(linger, () => {
        if (--open === 0) drained();
      });
    }
  }

  onReady(session: Session, peer: Ready): Pipe | null {
    const { pattern, settings } = this.#scope;
    const pipe = new Pipe(pattern, settings);
    this.#handshaking.delete(session);
    this.#joined.set(session, pipe);
    pipe.attach(session, peer);
    if (pattern.attach(pipe)) {
      if (pattern.connected(pipe)) {
        this.#scope.addPipe(pipe);
        return pipe;
      }
      pattern.detach(pipe);
    }
    pipe.detach(true);
    return null;
  }

  onHandshake(peer: Ready): void {
    emitHandshake(this.#scope, this.address, peer);
  }

  onClosed(session: Session, error: Error | null): void {
    this.#handshaking.delete(session);
    const pipe = this.#joined.get(session);
    this.#joined.delete(session);
    if (pipe?.connected) {
      pipe.detach(true);
      this.#scope.pattern.detach(pipe);
      this.#scope.removePipe(pipe);
    }
    emitEnd(this.#scope, this.address, error, pipe !== undefined);
  }

  #accept(socket: Socket): void {
    // The oldest makes room: who holds all places by saying nothing must not keep everybody else out.
    if (this.#handshaking.size >= this.#scope.settings.maxHandshakes)
      for (const oldest of this.#handshaking) {
        oldest.destroy();
        break;
      }
    const { tcpKeepalive, tcpKeepaliveIdle } = this.#scope.settings;
    if (tcpKeepalive === 1) socket.setKeepAlive(true, Math.max(0, tcpKeepaliveIdle) * 1000);
    const session = openSession(this.#scope, this.#scope.environment.readBuffer.adopt(socket), {
      endpoint: this.address,
      owner: this,
      earlyPipe: null,
    });
    this.#handshaking.add(session);
    this.#scope.emit({ type: "accept", address: this.address });
    session.start();
  }
}
