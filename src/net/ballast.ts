/**
 * V8 marks its whole heap whenever about four times its size was allocated, the memory behind Buffers included, but not
 * while it holds less than 8 MiB. Between two cheap collections of young objects pass 32 MiB of bodies. So a heap of 8 to
 * 11 MiB, as of a program with QZMQ and little else, is marked over and over while large messages come in: 36 times for
 * 20 000 of 64 KiB, a third of their cost. Some MiB of plain numbers, through which nobody has to look, lift it out of
 * that range, and it is marked once. A smaller heap is better left alone, a larger one needs nothing.
 */
import { getHeapSpaceStatistics } from "node:v8";

const MIB = 1024 * 1024;
const WORST = 7.75 * MIB;
const ENOUGH = 13 * MIB;

/** See the head of this file. */
export class Ballast {
  readonly #heap: () => number;
  #numbers: number[] = [];

  /** `heap` tells how many octets of long-lived objects there are. */
  constructor(heap: () => number = longLived) {
    this.#heap = heap;
  }

  /** Octets held. */
  get size(): number {
    return 8 * this.#numbers.length;
  }

  /**
   * Much data is passing: takes what the heap lacks, and keeps it, for what is let go counts until the heap is marked. To
   * be called now and then, for the heap may have grown.
   */
  check(): void {
    if (this.size > 0) return;
    const heap = this.#heap();
    if (heap >= WORST && heap < ENOUGH) this.#numbers = new Array(Math.ceil((ENOUGH - heap) / 8)).fill(0.5);
  }
}

/** Nothing of this is there in other runtimes, which need no ballast. */
function longLived(): number {
  let octets = 0;
  for (const { space_name, space_used_size } of getHeapSpaceStatistics?.() ?? []) {
    if (!space_name.startsWith("new")) octets += space_used_size;
  }
  return octets;
}
