/** Memory that is given back at once. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Allocator } from "../../src/net/allocator.ts";

test("frees what is large and all of its memory, and leaves other memory alone", () => {
  const allocator = new Allocator();
  const large = new Uint8Array(100_000);
  allocator.free(large);
  assert.is(large.length, 0);
  const small = new Uint8Array(1000);
  allocator.free(small);
  assert.is(small.length, 1000);
  const memory = new Uint8Array(100_000);
  const view = memory.subarray(1);
  allocator.free(view);
  assert.is(view.length, 99_999);
  const shared = new Uint8Array(new SharedArrayBuffer(100_000));
  allocator.free(shared);
  assert.is(shared.length, 100_000);
});

test("without ArrayBuffer.prototype.transfer too", () => {
  const prototype = ArrayBuffer.prototype as { transfer?: unknown };
  const had = Object.getOwnPropertyDescriptor(prototype, "transfer");
  delete prototype.transfer;
  try {
    const allocator = new Allocator();
    for (let i = 0; i < 3; i++) {
      const large = new Uint8Array(100_000);
      allocator.free(large);
      assert.is(large.length, 0);
    }
  } finally {
    if (had !== undefined) Object.defineProperty(prototype, "transfer", had);
  }
});

test("much data: first of all one block is freed from which glibc learns, below 32 MiB and above what is used", () => {
  const freed: number[] = [];
  const allocator = new Allocator({ check: () => {} });
  allocator.free = (bytes) => void freed.push(bytes.length);
  allocator.bulk();
  allocator.bulk();
  assert.is(freed.length, 1);
  assert.ok(freed[0]! > 4 * 1024 * 1024 && freed[0]! <= 32 * 1024 * 1024);
});

test.run();
