/** An operation that could not complete at once: a blocked send, a receive without a message. */
import { Deadline } from "./net/deadline.ts";
import type { KeepAlive } from "./net/keep-alive.ts";

/** What users may pass to `send()` and `receive()`. */
export interface OperationOptions {
  /** Ends the wait: the promise rejects with the signal's reason, and the socket stays usable. */
  readonly signal?: AbortSignal;
}

/** What an operation waits with. */
export interface OperationParts {
  readonly keepAlive: KeepAlive;
  /** Milliseconds; negative waits for ever. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  /** The time is up. The operation is still pending; settle it. */
  readonly onExpire: () => void;
  /** The signal fired. The operation is still pending; settle it. */
  readonly onAbort: (reason: unknown) => void;
}

/** Holds the process alive until it is settled, which happens once. */
export class Operation<T> {
  readonly promise: Promise<T>;
  readonly #keepAlive: KeepAlive;
  readonly #deadline: Deadline | null;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: (() => void) | null;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;

  constructor(parts: OperationParts) {
    const { keepAlive, timeout, signal, onExpire, onAbort } = parts;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#keepAlive = keepAlive;
    keepAlive.acquire();
    this.#deadline = timeout < 0 ? null : new Deadline(timeout, onExpire);
    this.#signal = signal;
    this.#onAbort = signal === undefined ? null : () => onAbort(signal.reason);
    if (this.#onAbort !== null) signal?.addEventListener("abort", this.#onAbort);
  }

  succeed(value: T): void {
    this.#release();
    this.#resolve(value);
  }

  fail(error: unknown): void {
    this.#release();
    this.#reject(error);
  }

  #release(): void {
    this.#keepAlive.release();
    this.#deadline?.clear();
    if (this.#onAbort !== null) this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
