/**
 * The sending half of a socket. A message that can go at once goes, and the promise returned is one that all share;
 * otherwise it waits as the one {@link Operation} allowed, until the pattern has room.
 */
import { sendChannel } from "./diagnostics.ts";
import { UsageError } from "./errors.ts";
import type { KeepAlive } from "./net/keep-alive.ts";
import { soon, type Turns } from "./net/turn.ts";
import { Operation, type OperationOptions } from "./operation.ts";
import { OPTION } from "./option-table.ts";
import type { OptionStore } from "./options.ts";
import type { Pattern } from "./pattern/pattern.ts";
import type { Message } from "./wire/message.ts";

/**
 * After so many operations that complete at once, one waits for the next turn of the event loop. As in zeromq.js; more
 * was tried: libuv reads a connection up to 32 times a turn, and receivers of 2048 held the loop for 150 ms, not 4.
 */
export const BURST = 512;
const BUSY = "Socket is busy writing; only one send operation may be in progress at any time";
const SENT: Promise<void> = Promise.resolve();

/** What both halves of a socket work with. */
export interface HalfParts {
  /** The public socket, for diagnostics. */
  readonly owner: object;
  readonly pattern: Pattern;
  readonly options: OptionStore;
  readonly keepAlive: KeepAlive;
  readonly turns: Turns;
}

/**
 * Whether a refusal stands. Else the operation is out of turn and waits for its turn, as in libzmq. `ready` tells
 * whether the pattern was ready all the same.
 */
export function isFinal(error: unknown, ready: boolean, timeout: number): boolean {
  return ready || timeout === 0 || (error instanceof UsageError && error.code === "ENOTSUP");
}

/** See the head of this file. */
export class Sender {
  readonly #parts: HalfParts;
  readonly #pattern: Pattern;
  readonly #retryNow = (): void => this.#retry();
  #pending: Operation<void> | null = null;
  #unsent: Message = [];
  #credit = BURST;

  constructor(parts: HalfParts) {
    this.#parts = parts;
    this.#pattern = parts.pattern;
  }

  get busy(): boolean {
    return this.#pending !== null;
  }

  /** Resolves when the message is queued or written; sends nothing when it has no frames. Throws EBUSY. */
  send(message: Message, options: OperationOptions | undefined): Promise<void> {
    if (this.#pending !== null) throw new UsageError("EBUSY", BUSY);
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason as Error);
    if (message.length === 0) return SENT;
    try {
      if (this.#attempt(message)) {
        if (--this.#credit > 0) return SENT;
        this.#credit = BURST;
        return this.#parts.turns.next();
      }
    } catch (error) {
      if (isFinal(error, this.#pattern.writable, this.#timeout)) return Promise.reject(error as Error);
    }
    if (this.#timeout === 0) return Promise.reject(new UsageError("EAGAIN"));
    this.#unsent = message;
    this.#pending = new Operation({
      keepAlive: this.#parts.keepAlive,
      timeout: this.#timeout,
      signal: options?.signal,
      onExpire: () => this.end(),
      onAbort: (reason) => this.#finish().fail(reason),
    });
    return this.#pending.promise;
  }

  /** The pattern may have room. Called from within the pattern, so it only takes note. */
  wake(): void {
    if (this.#pending !== null) soon(this.#retryNow);
  }

  /** The last chance of a pending send: its time is up or the socket closes. */
  end(): void {
    if (this.#pending !== null) this.#settle(true);
  }

  get #timeout(): number {
    return this.#parts.options.number(OPTION.sendTimeout);
  }

  #attempt(message: Message): boolean {
    if (!this.#pattern.send(message)) return false;
    if (sendChannel.hasSubscribers) sendChannel.publish({ socket: this.#parts.owner, message });
    return true;
  }

  #retry(): void {
    if (this.#pending !== null && this.#pattern.writable) this.#settle(false);
  }

  #settle(last: boolean): void {
    try {
      if (this.#attempt(this.#unsent)) this.#finish().succeed();
      else if (last) this.#finish().fail(new UsageError("EAGAIN"));
    } catch (error) {
      this.#finish().fail(error);
    }
  }

  #finish(): Operation<void> {
    const operation = this.#pending!;
    this.#pending = null;
    this.#unsent = [];
    return operation;
  }
}
