/**
 * What happens when a program runs out of work. Messages that are still queued hold the process for the `linger` of
 * their socket; when that takes long, standard error says so.
 */
import { Deadline } from "./net/deadline.ts";
import { KeepAlive } from "./net/keep-alive.ts";

const WARN_AFTER = 500;

/** An open socket, as the end of the process sees it. */
export interface Lingerer {
  /** True while it has messages that nobody has taken. */
  readonly hasUnsent: boolean;
  /** Whether its context holds the process for ever by default; named in the warning. */
  readonly blocky: boolean;
  /** Closes the socket under its linger. */
  close(): void;
}

/** Watches over the sockets of this thread that are bound or connected. */
class ExitGuard {
  readonly #keepAlive = new KeepAlive();
  readonly #open = new Set<Lingerer>();
  /** Sockets that are closed but not gone, with their contexts' `blocky`. */
  readonly #lingering = new Map<Promise<void>, boolean>();
  readonly #onBeforeExit = (): void => this.#linger();

  add(socket: Lingerer): void {
    if (this.#open.size + this.#lingering.size === 0) process.on("beforeExit", this.#onBeforeExit);
    this.#open.add(socket);
  }

  /** The socket was closed and will be gone when `gone` resolves. Only for one that was added. */
  closed(socket: Lingerer, gone: Promise<void>): void {
    if (!this.#open.delete(socket)) return;
    this.#lingering.set(gone, socket.blocky);
    void gone.then(() => {
      this.#lingering.delete(gone);
      if (this.#open.size + this.#lingering.size === 0) process.off("beforeExit", this.#onBeforeExit);
    });
  }

  #linger(): void {
    for (const socket of [...this.#open]) if (socket.hasUnsent) socket.close();
    if (this.#lingering.size === 0) return;
    this.#keepAlive.acquire();
    const warning = new Deadline(WARN_AFTER, () => this.#warn());
    void Promise.all(this.#lingering.keys()).then(() => {
      warning.clear();
      this.#keepAlive.release();
    });
  }

  #warn(): void {
    const advice = [...this.#lingering.values()].some((blocky) => blocky)
      ? " Set 'context.blocky = false' to change this behaviour."
      : "";
    process.stderr.write(
      `(node:${process.pid}) WARNING: Waiting for queued ZeroMQ messages to be delivered.${advice}\n`,
    );
  }
}

/** A process ends once, so there is one of these. */
export const exitGuard = new ExitGuard();
