/** What the exchange does with messages that honest gateways send twice, and others never. */
import { EventEmitter, once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dealer, qzmq } from "qzmq";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { within } from "../../test/support/within.ts";
import { readConfig } from "./config.ts";
import { runExchange } from "./exchange.ts";
import type { Running } from "./links.ts";
import { freeEndpoints, Operator } from "./operator.ts";

const test = suite("exchange");
const folder = mkdtempSync(join(tmpdir(), "qzmq-exchange-"));
const inFolder = (name: string) => join(folder, name);
const events = new EventEmitter();
const dealers: Dealer[] = [];
let running: Running;
let endpoint = "";

test.before(async () => {
  const operator = new Operator(folder, () => {});
  await operator.authority();
  await Promise.all([operator.certify("exchange", "server"), operator.certify("anna", "client")]);
  const endpoints = await freeEndpoints();
  endpoint = endpoints.orders;
  operator.configure("exchange", { role: "exchange", file: "journal" }, endpoints);
  const config = readConfig(inFolder("exchange.json"));
  const files = ["key", "certificates", "authority", "revocationList", "file"] as const;
  const absolute = Object.fromEntries(files.map((key) => [key, inFolder(config[key])]));
  running = await runExchange({ ...config, ...absolute }, (event, fields) => events.emit(event, fields));
});

test.after.each(() => {
  events.removeAllListeners();
  for (const dealer of dealers.splice(0)) dealer.close();
});

test.after(() => {
  running.close();
  rmSync(folder, { recursive: true });
});

/** Somebody with anna's certificate, by whatever name. */
async function gateway(routingId: string): Promise<Dealer> {
  const identity = await qzmq.loadIdentity({ key: inFolder("anna.key"), certificates: inFolder("anna.crt") });
  const trust = { files: { authorities: [inFolder("ca.crt")] } };
  const security = qzmq.client({ identity, trust, serverName: "exchange" });
  const dealer = new Dealer({ security, routingId, linger: 0 });
  dealers.push(dealer);
  dealer.connect(endpoint);
  return dealer;
}

const order = (n: number, quantity = 5) => ({
  type: "order",
  order: { n, symbol: "ACME", side: "buy", price: 100, quantity },
});

/** Sends, then a hello; everything that comes until the answer to that, which is `welcome` and reports. */
async function answers(dealer: Dealer, ...messages: unknown[]): Promise<unknown[]> {
  for (const message of [...messages, { type: "hello", reports: 1000, trades: 1000 }]) {
    await dealer.send(typeof message === "string" ? message : JSON.stringify(message));
  }
  const all: unknown[] = [];
  for (;;) {
    const [frame] = await within(20_000, dealer.receive(), "an answer");
    const message = JSON.parse(frame!.toString()) as { type: string };
    all.push(message);
    if (message.type === "welcome") return all;
  }
}

test("an order is accepted once, in its turn, and is in the journal", async () => {
  const anna = await gateway("anna");
  const accepted = { type: "report", report: { r: 1, n: 1, what: "accepted", left: 5 } };
  assert.equal(await answers(anna, order(1), order(1, 9), order(3)), [
    accepted,
    { type: "welcome", orders: 1 },
  ]);
  assert.equal(readFileSync(inFolder("journal"), "utf8").split("\n").length, 2, "one line");
});

test("hello gets what is missing", async () => {
  const anna = await gateway("anna");
  await anna.send(JSON.stringify({ type: "hello", reports: 0, trades: 0 }));
  const read = async () => JSON.parse((await within(20_000, anna.receive(), "an answer"))[0]!.toString());
  assert.equal(await read(), { type: "welcome", orders: 1 });
  assert.equal((await read()).report.r, 1);
});

test("nonsense is dropped, and the next message is served", async () => {
  const anna = await gateway("anna");
  let dropped = 0;
  events.on("dropped", () => dropped++);
  const nonsense = ["", "{", { type: "order", order: { n: 2 } }];
  assert.equal(await answers(anna, ...nonsense), [{ type: "welcome", orders: 1 }]);
  assert.is(dropped, nonsense.length);
});

test("nobody orders under another one's name", async () => {
  const liar = await gateway("ben");
  const dropped = once(events, "dropped");
  await liar.send(JSON.stringify(order(1)));
  assert.equal(await within(20_000, dropped, "the order is dropped"), [{ member: "ben" }]);
  assert.not.match(readFileSync(inFolder("journal"), "utf8"), "ben");
});

test("a configuration with mistakes says which", () => {
  const good = JSON.parse(readFileSync(inFolder("exchange.json"), "utf8")) as Record<string, unknown>;
  for (const [change, expected] of [
    [{ role: "broker" }, /bad\.json: role: exchange or gateway expected/],
    [{ name: "" }, /name: a text expected/],
    [{ rotateAfter: "often" }, /rotateAfter: a whole number/],
    [{ colour: "blue" }, /colour: no such key/],
  ] as const) {
    writeFileSync(inFolder("bad.json"), JSON.stringify({ ...good, ...change }));
    assert.throws(() => readConfig(inFolder("bad.json")), expected);
  }
});

test.run();
