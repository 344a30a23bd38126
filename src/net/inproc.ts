/**
 * The inproc transport: sockets of one context joined pipe to pipe, messages handed over by reference. A name may be
 * connected before it is bound, and connections outlive their binder: they wait for the next one.
 *
 * What one side has queued is the other's to read: the capacity between two sockets is the sum of the sender's and
 * the receiver's high-water marks, as in libzmq, and what was sent before a close is still received.
 */
import { UsageError } from "../errors.ts";
import type { Peer, Pipe, PipeTransport } from "../pipe/pipe.ts";
import { ownMessage, type PipeItem, SubscriptionChange } from "../wire/message.ts";
import { isCompatible, type SocketType } from "../wire/socket-type.ts";

/** One side of an inproc connection: a connecting socket, or a bound one. */
export interface InprocParty {
  readonly socketType: SocketType;
  readonly routingId: Buffer;
  /** A peer is there: returns the pipe to join, attached to `transport`; null refuses it. */
  join(transport: PipeTransport, peer: Peer): Pipe | null;
  /** Both sides have joined: messages may flow. */
  joined(pipe: Pipe): void;
  /** The connection is over; the pipe is detached. */
  left(pipe: Pipe): void;
}

/** Names of one context. */
export class InprocTable {
  readonly #bound = new Map<string, InprocParty>();
  readonly #links = new Map<InprocParty, Set<Link>>();
  /** Connected to a name that is not bound, or whose binder has refused them. */
  readonly #waiting = new Map<string, Set<InprocParty>>();

  /** True when the binder of the name, if there is one, talks to sockets of that type. */
  serves(name: string, type: SocketType): boolean {
    const server = this.#bound.get(name);
    return server !== undefined && isCompatible(type, server.socketType);
  }

  /** Binds a name. Throws {@link UsageError} EADDRINUSE. */
  bind(name: string, party: InprocParty): void {
    if (this.#bound.has(name)) throw new UsageError("EADDRINUSE", undefined, `inproc://${name}`);
    this.#bound.set(name, party);
    this.#admit(name);
  }

  /** Frees a name; its connections end and wait for the next binder. */
  unbind(name: string, party: InprocParty): void {
    if (this.#bound.get(name) !== party) return;
    this.#bound.delete(name);
    for (const link of [...(this.#links.get(party) ?? [])]) link.close();
  }

  /** Connects a party, now or when the name is bound by one that takes it. */
  connect(name: string, client: InprocParty): void {
    const server = this.#bound.get(name);
    if (server === undefined || !isCompatible(client.socketType, server.socketType)) {
      this.#wait(name, client);
      return;
    }
    const link = new Link(client, server, (refused) => {
      this.#forget(client, link);
      this.#forget(server, link);
      if (!this.#gone.has(client)) this.#wait(name, client);
      // There is room for another now. One that was turned away must not make room for itself, or it would try for ever.
      if (!refused) this.#admit(name);
    });
    this.#remember(client, link);
    this.#remember(server, link);
    link.open();
  }

  /** Ends what `connect` began. */
  disconnect(name: string, client: InprocParty): void {
    this.#gone.add(client);
    const waiting = this.#waiting.get(name);
    waiting?.delete(client);
    if (waiting?.size === 0) this.#waiting.delete(name);
    for (const link of [...(this.#links.get(client) ?? [])]) link.close();
  }

  /** Parties that have disconnected: their links do not come back. */
  readonly #gone = new WeakSet<InprocParty>();

  #wait(name: string, client: InprocParty): void {
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting.add(client));
  }

  /** Tries again with all that wait for the name. */
  #admit(name: string): void {
    if (!this.#bound.has(name)) return;
    const waiting = this.#waiting.get(name);
    this.#waiting.delete(name);
    for (const client of waiting ?? []) if (!this.#gone.has(client)) this.connect(name, client);
  }

  #remember(party: InprocParty, link: Link): void {
    const links = this.#links.get(party) ?? new Set();
    this.#links.set(party, links.add(link));
  }

  #forget(party: InprocParty, link: Link): void {
    const links = this.#links.get(party);
    links?.delete(link);
    if (links?.size === 0) this.#links.delete(party);
  }
}

/** Two parties joined. */
class Link {
  readonly #client: InprocParty;
  readonly #server: InprocParty;
  readonly #onClosed: (refused: boolean) => void;
  #ends: readonly [End, End] | null = null;

  constructor(client: InprocParty, server: InprocParty, onClosed: (refused: boolean) => void) {
    this.#client = client;
    this.#server = server;
    this.#onClosed = onClosed;
  }

  open(): void {
    const near = new End(() => this.close(true));
    const far = new End(() => this.close(true));
    const serverPipe = this.#server.join(far, peerOf(this.#client));
    const clientPipe = serverPipe === null ? null : this.#client.join(near, peerOf(this.#server));
    if (serverPipe === null || clientPipe === null) {
      if (serverPipe !== null) {
        serverPipe.detach(true);
        this.#server.left(serverPipe);
      }
      this.#onClosed(true);
      return;
    }
    near.pipe = clientPipe;
    near.other = far;
    far.pipe = serverPipe;
    far.other = near;
    this.#ends = [near, far];
    this.#server.joined(serverPipe);
    if (this.#ends !== null) this.#client.joined(clientPipe);
    serverPipe.flush();
    clientPipe.flush();
  }

  /** Ends it; `refused` when one of the two sockets wants no more of the other. */
  close(refused = false): void {
    const ends = this.#ends;
    if (ends === null) return;
    this.#ends = null;
    const [near, far] = ends;
    near.handOver();
    far.handOver();
    near.pipe!.detach(false);
    far.pipe!.detach(true);
    this.#server.left(far.pipe!);
    this.#client.left(near.pipe!);
    this.#onClosed(refused);
  }
}

/** The transport of one side's pipe: delivers into the other's. */
class End implements PipeTransport {
  pipe: Pipe | null = null;
  other: End | null = null;
  /** Our pipe is full: the other side keeps its messages. */
  #full = false;
  readonly #close: () => void;

  constructor(close: () => void) {
    this.#close = close;
  }

  take(item: PipeItem): boolean {
    const other = this.other;
    if (other === null || other.#full) return false;
    // The sender may use short buffers and its array again; and several subscribers must not share one array.
    const own = item instanceof SubscriptionChange ? item : ownMessage(item);
    if (!other.pipe!.deliver(own)) other.#full = true;
    return true;
  }

  resume(): void {
    this.#full = false;
    // Not at once: our socket is in the middle of taking a message.
    process.nextTick(() => this.other?.pipe?.flush());
  }

  terminate(): void {
    this.#close();
  }

  /** Gives the other side everything that waits, whatever its high-water mark: it had been sent. */
  handOver(): void {
    this.pipe!.drain((item) => {
      this.other!.pipe!.deliver(item);
      return true;
    });
  }
}

function peerOf(party: InprocParty): Peer {
  return { socketType: party.socketType, routingId: party.routingId, metadata: new Map(), facts: null };
}
