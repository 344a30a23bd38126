/**
 * Keeps freed memory in the process while much of it comes and goes.
 *
 * Every large message and every record needs fresh memory, which the garbage collector frees many at once. The C
 * library of Linux (glibc) hands freed memory above 128 KiB back to the system at once and fetches it anew, one page
 * fault for each 4 KiB: a third of the time that large messages took. It learns from the largest block that a program
 * has freed (mallopt(3), M_MMAP_THRESHOLD): freeing one of 31 MiB that nobody touched makes it keep up to twice that.
 * Other C libraries do not mind.
 */

/** Just below the largest size that glibc learns from, 32 MiB. */
const LESSON = 31 * 1024 * 1024;

/** See the head of this file. One a context. */
export class Allocator {
  #taught = false;

  /** Much data is passing. */
  bulk(): void {
    if (this.#taught) return;
    this.#taught = true;
    // Untouched, it takes no memory but addresses; the next collection frees it.
    Buffer.allocUnsafeSlow(LESSON);
  }
}
