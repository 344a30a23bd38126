/** What the nodes tell each other: JSON in one frame. Whatever has not the form it should have is `null`. */

export type Side = "buy" | "sell";

/** An order as its gateway numbers it: 1, 2, 3, ... Prices and quantities are whole numbers. */
export interface Order {
  readonly n: number;
  readonly symbol: string;
  readonly side: Side;
  readonly price: number;
  readonly quantity: number;
}

/** What became of order `n`; each gateway's reports are numbered `r` = 1, 2, 3, ... `left` is what is not filled yet. */
export type Report =
  | { readonly r: number; readonly n: number; readonly what: "accepted"; readonly left: number }
  | {
      readonly r: number;
      readonly n: number;
      readonly what: "filled";
      readonly price: number;
      readonly quantity: number;
      readonly left: number;
    };

/** Public: a trade, numbered `t` = 1, 2, 3, ... by the exchange. */
export interface Trade {
  readonly t: number;
  readonly symbol: string;
  readonly price: number;
  readonly quantity: number;
}

/** Gateway to exchange. `hello` says what the gateway has; the exchange answers with what it misses. */
export type ToExchange =
  | { readonly type: "hello"; readonly reports: number; readonly trades: number }
  | { readonly type: "order"; readonly order: Order };

/** Exchange to gateway. `welcome` says how many of the gateway's orders the exchange has. */
export type ToGateway =
  | { readonly type: "welcome"; readonly orders: number }
  | { readonly type: "report"; readonly report: Report }
  | { readonly type: "trade"; readonly trade: Trade };

/** No message is longer, in octets. */
const MAX_LENGTH = 4096;
const MAX_NUMBER = 1e9;

/** A gateway may be faulty, although it is who it says: everything is looked at. */
export function readToExchange(frame: Buffer): ToExchange | null {
  const message = read(frame);
  if (message["type"] === "hello") {
    const { reports, trades } = message;
    return isCount(reports) && isCount(trades) ? { type: "hello", reports, trades } : null;
  }
  const order = message["type"] === "order" ? orderOf(message["order"]) : null;
  return order === null ? null : { type: "order", order };
}

/** An order with nothing else in it. */
export function orderOf(value: unknown): Order | null {
  const { n, symbol, side, price, quantity } = (value ?? {}) as Record<string, unknown>;
  if (!isCount(n) || !isCount(price) || !isCount(quantity) || n * price * quantity === 0) return null;
  if (typeof symbol !== "string" || !/^[A-Z]{1,8}$/.test(symbol)) return null;
  return side === "buy" || side === "sell" ? { n, symbol, side, price, quantity } : null;
}

/** The exchange is believed: its certificate says that it is the one. */
export function readToGateway(frame: Buffer): ToGateway {
  return JSON.parse(frame.toString()) as ToGateway;
}

function read(frame: Buffer): Record<string, unknown> {
  if (frame.length > MAX_LENGTH) return {};
  try {
    return (JSON.parse(frame.toString()) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_NUMBER;
}
