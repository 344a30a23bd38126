/** Chunks that wait: their order, what is copied, and how many octets they are. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ChunkQueue } from "../../src/wire/chunk-queue.ts";

/** A chunk in memory of its own, every octet `mark`. */
function chunk(length: number, mark: number): Buffer {
  return Buffer.allocUnsafeSlow(length).fill(mark);
}

test("octets come out in the order in which they came, and `size` counts them, however long the chunks and whoever's", () => {
  const length = fc.oneof(fc.nat(20), fc.nat(9000), fc.constantFrom(0, 1, 4095, 4096, 8191, 8192, 8193));
  const step = fc.oneof(fc.record({ length, borrowed: fc.boolean() }), fc.constant(null));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const queue = new ChunkQueue();
      const put: Buffer[] = [];
      const got: Buffer[] = [];
      let size = 0;
      const take = (): boolean => {
        const next = queue.shift();
        if (next === undefined) return false;
        assert.ok(next.length > 0);
        got.push(next);
        size -= next.length;
        return true;
      };
      for (const [at, one] of steps.entries()) {
        if (one === null) {
          assert.is(size > 0, take());
        } else {
          const octets = chunk(one.length, at);
          put.push(Buffer.from(octets));
          queue.push(octets, one.borrowed);
          size += one.length;
          if (one.borrowed) octets.fill(0xee);
        }
        assert.is(queue.size, size);
      }
      while (take());
      assert.is(queue.size, 0);
      assert.ok(Buffer.concat(got).equals(Buffer.concat(put)));
    }),
    { numRuns: 500 },
  );
});

test("what was handed out stays as it is while more comes", () => {
  const queue = new ChunkQueue();
  queue.push(chunk(10, 1), true);
  const first = queue.shift()!;
  queue.push(chunk(10, 2), true);
  assert.ok(first.equals(Buffer.alloc(10, 1)));
  assert.ok(queue.shift()!.equals(Buffer.alloc(10, 2)));
});

test("a long chunk that is the queue's is not copied; short ones are joined, behind it and before it", () => {
  const queue = new ChunkQueue();
  const long = chunk(4096, 9);
  for (let i = 0; i < 100; i++) queue.push(chunk(3, i), false);
  queue.push(long, false);
  for (let i = 0; i < 100; i++) queue.push(chunk(3, i), false);
  assert.is(queue.shift()!.length, 300);
  assert.is(queue.shift(), long);
  queue.push(chunk(3, 100), false);
  assert.is(queue.shift()!.length, 303, "what comes in between is joined to what waits");
  assert.is(queue.shift(), undefined);
});

test.run();
