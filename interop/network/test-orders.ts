/** The orders of a gateway for a day, and what must have come of them by the evening. */
import * as assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import { type Entry, Matching } from "./matching.ts";
import type { Order, Report } from "./messages.ts";
import type { LogLine } from "./node-process.ts";

/**
 * The first `count` orders. Each order to buy is followed by one to sell as much of the same, every buyer pays what any
 * seller asks, so that in the end, whoever traded with whom, nothing is left.
 */
export function testOrders(gateway: number, count: number): Omit<Order, "n">[] {
  return Array.from({ length: count }, (_, i) => {
    const pair = i >> 1;
    const side = (i + gateway) % 2 === 0 ? "buy" : "sell";
    const price = side === "buy" ? 100 + (pair % 5) : 100 - ((pair * 3) % 5);
    return {
      symbol: pair % 3 === 0 ? "ZINC" : "ACME",
      side,
      price,
      quantity: 1 + ((pair * 7 + gateway) % 9),
    };
  });
}

/** Gives a gateway its orders `from` to `to`, the first of all being 0. */
export function release(file: string, orders: readonly Omit<Order, "n">[], from: number, to: number): void {
  const lines = orders.slice(from, to).map((order) => `${JSON.stringify(order)}\n`);
  appendFileSync(file, lines.join(""));
}

/**
 * What a gateway was told, from its log: once, and in order. After a restart it is told everything again, and must be
 * told the same.
 */
export function numbered<T>(lines: readonly LogLine[], event: "report" | "trade", key: "r" | "t"): T[] {
  const all: T[] = [];
  let last = 0;
  for (const { time: _, node: __, event: name, ...rest } of lines) {
    if (name === "started") last = 0;
    if (name !== event) continue;
    assert.equal(rest[key], ++last, `number of a ${event}`);
    if (last > all.length) all.push(rest as T);
    else assert.deepEqual(rest, all[last - 1], `${event} ${last} was told twice, and differently`);
  }
  return all;
}

/** Every order was accepted once and in order, and was filled in full. */
export function checkReports(
  name: string,
  orders: readonly Omit<Order, "n">[],
  reports: readonly Report[],
): void {
  const accepted = reports.filter(({ what }) => what === "accepted").map(({ n }) => n);
  assert.deepEqual(
    accepted,
    Array.from(orders, (_, i) => i + 1),
    `${name}: orders accepted, in order`,
  );
  const left = orders.map(({ quantity }) => quantity);
  for (const report of reports) {
    if (report.what !== "filled") continue;
    const { side, price } = orders[report.n - 1]!;
    left[report.n - 1]! -= report.quantity;
    assert.equal(report.left, left[report.n - 1], `${name}: what is left of order ${report.n}`);
    assert.ok(
      side === "buy" ? report.price <= price : report.price >= price,
      `${name}: price of ${report.n}`,
    );
  }
  assert.ok(
    left.every((quantity) => quantity === 0),
    `${name}: every order is filled, but of these so much is left: ${left}`,
  );
}

/** The exchange as its journal has it. Throws when an order is in there twice, or out of order. */
export function replay(path: string): Matching {
  const matching = new Matching();
  for (const line of readFileSync(path, "utf8").split("\n").slice(0, -1)) {
    matching.accept(JSON.parse(line) as Entry);
  }
  return matching;
}
