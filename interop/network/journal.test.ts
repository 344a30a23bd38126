/** What was told to anybody is in the journal, and from it the exchange is what it was. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Journal } from "./journal.ts";
import { type Entry, Matching } from "./matching.ts";
import type { Order } from "./messages.ts";
import { readToExchange } from "./messages.ts";

const journals = suite<{ folder: string; path: string }>("journal");
journals.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "qzmq-journal-"));
  context.path = join(context.folder, "j");
});
journals.after.each(({ folder }) => rmSync(folder, { recursive: true }));

const order = (n: number, side: "buy" | "sell", quantity: number): Order => ({
  ...{ n, symbol: "ACME", side, price: 100, quantity },
});

journals("half a line at the end is taken off, and the next entry follows the whole ones", ({ path }) => {
  const first = new Journal<number>(path);
  first.append(1);
  first.append(2);
  first.close();
  appendFileSync(path, '{"half');
  const second = new Journal<number>(path);
  assert.equal(second.entries, [1, 2]);
  second.append(3);
  second.close();
  assert.is(readFileSync(path, "utf8"), "1\n2\n3\n");
});

journals("a damaged line is no half one", ({ path }) => {
  writeFileSync(path, "1\n{oops\n3\n");
  assert.throws(
    () => new Journal(path),
    (error: unknown) => error instanceof SyntaxError,
  );
});

journals("the same orders make the same reports and trades", () => {
  const entries: Entry[] = [
    { member: "anna", order: order(1, "buy", 5) },
    { member: "ben", order: order(1, "sell", 3) },
    { member: "ben", order: order(2, "sell", 4) },
  ];
  const matching = new Matching();
  for (const entry of entries) matching.accept(entry);
  assert.equal(matching.tradesAfter(0), [
    { t: 1, symbol: "ACME", price: 100, quantity: 3 },
    { t: 2, symbol: "ACME", price: 100, quantity: 2 },
  ]);
  assert.equal(
    matching.reportsOf("anna", 1).map(({ r, n, left }) => [r, n, left]),
    [
      [2, 1, 2],
      [3, 1, 0],
    ],
  );
  assert.equal(
    matching.reportsOf("ben", 0).map(({ what, left }) => [what, left]),
    [
      ["accepted", 3],
      ["filled", 0],
      ["accepted", 4],
      ["filled", 2],
    ],
  );
});

journals("an order is accepted once, and in its turn", () => {
  const matching = new Matching();
  matching.accept({ member: "anna", order: order(1, "buy", 5) });
  for (const n of [1, 3]) {
    assert.throws(() => matching.accept({ member: "anna", order: order(n, "buy", 5) }), /not the next/);
  }
  assert.equal([matching.ordersOf("anna"), matching.ordersOf("ben")], [1, 0]);
});

journals("messages without the form of one are none", () => {
  const read = (text: string) => readToExchange(Buffer.from(text));
  const good = { n: 1, symbol: "ACME", side: "buy", price: 1, quantity: 1 };
  assert.equal(read(JSON.stringify({ type: "order", order: { ...good, extra: 1 } })), {
    type: "order",
    order: good,
  });
  for (const bad of [
    { n: 0 },
    { n: 1.5 },
    { price: -1 },
    { quantity: 1e10 },
    { quantity: "1" },
    { symbol: "acme" },
    { symbol: "A B" },
    { side: "hold" },
  ]) {
    assert.is(read(JSON.stringify({ type: "order", order: { ...good, ...bad } })), null, JSON.stringify(bad));
  }
  for (const text of [
    "",
    "null",
    "[]",
    "7",
    '{"type":"order"}',
    '{"type":"hello","reports":-1,"trades":0}',
    "x".repeat(5000),
  ]) {
    assert.is(read(text), null, text.slice(0, 40));
  }
});

journals.run();
