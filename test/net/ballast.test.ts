/** Who gets ballast: a heap that V8 would mark over and over, and no other. */
import { syncBuiltinESMExports } from "node:module";
import v8, { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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

/** Asks V8, as if it answered `spaces`. */
function checked(spaces: Record<string, number> | null): number {
  const { getHeapSpaceStatistics } = v8;
  const told = Object.entries(spaces ?? {}).map(([space_name, mib]) => ({
    space_name,
    space_used_size: mib * MIB,
  }));
  v8.getHeapSpaceStatistics = (spaces === null ? undefined : () => told) as typeof getHeapSpaceStatistics;
  syncBuiltinESMExports();
  try {
    const ballast = new Ballast();
    ballast.check();
    return ballast.size;
  } finally {
    v8.getHeapSpaceStatistics = getHeapSpaceStatistics;
    syncBuiltinESMExports();
  }
}

test("the heap is what V8 says of its spaces, without young objects", () => {
  const old = { old_space: 5, code_space: 1, large_object_space: 3 };
  assert.is(checked(old), 4 * MIB);
  assert.is(checked({ ...old, new_space: 8, new_large_object_space: 8 }), 4 * MIB);
  assert.is(checked({ old_space: 5, new_space: 5 }), 0);
});

test("a runtime that knows nothing of this gets none", () => {
  assert.is(checked(null), 0);
});

test("ballast is on the heap, and stays while it is held", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const ballast = new Ballast(() => 9 * MIB);
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  ballast.check();
  const grown = used() - before;
  assert.ok(grown > 3.5 * MIB && grown < 4.5 * MIB, `${grown} octets`);
  assert.is(ballast.size, 4 * MIB);
});

test.run();
