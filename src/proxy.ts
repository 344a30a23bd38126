/** Passes messages between two sockets, both ways. */
import { isObject, refuseExcess } from "./arguments.ts";
import { UsageError } from "./errors.ts";
import type { KeepAlive } from "./net/keep-alive.ts";
import { soon, Turns } from "./net/turn.ts";
import type { Socket } from "./socket.ts";
import { CORE, type SocketCore } from "./socket-core.ts";
import type { Message } from "./wire/message.ts";

/** Messages passed before other work of the process has its turn. */
const BURST = 512;

function requireCore(socket: unknown, text: string): SocketCore {
  if (!isObject(socket)) throw new TypeError(text);
  return (socket as Socket)[CORE];
}

/** See the head of this file. A message is taken from one socket only when the other can send it, so none is lost. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: zeromq.js's name
export class Proxy<F extends Socket = Socket, B extends Socket = Socket> {
  readonly frontEnd: F;
  readonly backEnd: B;
  #run: Pump | null = null;

  constructor(frontEnd: F, backEnd: B, ...excess: never[]) {
    const cores = [
      requireCore(frontEnd, "Front-end must be a socket object"),
      requireCore(backEnd, "Back-end must be a socket object"),
    ];
    refuseExcess(2, excess);
    if (cores.includes(undefined as never)) throw new UsageError("EINVAL");
    this.frontEnd = frontEnd;
    this.backEnd = backEnd;
  }

  /**
   * Passes messages until `terminate()`, then closes both sockets and resolves. Until then they are the proxy's: their
   * methods throw EBUSY. Throws EINVAL unless both are bound or connected. Rejects when a socket refuses a message.
   */
  run(): Promise<void> {
    const front = this.frontEnd[CORE];
    const back = this.backEnd[CORE];
    if (!front.attached) throw new UsageError("EINVAL", "Front-end socket must be bound or connected");
    if (!back.attached) throw new UsageError("EINVAL", "Back-end socket must be bound or connected");
    this.#run = new Pump(front, back);
    return this.#run.done.finally(() => {
      this.#run = null;
    });
  }

  /** Stops passing messages; they wait in the sockets. Throws EBADF unless running, as the next two do. */
  pause(): void {
    this.#running().pause();
  }

  /** Goes on after `pause()`. */
  resume(): void {
    this.#running().resume();
  }

  /** Ends `run()`. */
  terminate(): void {
    this.#running().end();
  }

  #running(): Pump {
    if (this.#run === null) throw new UsageError("EBADF");
    return this.#run;
  }
}

/** One run of a proxy. */
class Pump {
  readonly done: Promise<void>;
  readonly #cores: ReadonlySet<SocketCore>;
  readonly #there: Lane;
  readonly #back: Lane;
  readonly #keepAlive: KeepAlive;
  readonly #turns = new Turns();
  readonly #step = (): void => this.#pass();
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #state: "running" | "paused" | "ended" = "running";
  #scheduled = false;

  constructor(front: SocketCore, back: SocketCore) {
    front.claim();
    try {
      if (back !== front) back.claim();
    } catch (error) {
      front.release();
      throw error;
    }
    this.#cores = new Set([front, back]);
    this.#there = new Lane(front, back);
    this.#back = new Lane(back, front);
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#keepAlive = front.keepAlive;
    this.#keepAlive.acquire();
    front.onActivity = back.onActivity = () => this.#schedule();
    this.#schedule();
  }

  pause(): void {
    this.#state = "paused";
  }

  resume(): void {
    this.#state = "running";
    this.#schedule();
  }

  end(error?: unknown): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#keepAlive.release();
    for (const core of this.#cores) {
      core.onActivity = null;
      core.release();
      core.close();
    }
    if (error === undefined) this.#resolve();
    else this.#reject(error);
  }

  #schedule(): void {
    if (this.#scheduled || this.#state !== "running") return;
    this.#scheduled = true;
    soon(this.#step);
  }

  #pass(): void {
    this.#scheduled = false;
    if (this.#state !== "running") return;
    try {
      for (let left = BURST; left > 0; left--) {
        // Both, in turn: neither direction starves the other.
        const there = this.#there.pass();
        const back = this.#back.pass();
        if (!there && !back) return;
      }
    } catch (error) {
      this.end(error);
      return;
    }
    this.#scheduled = true;
    void this.#turns.next().then(this.#step);
  }
}

/** One direction of a proxy. */
class Lane {
  readonly #from: SocketCore;
  readonly #to: SocketCore;
  /** Taken, but refused although there had been room. */
  #held: Message | undefined;

  constructor(from: SocketCore, to: SocketCore) {
    this.#from = from;
    this.#to = to;
  }

  /** Passes one message; false when there is none, or no room for it. */
  pass(): boolean {
    if (!this.#to.pattern.writable) return false;
    if (this.#held === undefined && !this.#from.pattern.readable) return false;
    const message = this.#held ?? this.#from.pattern.receive();
    if (message === undefined) return false;
    this.#held = this.#to.pattern.send(message) ? undefined : message;
    return this.#held === undefined;
  }
}
