/** The receiving half of a socket: hands out what is there, or waits for it as the one {@link Operation} allowed. */
import { receiveChannel } from "./diagnostics.ts";
import { UsageError } from "./errors.ts";
import { soon } from "./net/turn.ts";
import { Operation, type OperationOptions } from "./operation.ts";
import { OPTION } from "./option-table.ts";
import type { Pattern } from "./pattern/pattern.ts";
import { BURST, type HalfParts, isFinal } from "./sender.ts";
import type { Message } from "./wire/message.ts";

const BUSY = "Socket is busy reading; only one receive operation may be in progress at any time";

/** See the head of this file. */
export class Receiver {
  readonly #parts: HalfParts;
  readonly #pattern: Pattern;
  readonly #retryNow = (): void => this.#retry();
  #pending: Operation<Message> | null = null;
  #credit = BURST;

  constructor(parts: HalfParts) {
    this.#parts = parts;
    this.#pattern = parts.pattern;
  }

  get busy(): boolean {
    return this.#pending !== null;
  }

  /** Resolves with the next message. Throws EBUSY, TypeError where the type does not receive. */
  receive(options: OperationOptions | undefined): Promise<Message> {
    if (this.#pending !== null) throw new UsageError("EBUSY", BUSY);
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason as Error);
    if (this.#credit > 0 || this.#timeout === 0) {
      try {
        const message = this.#take();
        if (message !== undefined) return Promise.resolve(message);
      } catch (error) {
        if ((error as UsageError).code === "ENOTSUP") throw notReceiving(this.#pattern.type);
        if (isFinal(error, this.#pattern.readable, this.#timeout)) return Promise.reject(error as Error);
      }
      if (this.#timeout === 0) return Promise.reject(new UsageError("EAGAIN"));
    } else {
      void this.#parts.turns.next().then(this.#retryNow);
    }
    this.#credit = BURST;
    this.#pending = new Operation({
      keepAlive: this.#parts.keepAlive,
      timeout: this.#timeout,
      signal: options?.signal,
      onExpire: () => this.end(),
      onAbort: (reason) => this.#finish().fail(reason),
    });
    return this.#pending.promise;
  }

  /** A message that may be had without waiting; otherwise call `receive`, which also tells what is wrong. */
  receiveNow(): Message | undefined {
    if (this.#pending !== null || this.#credit <= 0) return undefined;
    try {
      return this.#take();
    } catch {
      // The same error comes from receive(), which knows whether to wait.
      return undefined;
    }
  }

  /** A message may be there. Called from within the pattern, so it only takes note. */
  wake(): void {
    if (this.#pending !== null) soon(this.#retryNow);
  }

  /** The last chance of a pending receive: its time is up or the socket closes. */
  end(): void {
    if (this.#pending !== null) this.#settle(true);
  }

  get #timeout(): number {
    return this.#parts.options.number(OPTION.receiveTimeout);
  }

  #take(): Message | undefined {
    const message = this.#pattern.receive();
    if (message === undefined) return undefined;
    this.#credit--;
    if (receiveChannel.hasSubscribers) receiveChannel.publish({ socket: this.#parts.owner, message });
    return message;
  }

  #retry(): void {
    if (this.#pending !== null && this.#pattern.readable) this.#settle(false);
  }

  #settle(last: boolean): void {
    try {
      const message = this.#take();
      if (message !== undefined) this.#finish().succeed(message);
      else if (last) this.#finish().fail(new UsageError("EAGAIN"));
    } catch (error) {
      this.#finish().fail(error);
    }
  }

  #finish(): Operation<Message> {
    const operation = this.#pending!;
    this.#pending = null;
    return operation;
  }
}

/** zeromq.js does not declare the method for such types, so that calling it is a mistake in the program. */
function notReceiving(type: string): TypeError {
  return new TypeError(`receive is not a function: ${type} sockets do not receive`);
}
