/**
 * Holds the process alive while somebody waits. Listeners and connections never do (they are unref'd): an idle socket
 * must not keep a program from ending, but a pending `receive()` must, even over inproc where no handle exists.
 */

const LONG = 0x7fffffff;

/** A counted hold: the process stays while more `acquire` than `release` calls were made. */
export class KeepAlive {
  #holders = 0;
  #timer: NodeJS.Timeout | null = null;

  acquire(): void {
    if (this.#holders++ > 0) return;
    this.#timer ??= setInterval(() => {}, LONG);
    this.#timer.ref();
  }

  release(): void {
    if (this.#holders === 0) throw new RangeError("release() without acquire()");
    if (--this.#holders === 0) this.#timer?.unref();
  }
}
