/** A first-in, first-out queue over a ring that grows by doubling and gives its memory back when it runs empty. */

const SMALLEST = 16;

/** O(1) at both ends, where `Array.prototype.shift` moves every element. Capacity is always a power of two. */
export class Queue<T> {
  #ring: (T | undefined)[] = new Array(SMALLEST);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    const ring = this.#ring;
    if (this.#length === ring.length) {
      this.#grow();
      this.push(item);
      return;
    }
    ring[(this.#head + this.#length) & (ring.length - 1)] = item;
    this.#length++;
  }

  /** Puts an item back in front, so that it is the next one out. */
  unshift(item: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#ring.length - 1);
    this.#ring[this.#head] = item;
    this.#length++;
  }

  /** The oldest item, taken out; `undefined` when the queue is empty. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const ring = this.#ring;
    const item = ring[this.#head];
    ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (ring.length - 1);
    this.#length--;
    if (this.#length === 0 && ring.length > 1024) this.clear();
    return item;
  }

  /** The oldest item, left in. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#ring[this.#head];
  }

  clear(): void {
    this.#ring = new Array(SMALLEST);
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const old = this.#ring;
    const ring: (T | undefined)[] = new Array(old.length * 2);
    for (let i = 0; i < this.#length; i++) ring[i] = old[(this.#head + i) & (old.length - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}
