/** Turns of the event loop. A loop of operations that all complete at once must let timers and I/O run now and then. */

/** Calls `task` when the code that runs now is done, before the event loop goes on. */
export function soon(task: () => void): void {
  queueMicrotask(task);
}

/** Hands out one promise a turn, however often it is asked. */
export class Turns {
  #next: Promise<void> | null = null;

  /** Resolves in the next turn of the event loop, after pending I/O. Holds the process alive until then. */
  next(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#next = null;
        resolve();
      });
    });
    return this.#next;
  }
}
