/**
 * The exchange's memory: who has ordered what, and what came of it. It is a function of the accepted orders in their
 * sequence, so whoever has these (the journal) has everything else.
 *
 * For the sake of a short example it forgets nothing.
 */
import { Book } from "./book.ts";
import type { Order, Report, Trade } from "./messages.ts";

/** One accepted order. */
export interface Entry {
  readonly member: string;
  readonly order: Order;
}

interface Member {
  /** The numbers of its orders are 1 to this. */
  orders: number;
  readonly reports: Report[];
}

/** See the head of this file. */
export class Matching {
  readonly #books = new Map<string, Book>();
  readonly #members = new Map<string, Member>();
  readonly #trades: Trade[] = [];

  /** How many orders of this member were accepted. */
  ordersOf(member: string): number {
    return this.#members.get(member)?.orders ?? 0;
  }

  /** Its reports after the first `known`. */
  reportsOf(member: string, known: number): Report[] {
    return this.#members.get(member)?.reports.slice(known) ?? [];
  }

  /** Names of all who have ordered. */
  get members(): string[] {
    return [...this.#members.keys()];
  }

  /** The trades after the first `known`. */
  tradesAfter(known: number): Trade[] {
    return this.#trades.slice(known);
  }

  get trades(): number {
    return this.#trades.length;
  }

  /** Takes the member's next order; throws when it is another one. */
  accept({ member, order }: Entry): void {
    const state = this.#member(member);
    if (order.n !== state.orders + 1) throw new RangeError(`${member}: order ${order.n} is not the next`);
    state.orders = order.n;
    this.#report(member, { n: order.n, what: "accepted", left: order.quantity });
    const { symbol, side, price, quantity } = order;
    for (const match of this.#book(symbol).add(`${member} ${order.n}`, side, price, quantity)) {
      const trade = { price: match.price, quantity: match.quantity };
      this.#trades.push({ t: this.#trades.length + 1, symbol, ...trade });
      const [waiting, n] = match.id.split(" ") as [string, string];
      this.#report(waiting, { n: Number(n), what: "filled", ...trade, left: match.waitingLeft });
      this.#report(member, { n: order.n, what: "filled", ...trade, left: match.left });
    }
  }

  #report(member: string, report: Unnumbered<Report>): void {
    const { reports } = this.#member(member);
    reports.push({ r: reports.length + 1, ...report });
  }

  #member(name: string): Member {
    const member = this.#members.get(name) ?? { orders: 0, reports: [] };
    this.#members.set(name, member);
    return member;
  }

  #book(symbol: string): Book {
    const book = this.#books.get(symbol) ?? new Book();
    this.#books.set(symbol, book);
    return book;
  }
}

type Unnumbered<R> = R extends Report ? Omit<R, "r"> : never;
