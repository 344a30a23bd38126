/** A socket's ends of inproc connections: a bound name, and a connected one. */
import { type Peer, Pipe, type PipeTransport } from "../pipe/pipe.ts";
import type { SocketType } from "../wire/socket-type.ts";
import type { HubScope } from "./connection.ts";
import type { InprocParty } from "./inproc.ts";

/** What binding and connecting share. */
abstract class SocketParty implements InprocParty {
  protected readonly scope: HubScope;
  protected readonly name: string;
  readonly address: string;
  readonly socketType: SocketType;
  readonly routingId: Buffer;
  /** What one side has queued is handed over when it closes, so nothing ever lingers. */
  readonly hasUnsent = false;

  constructor(scope: HubScope, name: string) {
    this.scope = scope;
    this.name = name;
    this.address = `inproc://${name}`;
    this.socketType = scope.pattern.type;
    this.routingId = scope.patternSettings.routingId ?? Buffer.alloc(0);
  }

  abstract join(transport: PipeTransport, peer: Peer): Pipe | null;
  abstract joined(pipe: Pipe): void;
  abstract left(pipe: Pipe): void;
}

/** A bound inproc name: a pipe for each that connects. */
export class InprocBinding extends SocketParty {
  /** Throws `UsageError` EADDRINUSE. */
  bind(): void {
    this.scope.environment.inproc.bind(this.name, this);
  }

  /** An inproc name has no other spelling. */
  isAlso(_address: string): boolean {
    return false;
  }

  close(_linger: number, drained: () => void): void {
    this.scope.environment.inproc.unbind(this.name, this);
    drained();
  }

  join(transport: PipeTransport, peer: Peer): Pipe | null {
    const { pattern } = this.scope;
    const pipe = new Pipe(pattern, this.scope.settings);
    pipe.attach(transport, peer);
    if (!pattern.attach(pipe)) {
      pipe.detach(true);
      return null;
    }
    this.scope.addPipe(pipe);
    return pipe;
  }

  joined(pipe: Pipe): void {
    if (!this.scope.pattern.connected(pipe)) pipe.terminate();
  }

  left(pipe: Pipe): void {
    this.scope.pattern.detach(pipe);
    this.scope.removePipe(pipe);
  }
}

/** A connected inproc name: one pipe, there from the start, which waits for a binder and for the next one. */
export class InprocConnection extends SocketParty {
  readonly #pipe: Pipe;

  constructor(scope: HubScope, name: string, assignedRoutingId: Buffer | null) {
    super(scope, name);
    this.#pipe = new Pipe(scope.pattern, scope.settings);
    if (assignedRoutingId !== null) this.#pipe.routingId = assignedRoutingId;
  }

  start(): void {
    this.scope.addPipe(this.#pipe);
    this.scope.pattern.attach(this.#pipe);
    this.scope.environment.inproc.connect(this.name, this);
  }

  close(_linger: number, drained: () => void): void {
    this.scope.environment.inproc.disconnect(this.name, this);
    this.scope.pattern.detach(this.#pipe);
    this.scope.removePipe(this.#pipe);
    drained();
  }

  join(transport: PipeTransport, peer: Peer): Pipe {
    this.#pipe.attach(transport, peer);
    return this.#pipe;
  }

  joined(pipe: Pipe): void {
    if (!this.scope.pattern.connected(pipe)) pipe.terminate();
  }

  left(pipe: Pipe): void {
    this.scope.pattern.disconnected(pipe);
  }
}
