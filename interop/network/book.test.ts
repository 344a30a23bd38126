/** The order book trades the best price first, and who came first at one price. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Book } from "./book.ts";

test("orders that do not meet wait", () => {
  const book = new Book();
  assert.equal(book.add("a", "sell", 101, 5), []);
  assert.equal(book.add("b", "buy", 100, 5), []);
});

test("a trade is made at the price of the order that waited", () => {
  const book = new Book();
  book.add("a", "sell", 99, 5);
  assert.equal(book.add("b", "buy", 101, 5), [{ id: "a", price: 99, quantity: 5, waitingLeft: 0, left: 0 }]);
});

test("the best price goes first, on both sides", () => {
  const book = new Book();
  for (const price of [102, 100, 101]) book.add(`sell at ${price}`, "sell", price, 1);
  assert.equal(
    book.add("b", "buy", 101, 3).map(({ id, left }) => [id, left]),
    [
      ["sell at 100", 2],
      ["sell at 101", 1],
    ],
  );
  for (const price of [98, 99, 97]) book.add(`buy at ${price}`, "buy", price, 1);
  // What was left of b waits too, ahead of all others.
  assert.equal(
    book.add("c", "sell", 98, 4).map(({ id, price }) => [id, price]),
    [
      ["b", 101],
      ["buy at 99", 99],
      ["buy at 98", 98],
    ],
  );
});

test("at one price the older goes first, and keeps its place when part of it is filled", () => {
  const book = new Book();
  for (const id of ["first", "second", "third"]) book.add(id, "buy", 100, 2);
  const fills = (quantity: number) =>
    book
      .add("s", "sell", 100, quantity)
      .map(({ id, quantity: traded, waitingLeft }) => [id, traded, waitingLeft]);
  assert.equal(fills(1), [["first", 1, 1]]);
  assert.equal(fills(4), [
    ["first", 1, 0],
    ["second", 2, 0],
    ["third", 1, 1],
  ]);
});

test.run();
