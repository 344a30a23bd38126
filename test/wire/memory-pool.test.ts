/** Blocks that are lent and come back. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MemoryPool } from "../../src/wire/memory-pool.ts";

test("a block that came back is lent again, and never two at a time", () => {
  const pool = new MemoryPool(1000, 4);
  const [one, other] = [pool.take(), pool.take()];
  assert.equal([one.length, other.length], [1000, 1000]);
  assert.is.not(one.buffer, other.buffer);
  pool.give(one);
  assert.is(pool.take(), one);
  assert.is.not(pool.take(), one);
});

test("no more blocks are kept than were asked for", () => {
  const pool = new MemoryPool(1000, 2);
  const lent = [pool.take(), pool.take(), pool.take()];
  for (const block of lent) pool.give(block);
  const again = [pool.take(), pool.take(), pool.take()];
  assert.is(again.filter((block) => lent.includes(block)).length, 2);
});

test.run();
