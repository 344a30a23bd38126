/**
 * A gateway: sends the orders of its file to the exchange over a DEALER, and hears its reports there; hears the trades
 * of everybody on a SUB.
 *
 * A connection that is cut loses messages, in both directions, and ZeroMQ does not say which. So everything has a number,
 * and the gateway says now and then, and whenever it is connected anew, what it has (`hello`); the exchange answers with
 * what is missing. What comes twice, or too early, is not looked at.
 */
import { readFileSync } from "node:fs";
import { Dealer, Subscriber } from "qzmq";
import type { NodeConfig } from "./config.ts";
import { clientSecurity, Link, type Log, type Running } from "./links.ts";
import { type Order, orderOf, readToGateway, type ToExchange, type Trade } from "./messages.ts";

/** Orders on the way that the exchange has not accepted yet. */
const WINDOW = 10;
/** Milliseconds between two hellos, and between two looks at the file of orders. */
const HELLO_EVERY = 200;

/** Starts a gateway; it connects, and connects again, by itself. */
export async function runGateway(config: NodeConfig, log: Log): Promise<Running> {
  const security = await clientSecurity(config);
  const dealer = new Dealer({ security, routingId: config.name, linger: 0 });
  const subscriber = new Subscriber({ security: await clientSecurity(config) });
  const links = [
    new Link("orders", dealer, security, log),
    new Link("market data", subscriber, subscriber.security as typeof security, log),
  ];
  let orders: readonly Order[] = [];
  /** How many of them the exchange has; were sent; had been sent at the last hello. */
  let accepted = 0;
  let sent = 0;
  let sentAtHello = 0;
  let reports = 0;
  let trades = 0;
  let saying = Promise.resolve();

  const say = (message: ToExchange): void => {
    saying = saying
      .then(() => dealer.send(JSON.stringify(message)))
      .catch((error) => {
        // After close, what waits has nobody to go to.
        if (!dealer.closed) throw error;
      });
  };

  const hello = (): void => {
    if (security.connections.length === 0) return;
    sentAtHello = sent;
    say({ type: "hello", reports, trades });
  };

  const sendOrders = (): void => {
    while (sent < Math.min(orders.length, accepted + WINDOW)) {
      say({ type: "order", order: orders[sent]! });
      sent++;
    }
  };

  const onWelcome = (known: number): void => {
    accepted = Math.max(accepted, known);
    // Those sent before the hello came before it, or were lost.
    if (known < sentAtHello) sent = known;
    sent = Math.max(sent, known);
    sendOrders();
  };

  const onTrade = (trade: Trade): void => {
    if (trade.t !== trades + 1) return;
    trades = trade.t;
    log("trade", { ...trade });
  };

  const readReports = async (): Promise<void> => {
    for await (const [frame] of dealer) {
      const message = readToGateway(frame!);
      if (message.type === "welcome") onWelcome(message.orders);
      else if (message.type === "trade") onTrade(message.trade);
      else if (message.report.r === reports + 1) {
        reports = message.report.r;
        log("report", { ...message.report });
        if (message.report.what !== "accepted") continue;
        accepted = Math.max(accepted, message.report.n);
        sendOrders();
      }
    }
  };

  const readTrades = async (): Promise<void> => {
    for await (const [, trade] of subscriber) onTrade(JSON.parse(trade!.toString()) as Trade);
  };

  const connect = (): void => {
    dealer.connect(config.orders);
    subscriber.connect(config.marketData);
  };

  dealer.events.on("handshake", hello);
  subscriber.subscribe("trade.");
  connect();
  void readReports();
  void readTrades();
  const timer = setInterval(() => {
    orders = readOrders(config.file);
    hello();
  }, HELLO_EVERY);
  return {
    links,
    reconnect() {
      dealer.disconnect(config.orders);
      subscriber.disconnect(config.marketData);
      connect();
    },
    close() {
      clearInterval(timer);
      for (const link of links) link.close();
      dealer.close();
      subscriber.close();
    },
  };
}

/** The orders of the file; half a line at the end is still being written. Their numbers are those of the lines. */
function readOrders(path: string): Order[] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line, i) => {
    const order = orderOf({ ...(JSON.parse(line) as object), n: i + 1 });
    if (order === null) throw new Error(`${path}, line ${i + 1}: no order`);
    return order;
  });
}
