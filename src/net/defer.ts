/** Runs costly tasks one a turn of the event loop, in the order they came, so that traffic goes on between them. */
import { Queue } from "../bytes/queue.ts";

/** See the head of this file. The number of tasks is bounded by those who defer: one a connection. */
export class DeferredTasks {
  readonly #tasks = new Queue<() => void>();
  #scheduled = false;

  /** Tasks that have not begun. */
  get length(): number {
    return this.#tasks.length;
  }

  push(task: () => void): void {
    this.#tasks.push(task);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const task = this.#tasks.shift();
      if (this.#tasks.length > 0) this.#schedule();
      task?.();
    });
  }
}
