/** Batches: the same octets as frame by frame, in memory that nobody overwrites too early. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeFrame, MORE } from "../../src/wire/frame.ts";
import { FrameBatch, REGION } from "../../src/wire/frame-batch.ts";
import { MemoryPool } from "../../src/wire/memory-pool.ts";
import type { Message } from "../../src/wire/message.ts";
import { octets } from "../support/recorded.ts";

function encoded(message: Message): Buffer {
  return Buffer.concat(message.map((body, at) => encodeFrame(at < message.length - 1 ? MORE : 0, body)));
}

test("RFC 37 message: MORE on all frames but the last", () => {
  const batch = new FrameBatch(new MemoryPool(REGION, 16));
  batch.message([octets('"a"'), octets(""), octets('"bc"')]);
  batch.encoded(octets('04 05 04 "PONG"'));
  batch.frame(0, octets('"d"'));
  assert.is(batch.size, 19);
  assert.equal(Buffer.concat(batch.take()), octets('01 01 "a" 01 00 00 02 "bc" 04 05 04 "PONG" 00 01 "d"'));
  assert.is(batch.size, 0);
  assert.equal(batch.take(), []);
});

test("small frames and commands share one piece; large bodies are referenced, not joined", () => {
  const batch = new FrameBatch(new MemoryPool(REGION, 16));
  for (let i = 0; i < 50; i++) {
    batch.message([Buffer.alloc(16, i)]);
    batch.encoded(octets('04 05 04 "PONG"'));
  }
  assert.is(batch.take().length, 1);
  batch.recycle();
  const large = Buffer.alloc(20_000, 1);
  batch.message([octets('"a"'), large, octets('"b"')]);
  const pieces = batch.take();
  assert.is(pieces[1], large);
  assert.is(pieces.length, 3);
});

const body = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(255, 256, 2039, 2040, 2048, 16_383, 16_384, 16_385, 65_536, 70_000),
);

test("any messages and commands, taken at any time, come out as frame by frame", () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.array(body, { minLength: 1, maxLength: 4 }).map((sizes) => ({ do: "message", sizes })),
    },
    { weight: 2, arbitrary: body.map((size) => ({ do: "encoded", sizes: [size] })) },
    { weight: 1, arbitrary: fc.constant({ do: "recycle", sizes: [] as number[] }) },
    { weight: 1, arbitrary: fc.constant({ do: "abandon", sizes: [] as number[] }) },
    { weight: 1, arbitrary: fc.constant({ do: "drained", sizes: [] as number[] }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pool = new MemoryPool(REGION, 16);
      // Two batches share a pool; a region given back too early would be overwritten by the other.
      const pair = [new FrameBatch(pool), new FrameBatch(pool)];
      const expected: Buffer[][] = [[], []];
      const kept: { pieces: Buffer[]; octets: Buffer }[][] = [[], []];
      steps.forEach(({ do: what, sizes }, turn) => {
        const batch = pair[turn % 2]!;
        const wanted = expected[turn % 2]!;
        if (what === "message") {
          const message = sizes.map((size, at) => Buffer.alloc(size, turn + at + 1));
          batch.message(message);
          wanted.push(encoded(message));
        } else if (what === "encoded") {
          const frame = Buffer.alloc(sizes[0]!, turn + 1);
          batch.encoded(frame);
          wanted.push(frame);
        } else if (what === "drained") {
          for (const { pieces, octets: all } of kept[turn % 2]!) assert.ok(Buffer.concat(pieces).equals(all));
          kept[turn % 2] = [];
          batch.drained();
        } else {
          const all = Buffer.concat(wanted.splice(0));
          assert.is(batch.size, all.length);
          const pieces = batch.take();
          assert.ok(Buffer.concat(pieces).equals(all));
          if (what === "recycle") {
            batch.recycle();
          } else {
            batch.abandon();
            kept[turn % 2]!.push({ pieces, octets: all });
          }
        }
      });
      // What was abandoned is still being read by the kernel.
      for (const { pieces, octets: all } of kept.flat()) assert.ok(Buffer.concat(pieces).equals(all));
      for (const [at, batch] of pair.entries()) {
        assert.ok(Buffer.concat(batch.take()).equals(Buffer.concat(expected[at]!)));
      }
    }),
    { numRuns: 300 },
  );
});

test("regions that the kernel still read come back once it has done", () => {
  const pool = new MemoryPool(REGION, 16);
  const batch = new FrameBatch(pool);
  const fill = (): ArrayBufferLike => {
    for (let i = 0; i < 5; i++) batch.message([Buffer.alloc(10_000)]);
    return batch.take()[0]!.buffer;
  };
  const first = fill();
  batch.abandon();
  assert.is.not(fill(), first);
  batch.recycle();
  batch.drained();
  assert.is(pool.take().buffer, first);
  batch.drained();
  assert.is.not(pool.take().buffer, first);
});

test("regions come back to the pool, and the pool keeps few", () => {
  const pool = new MemoryPool(REGION, 16);
  const batch = new FrameBatch(pool);
  for (let i = 0; i < 100; i++) batch.message([Buffer.alloc(10_000)]);
  const used = new Set<ArrayBufferLike>(batch.take().map((piece) => piece.buffer));
  assert.ok(used.size > 16);
  batch.recycle();
  const again = Array.from({ length: 40 }, () => pool.take()).filter((region) => used.has(region.buffer));
  assert.is(again.length, 16);
  for (const region of again) assert.is(region.length, REGION);
});

test("an idle batch holds one small region, however much went through it", () => {
  const batch = new FrameBatch(new MemoryPool(REGION, 16));
  for (let i = 0; i < 100; i++) batch.message([Buffer.alloc(10_000)]);
  batch.take();
  batch.recycle();
  batch.message([octets('"a"')]);
  const [piece] = batch.take();
  assert.ok(piece!.buffer.byteLength <= 2048);
});

test.run();
