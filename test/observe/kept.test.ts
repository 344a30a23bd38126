/** A costly value is made no more often than it may be, and nobody gets an old one for long. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Kept } from "../../src/observe/kept.ts";
import { within } from "../support/within.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("within a turn of the event loop it is made once; in the next one anew", async () => {
  let made = 0;
  const kept = new Kept(
    () => ++made,
    () => 0,
  );
  assert.equal([kept.get(), kept.get(), kept.get()], [1, 1, 1]);
  await turn();
  assert.is(kept.get(), 2);
});

test("one that took long is kept for longer, and then made anew", async () => {
  let made = 0;
  let spent = 0;
  const kept = new Kept(
    () => {
      spent += 25;
      return ++made;
    },
    () => spent,
  );
  kept.get();
  await turn();
  await turn();
  assert.is(kept.get(), 1);
  const anew = async () => {
    while (kept.get() === 1) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await within(20_000, anew(), "a new one");
});

test("what throws is asked again", () => {
  let broken = true;
  const kept = new Kept(() => {
    if (broken) throw new Error("not now");
    return 1;
  });
  assert.throws(() => kept.get(), /not now/);
  broken = false;
  assert.is(kept.get(), 1);
});

test.run();
