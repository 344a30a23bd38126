/** Load balancing: the pipes with room take turns, one message a turn (RFC 28 and 30, "round-robin"). */
import type { Pipe } from "./pipe.ts";

/**
 * All pipes in one array, split by index: those below `#ready` may have room, those from there on are full. A pipe
 * moves between the parts by one swap; a full one costs nothing until it is writable again.
 */
export class LoadBalancer {
  readonly #pipes: Pipe[] = [];
  readonly #index = new Map<Pipe, number>();
  #ready = 0;
  #turn = 0;

  /** True when {@link LoadBalancer.next} would find a pipe. */
  get writable(): boolean {
    return this.#skipFull() !== undefined;
  }

  /** Adds a pipe; one that is known already stays where it is. */
  attach(pipe: Pipe): void {
    if (this.#index.has(pipe)) return;
    this.#index.set(pipe, this.#pipes.length);
    this.#pipes.push(pipe);
    this.activate(pipe);
  }

  /** Forgets a pipe, known or not. */
  detach(pipe: Pipe): void {
    if (!this.#index.has(pipe)) return;
    this.#deactivate(pipe);
    this.#swap(this.#index.get(pipe)!, this.#pipes.length - 1);
    this.#pipes.pop();
    this.#index.delete(pipe);
  }

  /** The pipe has room again (`PipeOwner.onWritable`). */
  activate(pipe: Pipe): void {
    const index = this.#index.get(pipe);
    if (index === undefined || index < this.#ready) return;
    this.#swap(index, this.#ready);
    this.#ready++;
  }

  /** The pipe whose turn it is: its `write()` succeeds, and the caller must use it. `undefined` when all are full. */
  next(): Pipe | undefined {
    const pipe = this.#skipFull();
    this.#turn = this.#turn + 1 < this.#ready ? this.#turn + 1 : 0;
    return pipe;
  }

  #skipFull(): Pipe | undefined {
    while (this.#ready > 0) {
      const pipe = this.#pipes[this.#turn]!;
      if (pipe.writable) return pipe;
      this.#deactivate(pipe);
    }
    return undefined;
  }

  #deactivate(pipe: Pipe): void {
    const index = this.#index.get(pipe)!;
    if (index >= this.#ready) return;
    this.#ready--;
    this.#swap(index, this.#ready);
    if (this.#turn >= this.#ready) this.#turn = 0;
  }

  #swap(a: number, b: number): void {
    const pipes = this.#pipes;
    const first = pipes[a]!;
    const second = pipes[b]!;
    pipes[a] = second;
    pipes[b] = first;
    this.#index.set(second, a);
    this.#index.set(first, b);
  }
}
