/**
 * The exchange: takes orders on a ROUTER, matches them, reports on the ROUTER, and publishes trades on a PUB.
 *
 * An order is in the journal before anybody hears of it. An exchange that was killed therefore knows every order that it
 * has told about, and those that it lost it never had: their gateways send them again.
 */
import { Publisher, Router } from "qzmq";
import type { NodeConfig } from "./config.ts";
import { Journal } from "./journal.ts";
import { Link, type Log, type Running, serverSecurity } from "./links.ts";
import { type Entry, Matching } from "./matching.ts";
import { type Order, readToExchange, type ToGateway } from "./messages.ts";

/** No more of the past than this is sent for one `hello`; the next one asks for the rest. */
const MOST_AT_ONCE = 500;

/** Starts the exchange; resolves when it is bound. */
export async function runExchange(config: NodeConfig, log: Log): Promise<Running> {
  const journal = new Journal<Entry>(config.file);
  const matching = new Matching();
  for (const entry of journal.entries) matching.accept(entry);
  log("remembered", { orders: journal.entries.length, trades: matching.trades });

  const security = await serverSecurity(config);
  // A gateway that comes back takes over its routing id at once, also from a connection whose end nobody saw.
  const router = new Router({ security, handover: true, linger: 1000 });
  const publisher = new Publisher({ security: await serverSecurity(config), linger: 1000 });
  const links = [
    new Link("orders", router, security, log),
    new Link("market data", publisher, publisher.security as typeof security, log),
  ];
  /** How many reports of each member have left. */
  const reported = new Map<string, number>();

  /** A routing id is what a peer says; only the one whose certificate says the same may use it. */
  const isMember = (name: string): boolean =>
    security.connections.some(
      ({ routingId, facts }) => routingId.toString() === name && facts["peer"] === name,
    );

  const tell = async (member: string, message: ToGateway): Promise<void> => {
    if (isMember(member)) await router.send([member, JSON.stringify(message)]);
  };

  const onHello = async (member: string, reports: number, trades: number): Promise<void> => {
    await tell(member, { type: "welcome", orders: matching.ordersOf(member) });
    for (const report of matching.reportsOf(member, reports).slice(0, MOST_AT_ONCE)) {
      await tell(member, { type: "report", report });
    }
    for (const trade of matching.tradesAfter(trades).slice(0, MOST_AT_ONCE)) {
      await tell(member, { type: "trade", trade });
    }
  };

  const onOrder = async (member: string, order: Order): Promise<void> => {
    // One that we have, or one after others that were lost: the gateway hears of it at its next hello.
    if (order.n !== matching.ordersOf(member) + 1) return log("passed over", { member, n: order.n });
    const known = matching.trades;
    journal.append({ member, order });
    matching.accept({ member, order });
    log("accepted", { member, ...order });
    for (const name of matching.members) {
      for (const report of matching.reportsOf(name, reported.get(name) ?? 0)) {
        await tell(name, { type: "report", report });
        reported.set(name, report.r);
      }
    }
    for (const trade of matching.tradesAfter(known)) {
      await publisher.send([`trade.${trade.symbol}`, JSON.stringify(trade)]);
    }
  };

  const serve = async (): Promise<void> => {
    for await (const [routingId, frame] of router) {
      const member = routingId!.toString();
      const message = isMember(member) && frame !== undefined ? readToExchange(frame) : null;
      if (message === null) log("dropped", { member });
      else if (message.type === "order") await onOrder(member, message.order);
      else await onHello(member, message.reports, message.trades);
    }
  };

  for (const name of matching.members) reported.set(name, matching.reportsOf(name, 0).length);
  await router.bind(config.orders);
  await publisher.bind(config.marketData);
  void serve();
  return {
    links,
    close() {
      for (const link of links) link.close();
      router.close();
      publisher.close();
      journal.close();
    },
  };
}
