/** The order book of one symbol. The best price trades first, and at one price who came first (price-time priority). */
import type { Side } from "./messages.ts";

/** Part of an order met part of one that was waiting, at the waiting one's price. */
export interface Match {
  /** Of the order that was waiting. */
  readonly id: string;
  readonly price: number;
  readonly quantity: number;
  /** What is not filled yet: of the one that was waiting, and of the one that came. */
  readonly waitingLeft: number;
  readonly left: number;
}

interface Waiting {
  readonly id: string;
  readonly price: number;
  left: number;
}

/** See the head of this file. */
export class Book {
  /** The best first, and the older first among equals. */
  readonly #waiting: Readonly<Record<Side, Waiting[]>> = { buy: [], sell: [] };

  /** Takes an order; the matches it makes, in order. What is left of it waits. */
  add(id: string, side: Side, price: number, quantity: number): Match[] {
    const others = this.#waiting[side === "buy" ? "sell" : "buy"];
    const matches: Match[] = [];
    let left = quantity;
    for (let best = others[0]; left > 0 && best !== undefined; best = others[0]) {
      if (side === "buy" ? best.price > price : best.price < price) break;
      const traded = Math.min(left, best.left);
      left -= traded;
      best.left -= traded;
      matches.push({ id: best.id, price: best.price, quantity: traded, waitingLeft: best.left, left });
      if (best.left === 0) others.shift();
    }
    if (left > 0) this.#wait(side, { id, price, left });
    return matches;
  }

  #wait(side: Side, order: Waiting): void {
    const queue = this.#waiting[side];
    const behind = queue.findIndex(({ price }) =>
      side === "buy" ? price < order.price : price > order.price,
    );
    queue.splice(behind === -1 ? queue.length : behind, 0, order);
  }
}
