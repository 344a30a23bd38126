/** Who gets ballast: a heap that V8 would mark over and over, and no other. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Allocator } from "../../src/net/allocator.ts";
import { Ballast } from "../../src/net/ballast.ts";

const MIB = 1024 * 1024;

test("a small heap and a large one get none", () => {
  for (const heap of [0, 5, 7.7, 13, 100]) {
    const ballast = new Ballast(() => heap * MIB);
    ballast.check();
    assert.is(ballast.size, 0, `${heap} MiB`);
  }
});

test("a heap between is lifted out of the range, once", () => {
  for (const heap of [7.8, 8.8, 11, 12.9]) {
    let looks = 0;
    const ballast = new Ballast(() => {
      looks++;
      return heap * MIB;
    });
    ballast.check();
    const { size } = ballast;
    assert.ok(size + heap * MIB >= 13 * MIB && size + heap * MIB < 13 * MIB + 16, `${heap} MiB and ${size}`);
    ballast.check();
    assert.is(ballast.size, size);
    assert.is(looks, 1, "who has it does not look again");
  }
});

test("a heap that has grown gets it then", () => {
  let heap = 6 * MIB;
  const ballast = new Ballast(() => heap);
  ballast.check();
  assert.is(ballast.size, 0);
  heap = 9 * MIB;
  ballast.check();
  assert.is(ballast.size, 4 * MIB);
});

test("an allocator looks at the heap when much data begins to pass, and now and then", () => {
  let looks = 0;
  const allocator = new Allocator({ check: () => void looks++ });
  assert.is(looks, 0);
  allocator.bulk();
  assert.is(looks, 1);
  for (let i = 0; i < 10_000; i++) allocator.bulk();
  assert.is(looks, 3);
});

test("this process's heap can be asked", () => {
  const held: unknown[] = [];
  const ballast = new Ballast();
  for (let i = 0; i < 64 && ballast.size === 0; i++) {
    ballast.check();
    held.push(Array.from({ length: 60_000 }, (_, at) => ({ at })));
  }
  // It grew through the range, or was beyond from the start.
  assert.ok(ballast.size > 0 || process.memoryUsage().heapUsed > 13 * MIB);
  assert.ok(held.length > 0);
});

test.run();
