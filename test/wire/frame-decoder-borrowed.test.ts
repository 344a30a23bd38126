/** Frames out of a read buffer that is written again after each chunk, with the reader stopping anywhere. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeFrame } from "../../src/wire/frame.ts";
import { FrameDecoder } from "../../src/wire/frame-decoder.ts";

const borrowed = suite("frame decoder over a borrowed buffer");

/** Sizes around the edges of slabs, views and header forms. */
const size = fc.oneof(
  fc.nat(40),
  fc.constantFrom(0, 1, 253, 254, 255, 256, 4080, 4095, 4096, 8180, 8192, 8193),
  fc.nat(30_000),
);

borrowed("what was decoded stays when the buffer is written again, wherever the reader stops", () => {
  fc.assert(
    fc.property(
      fc.array(size, { minLength: 1, maxLength: 60 }),
      fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 20 }),
      fc.array(fc.nat(70), { minLength: 1, maxLength: 20 }),
      fc.boolean(),
      (sizes, chunkSizes, takes, transient) => {
        const frames = sizes.map((length, i) => Buffer.alloc(length, i + 1));
        const wire = Buffer.concat(frames.map((frame) => encodeFrame(0, frame)));
        const shared = Buffer.alloc(65_536);
        const decoder = new FrameDecoder(Number.POSITIVE_INFINITY, transient);
        const got: Buffer[] = [];
        const take = (most: number): void => {
          for (let i = 0; i < most && decoder.next(); i++) {
            // A transient body is only valid until the next call.
            got.push(transient ? Buffer.from(decoder.body) : decoder.body);
          }
        };
        for (let at = 0, turn = 0; at < wire.length; turn++) {
          const length = Math.min(chunkSizes[turn % chunkSizes.length]!, wire.length - at);
          wire.copy(shared, 0, at, at + length);
          decoder.push(shared.subarray(0, length), true);
          take(takes[turn % takes.length]!);
          decoder.release();
          shared.fill(0xee);
          at += length;
        }
        take(Number.POSITIVE_INFINITY);
        assert.is(got.length, frames.length);
        for (const [i, frame] of frames.entries())
          assert.ok(frame.equals(got[i]!), `frame ${i} of ${frame.length}`);
      },
    ),
    { numRuns: 600 },
  );
});

borrowed("a kept small body does not keep the read buffer", () => {
  const decoder = new FrameDecoder(100);
  const shared = Buffer.allocUnsafeSlow(262_144);
  const wire = Buffer.concat(Array.from({ length: 4000 }, () => encodeFrame(0, Buffer.alloc(16, 7))));
  wire.copy(shared);
  decoder.push(shared.subarray(0, wire.length), true);
  while (decoder.next()) assert.ok(decoder.body.buffer.byteLength <= 8192);
});

borrowed("frames of a few KiB share memory with their like only, at most 64 KiB of it", () => {
  const wire = Buffer.concat(
    Array.from({ length: 40 }, (_, i) => [
      encodeFrame(0, Buffer.alloc(5000, i)),
      ...(i % 3 === 0 ? [encodeFrame(0, Buffer.alloc(16, i))] : []),
    ]).flat(),
  );
  const decoder = new FrameDecoder(100_000);
  decoder.push(Buffer.from(wire), true);
  const shared = new Set<ArrayBufferLike>();
  let medium = 0;
  while (decoder.next()) {
    const { body } = decoder;
    assert.ok(body.buffer.byteLength <= (body.length === 16 ? 8192 : 65_536));
    if (body.length < 5000) continue;
    medium++;
    shared.add(body.buffer);
  }
  assert.is(medium, 40);
  assert.ok(shared.size <= 30, `40 bodies lie in ${shared.size} slabs`);
});

borrowed("an impossible size behind good frames is refused after them", () => {
  const decoder = new FrameDecoder(100_000);
  const impossible = Buffer.from([2, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
  decoder.push(Buffer.concat([encodeFrame(0, Buffer.alloc(5000, 1)), impossible]), true);
  assert.ok(decoder.next());
  assert.is(decoder.body.length, 5000);
  assert.throws(
    () => decoder.next(),
    (error: Error & { code?: string }) => error.code === "ERR_ZMTP_MALFORMED_FRAME",
  );
});

borrowed.run();
