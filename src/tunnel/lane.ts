/**
 * One direction of a relayed connection. While the leg at its end takes items at once nothing is kept here; else they
 * queue up to the high-water mark, and then the leg at its beginning is not read until half of them are gone.
 */
import { Queue } from "../bytes/queue.ts";
import type { Session } from "../net/session.ts";
import { type PipeItem, SubscriptionChange } from "../wire/message.ts";

/** What a frame costs beside its octets: its Buffer object. A message of a million empty frames is not small. */
const FRAME_COST = 100;

/** How much may wait; one item may exceed the octets. */
export interface LaneLimits {
  readonly highWaterMark: number;
  readonly maxQueuedBytes: number;
}

/** See the head of this file. */
export class Lane {
  /** Messages that went through, and the octets of their frames. */
  messages = 0;
  bytes = 0;
  readonly #limits: LaneLimits;
  readonly #queue = new Queue<PipeItem>();
  /** Cost of what is queued. */
  #held = 0;
  #source: Session | null = null;
  #sink: Session | null = null;
  #stalled = false;
  /** Nothing more is taken in: the link is being closed. */
  #sealed = false;
  /** Nobody is left at the end: what comes is let fall, as on a connection that is cut. */
  #dropping = false;

  constructor(limits: LaneLimits) {
    this.#limits = limits;
  }

  /** Items that wait. */
  get length(): number {
    return this.#queue.length;
  }

  /** True while the source must not be read. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** Items come from there. */
  from(source: Session): void {
    this.#source = source;
  }

  /** Items go there. */
  to(sink: Session): void {
    this.#sink = sink;
  }

  /** Takes in an item, always. False: no more until the source is resumed. */
  put(item: PipeItem): boolean {
    if (this.#queue.length === 0 && this.#sink?.take(item)) {
      this.#count(item);
    } else if (!this.#dropping) {
      this.#queue.push(item);
      this.#held += cost(item);
      const { highWaterMark, maxQueuedBytes } = this.#limits;
      if (this.#queue.length >= highWaterMark || this.#held >= maxQueuedBytes) this.#stalled = true;
    }
    return !this.#stalled;
  }

  /** The sink can take items again. */
  flush(): void {
    const queue = this.#queue;
    for (let item = queue.peek(); item !== undefined; item = queue.peek()) {
      if (!this.#sink?.take(item)) break;
      this.#count(item);
      // Taking it may have ended the connection, which empties the queue.
      if (queue.peek() !== item) return;
      queue.shift();
      this.#held -= cost(item);
    }
    const { highWaterMark, maxQueuedBytes } = this.#limits;
    if (queue.length <= highWaterMark / 2 && this.#held <= maxQueuedBytes / 2) this.#resume();
  }

  /** Takes in no more than what is under way already; what waits still goes out. */
  seal(): void {
    this.#sealed = true;
    this.#stalled = true;
  }

  /** The sink is gone: lets fall what waits and what still comes. */
  drop(): void {
    this.#dropping = true;
    this.#sink = null;
    this.#queue.clear();
    this.#held = 0;
    this.#resume();
  }

  #resume(): void {
    if (!this.#stalled || this.#sealed) return;
    this.#stalled = false;
    this.#source?.resume();
  }

  #count(item: PipeItem): void {
    if (item instanceof SubscriptionChange) return;
    this.messages++;
    for (const frame of item) this.bytes += frame.length;
  }
}

function cost(item: PipeItem): number {
  if (item instanceof SubscriptionChange) return item.topic.length + FRAME_COST;
  return item.reduce((sum, frame) => sum + frame.length + FRAME_COST, 0);
}
