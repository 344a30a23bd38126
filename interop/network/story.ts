/**
 * A day on the exchange, with everything that goes wrong: nodes are killed, keys rotate, a certificate is revoked. What
 * is waited for are events, never times. Throws when anything is not as it must be.
 */
import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Report, Trade } from "./messages.ts";
import { type LogLine, NodeProcess } from "./node-process.ts";
import { freeEndpoints, Operator } from "./operator.ts";
import { checkReports, numbered, release, replay, testOrders } from "./test-orders.ts";

/** How the day is to be. */
export interface Day {
  /** Empty; keys, configurations, logs and the journal go there. */
  readonly folder: string;
  /** Of each gateway; a multiple of 8. */
  readonly orders: number;
  /** Ends when the revoked gateway is shut out, and kills the exchange only: half the processes. */
  readonly short: boolean;
  readonly tell: (line: string) => void;
}

const handshake =
  (peer: string, link = "orders") =>
  (line: LogLine): boolean =>
    line.event === "handshake" && line["peer"] === peer && line["link"] === link;
const accepted =
  (n: number) =>
  (line: LogLine): boolean =>
    line.event === "report" && line["what"] === "accepted" && Number(line["n"]) >= n;

/** See the head of this file. */
export async function runDay(plan: Day): Promise<void> {
  const { folder, tell } = plan;
  const exchange = new NodeProcess(folder, "exchange");
  const gateways = [new NodeProcess(folder, "gateway-b"), new NodeProcess(folder, "gateway-c")] as const;
  const [b, c] = gateways;
  const nodes = [exchange, ...gateways];
  try {
    await day(plan, exchange, b, c);
    const codes = await Promise.all(nodes.map((node) => node.stop()));
    assert.deepEqual(codes, [0, 0, 0], "exit codes");
    tell("stopped, all three in good order");
  } finally {
    await Promise.all(nodes.map((node) => node.kill()));
  }
}

async function day(
  { folder, orders, short, tell }: Day,
  exchange: NodeProcess,
  b: NodeProcess,
  c: NodeProcess,
): Promise<void> {
  const gateways = [b, c];
  const operator = new Operator(folder, (line) => tell(`  ${line}`));
  const given = new Map(gateways.map(({ name }, i) => [name, testOrders(i, orders)]));
  const quarter = orders / 4;
  const file = ({ name }: NodeProcess) => join(folder, `${name}.orders`);
  /** Gives the gateways their orders of one quarter of the day. */
  const open = (number: number, ...to: NodeProcess[]) => {
    for (const node of to) {
      release(file(node), given.get(node.name)!, (number - 1) * quarter, number * quarter);
    }
  };
  /** Waits until all orders of the quarters until then are accepted. */
  const through = (number: number, ...of: NodeProcess[]) =>
    Promise.all(of.map((node) => node.saw(accepted(number * quarter), `its orders of quarter ${number}`)));

  tell("The operator makes keys and certificates.");
  await operator.authority();
  await Promise.all([
    operator.certify("exchange", "server"),
    operator.certify("gateway-b", "client"),
    operator.certify("gateway-c", "client"),
  ]);
  const endpoints = await freeEndpoints();
  operator.configure("exchange", { role: "exchange", file: "exchange.journal" }, endpoints);
  operator.configure("gateway-b", { rotateAfter: 20 }, endpoints);
  operator.configure("gateway-c", { mode: "pq-only" }, endpoints);
  for (const node of gateways) writeFileSync(file(node), "");

  tell("Three nodes start, and know each other by their certificates.");
  await exchange.start();
  await Promise.all(gateways.map((node) => node.start()));
  for (const node of gateways) {
    for (const link of ["orders", "market data"]) {
      const { suite } = await node.saw(handshake("exchange", link), `a handshake on ${link}`);
      tell(`  ${node.name}, ${link}: ${suite}`);
      // Only gateway-c wants no classical part at all.
      assert.match(String(suite), node === c ? /^mlkem\d+\/mldsa/ : /^x25519\+mlkem\d+\/mldsa/);
      await exchange.saw(handshake(node.name, link), `a handshake on ${link}`);
    }
  }

  tell(`Quarter 1: ${quarter} orders each.`);
  open(1, ...gateways);
  await through(1, ...gateways);

  tell("Quarter 2: keys rotate while orders flow, and a gateway connects anew.");
  open(2, ...gateways);
  const rotated = ({ event, link }: LogLine) => event === "rotated" && link === "orders";
  // Its configuration says after how many records; the other's keys would last for a long time.
  const byItself = await b.saw(rotated, "new keys");
  tell(`  gateway-b: keys of epoch ${byItself["epoch"]}, since the old ones had done enough`);
  assert.ok(!c.lines.some(rotated), "nothing else rotates keys");
  exchange.command("rotate");
  const onDemand = await c.saw(rotated, "new keys");
  tell(`  gateway-c: keys of epoch ${onDemand["epoch"]}, on demand of the exchange`);
  b.command("reconnect");
  await b.saw(({ event, resumed }) => event === "handshake" && resumed === true, "a resumed handshake");
  tell("  gateway-b: connected anew, its session resumed");
  await through(2, ...gateways);

  tell("Quarter 3: kill -9 in the midst of it.");
  const before = gateways.map(({ lines }) => lines.length);
  const atRestart = exchange.lines.length;
  open(3, ...gateways);
  await c.saw(accepted(2 * quarter + 1), "its first order of quarter 3");
  await exchange.kill();
  await Promise.all(
    gateways.map((node, i) => node.saw(({ event }) => event === "disconnect", "the cut", before[i])),
  );
  tell("  the exchange is gone, both gateways have seen it");
  await exchange.start();
  const { orders: remembered, trades } = exchange.lines.findLast(({ event }) => event === "remembered")!;
  tell(`  it is back, and remembers ${remembered} orders and ${trades} trades`);
  if (!short) {
    await b.kill();
    tell("  gateway-b is gone");
    await b.start();
  }
  await through(3, ...gateways);
  tell("  all are back, and nothing is missing");

  tell("Quarter 4: the key of gateway-c was stolen. Its certificate is revoked.");
  await operator.revoke("gateway-c");
  await exchange.saw(handshake("gateway-c", "market data"), "gateway-c on both links", atRestart);
  const [atExchange, atC] = [exchange.lines.length, c.lines.length];
  exchange.command("recheck");
  const { ended } = await exchange.saw(
    ({ event }) => event === "rechecked",
    "a look at the list",
    atExchange,
  );
  assert.equal(ended, 2, "links of gateway-c that were ended");
  const revoked =
    (event: string) =>
    (line: LogLine): boolean =>
      line.event === event && String(line["reason"]).includes("revoked");
  const cut = await exchange.saw(revoked("disconnect"), "the end of a link", atExchange);
  tell(`  exchange: ${cut["reason"]}`);
  open(4, ...gateways);
  const refusal = await exchange.saw(revoked("refused"), "a refusal", atExchange);
  tell(`  exchange: ${refusal["reason"]}`);
  const { reason } = await c.saw(({ event }) => event === "refused", "its refusal", atC);
  tell(`  gateway-c: ${reason}`);
  await through(4, b);
  tell("  gateway-b has gone on, all its orders are through");
  assert.ok(!c.lines.some(accepted(3 * quarter + 1)), "no order of gateway-c after its revocation");
  assert.ok(!c.lines.slice(atC).some(({ event }) => event === "handshake"), "no link of gateway-c either");

  if (short) {
    given.set(c.name, given.get(c.name)!.slice(0, 3 * quarter));
  } else {
    tell("gateway-c gets a new key and a new certificate.");
    await operator.certify("gateway-c", "client", "gateway-c2");
    operator.configure("gateway-c", { mode: "pq-only" }, endpoints, "gateway-c2");
    await c.stop();
    await c.start();
    await through(4, c);
  }

  tell("Evening. What everybody was told is compared with the journal.");
  const book = replay(join(folder, "exchange.journal"));
  for (const node of gateways) {
    const [reports, trades] = [book.reportsOf(node.name, 0), book.tradesAfter(0)];
    checkReports(node.name, given.get(node.name)!, reports);
    if (!(short && node === c)) {
      await node.saw(({ event, r }) => event === "report" && r === reports.length, "its last report");
      await node.saw(({ event, t }) => event === "trade" && t === trades.length, "the last trade");
    }
    // Who is shut out knows what was said until then.
    const [told, heard] = [
      numbered<Report>(node.lines, "report", "r"),
      numbered<Trade>(node.lines, "trade", "t"),
    ];
    assert.deepEqual(told, reports.slice(0, told.length), `${node.name}: reports`);
    assert.deepEqual(heard, trades.slice(0, heard.length), `${node.name}: trades`);
  }
  const count = [...given.values()].reduce((sum, { length }) => sum + length, 0);
  tell(`  ${count} orders accepted once and in order, all filled, in ${book.trades} trades`);
}
