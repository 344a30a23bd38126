/** A peer without a network: the transport of one real pipe, and the hand that plays the other end. */

import { createPattern, type PatternOf } from "../../src/pattern/create.ts";
import type { Pattern, PatternHost, PatternSettings } from "../../src/pattern/pattern.ts";
import { defaultPatternSettings } from "../../src/pattern/pattern.ts";
import { type Peer, Pipe, type PipeLimits, type PipeTransport } from "../../src/pipe/pipe.ts";
import { type Message, type PipeItem, SubscriptionChange } from "../../src/wire/message.ts";
import type { SocketType } from "../../src/wire/socket-type.ts";

export const LIMITS: PipeLimits = { sendHighWaterMark: 1000, receiveHighWaterMark: 1000, conflate: false };

/** Counts what a pattern tells its socket. */
export class FakeHost implements PatternHost {
  readables = 0;
  writables = 0;

  onReadable(): void {
    this.readables++;
  }

  onWritable(): void {
    this.writables++;
  }
}

/** Takes items up to `room`, and remembers them. */
export class FakeTransport implements PipeTransport {
  readonly taken: PipeItem[] = [];
  /** Items it will still take. */
  room = Infinity;
  resumes = 0;
  terminations = 0;

  take(item: PipeItem): boolean {
    if (this.room === 0) return false;
    this.room--;
    this.taken.push(item);
    return true;
  }

  resume(): void {
    this.resumes++;
  }

  terminate(): void {
    this.terminations++;
  }
}

/** What the handshake of a peer of this routing id would have told. */
export function peerNamed(identity: string | Buffer = ""): Peer {
  const routingId = typeof identity === "string" ? Buffer.from(identity, "latin1") : identity;
  return { socketType: "", routingId, metadata: new Map(), facts: null };
}

/** Frames of a message from strings, one octet a character. */
export function msg(...frames: (string | Buffer)[]): Message {
  return frames.map((frame) => (typeof frame === "string" ? Buffer.from(frame, "latin1") : frame));
}

/** A message as strings, to compare; `undefined` for none. */
export function text(message: Message | undefined): string[] | undefined {
  return message?.map((frame) => frame.toString("latin1"));
}

/** One peer of a pattern under test, over a real pipe. */
export class FakePeer extends FakeTransport {
  readonly pipe: Pipe;
  readonly #pattern: Pattern;
  readonly #peer: Peer;

  constructor(pattern: Pattern, identity: string | Buffer = "", limits: Partial<PipeLimits> = {}) {
    super();
    this.#pattern = pattern;
    this.#peer = peerNamed(identity);
    this.pipe = new Pipe(pattern, { ...LIMITS, ...limits });
  }

  /** Comes to the socket's bound side, as `peer` or as it was made. False when it is refused. */
  accept(peer: Peer = this.#peer): boolean {
    this.pipe.attach(this, peer);
    return this.#settle(this.#pattern.attach(this.pipe) && this.#pattern.connected(this.pipe), true);
  }

  /** The socket connects; there is no connection yet. */
  dial(): boolean {
    return this.#pattern.attach(this.pipe);
  }

  /** The dialled connection is up, with `peer` or as it was made. False when the socket refuses it. */
  up(peer: Peer = this.#peer): boolean {
    this.pipe.attach(this, peer);
    return this.#settle(this.#pattern.connected(this.pipe), false);
  }

  /** The dialled connection is lost. */
  down(): void {
    this.pipe.detach(false);
    this.#pattern.disconnected(this.pipe);
  }

  /** The pipe is over. */
  close(): void {
    this.pipe.detach(true);
    this.#pattern.detach(this.pipe);
  }

  /** A socket that wants the peer gone gets its wish at once, in the middle of whatever it is doing. */
  override terminate(): void {
    super.terminate();
    this.close();
  }

  /** Sends the socket a message. False when it must not send more. */
  say(...frames: (string | Buffer)[]): boolean {
    return this.pipe.deliver(msg(...frames));
  }

  subscribe(topic: string): boolean {
    return this.pipe.deliver(new SubscriptionChange(true, Buffer.from(topic, "latin1")));
  }

  cancel(topic: string): boolean {
    return this.pipe.deliver(new SubscriptionChange(false, Buffer.from(topic, "latin1")));
  }

  /** Takes `count` items more. */
  takeMore(count: number): void {
    this.room += count;
    this.pipe.flush();
  }

  /** What the socket has sent since the last call: messages as strings, subscriptions as `+topic` and `-topic`. */
  heard(): (string[] | string)[] {
    return this.taken.splice(0).map((item) => {
      if (!(item instanceof SubscriptionChange)) return text(item)!;
      return (item.subscribe ? "+" : "-") + item.topic.toString("latin1");
    });
  }

  #settle(accepted: boolean, bound: boolean): boolean {
    if (accepted) this.pipe.flush();
    else if (bound) this.close();
    else this.down();
    return accepted;
  }
}

/** A pattern under test with what it is made of. */
export interface Bench<T extends SocketType> {
  readonly socket: PatternOf<T>;
  readonly host: FakeHost;
  readonly settings: PatternSettings;
  /** A peer at the bound side. */
  peer(identity?: string | Buffer, limits?: Partial<PipeLimits>): FakePeer;
  /** A peer the socket dials, not connected yet. */
  dialled(identity?: string | Buffer, limits?: Partial<PipeLimits>): FakePeer;
}

/** Makes a pattern with settings of its own. */
export function bench<T extends SocketType>(type: T, changes: Partial<PatternSettings> = {}): Bench<T> {
  const settings = { ...defaultPatternSettings(), ...changes };
  const host = new FakeHost();
  const socket = createPattern(type, settings, host);
  return {
    socket,
    host,
    settings,
    peer(identity, limits) {
      const peer = new FakePeer(socket as Pattern, identity, limits);
      peer.accept();
      return peer;
    },
    dialled(identity, limits) {
      const peer = new FakePeer(socket as Pattern, identity, limits);
      peer.dial();
      return peer;
    },
  };
}

/** Reads until there is nothing more. */
export function readAll(socket: Pattern): (string[] | undefined)[] {
  const all = [];
  for (let message = socket.receive(); message !== undefined; message = socket.receive())
    all.push(text(message));
  return all;
}
