/**
 * Large blocks of memory, of which every record and every large message needs fresh ones.
 *
 * Freed by hand. The garbage collector counts the memory behind buffers and marks the whole heap each time that some
 * 20 MiB have passed: a fifth of the time that encrypted links took. Memory that is known to be done with (a record
 * that was written, or taken apart) is therefore moved out of its buffer, which frees it, still warm, for the next one.
 *
 * Kept in the process. The C library of Linux (glibc) hands freed memory above 128 KiB back to the system at once and
 * fetches it anew, one page fault for each 4 KiB: a third of the time that large messages took. It learns from the
 * largest block that a program has freed (mallopt(3), M_MMAP_THRESHOLD): freeing one of 31 MiB that nobody touched
 * makes it keep up to twice that. Other C libraries do not mind.
 */
import { MessageChannel } from "node:worker_threads";
import { Ballast } from "./ballast.ts";

/** Just below the largest size that glibc learns from, 32 MiB. */
const LESSON = 31 * 1024 * 1024;
/** How often, while much data passes, the heap is looked at. */
const LOOK = 4096;
/** Freeing by hand takes a microsecond or two: below so many octets it does not pay. */
const WORTH = 16_384;

/** Node 22 and later. */
interface Transferable {
  transfer?(length: number): unknown;
}

/** See the head of this file. One a context. */
export class Allocator {
  readonly #detach = detacher();
  readonly #ballast: Pick<Ballast, "check">;
  #bulks = 0;

  constructor(ballast: Pick<Ballast, "check"> = new Ballast()) {
    this.#ballast = ballast;
  }

  /** Much data is passing. */
  bulk(): void {
    // Untouched, it takes no memory but addresses.
    if (this.#bulks === 0) this.free(Buffer.allocUnsafeSlow(LESSON));
    if (this.#bulks++ % LOOK === 0) this.#ballast.check();
  }

  /** Frees `bytes`, which is empty afterwards, if that pays and it is all of its memory. */
  free(bytes: Uint8Array): void {
    const memory = bytes.buffer;
    if (bytes.length < WORTH || bytes.length !== memory.byteLength || !(memory instanceof ArrayBuffer))
      return;
    this.#detach(memory);
  }
}

/** What moves memory out of an ArrayBuffer to where nobody keeps it. */
function detacher(): (memory: ArrayBuffer) => void {
  if (typeof (ArrayBuffer.prototype as Transferable).transfer === "function") {
    return (memory) => (memory as Transferable).transfer!(0);
  }
  // A message to a closed port is dropped, with what was transferred (HTML, "message port post message steps").
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.unref();
  return (memory) => port1.postMessage(null, [memory]);
}
