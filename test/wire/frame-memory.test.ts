/** What decoding costs in memory and time: nothing for a promise, little for what is kept, linear for what comes. */
import { constants } from "node:buffer";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeFrame } from "../../src/wire/frame.ts";
import { FrameDecoder } from "../../src/wire/frame-decoder.ts";
import { octets } from "../support/recorded.ts";
import { code } from "../support/wire.ts";

const UNLIMITED = Number.POSITIVE_INFINITY;
const SLAB = 8192;

/** A chunk in memory of its own, as a socket gives it. */
function fresh(bytes: Uint8Array): Buffer {
  const chunk = Buffer.allocUnsafeSlow(bytes.length);
  chunk.set(bytes);
  return chunk;
}

test("octets that wait one by one cost little more than their number", () => {
  const decoder = new FrameDecoder(UNLIMITED);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const memory = () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const one = Buffer.alloc(1);
  const count = 200_000;
  // The first chunk is left undecoded, so that all others wait.
  const stream = Buffer.concat(Array.from({ length: count / 4 }, () => encodeFrame(0, Buffer.from("ab"))));
  const before = memory();
  for (const octet of stream) {
    one[0] = octet;
    decoder.push(one, true);
    decoder.release();
  }
  const cost = memory() - before;
  assert.ok(cost < 4 * count, `${cost} octets for ${count}`);
  let frames = 0;
  while (decoder.next()) {
    assert.is(decoder.body.toString(), "ab");
    frames++;
  }
  assert.is(frames, count / 4);
});

test("what came first stays first when a reader stops between two chunks", () => {
  const decoder = new FrameDecoder(UNLIMITED);
  const frame = (text: string) => fresh(encodeFrame(0, Buffer.from(text)));
  decoder.push(frame("a"));
  decoder.push(frame("b"));
  const seen: string[] = [];
  assert.ok(decoder.next());
  seen.push(decoder.body.toString());
  decoder.push(frame("c"));
  while (decoder.next()) seen.push(decoder.body.toString());
  assert.equal(seen, ["a", "b", "c"]);
});

test("announcing sizes without end costs no memory", () => {
  const decoders: FrameDecoder[] = [];
  const before = process.memoryUsage.rss();
  for (let i = 0; i < 200; i++) {
    for (const size of ["8000000000000000", "7fffffffffffffff", "0000010000000000", "0000000080000000"]) {
      const decoder = new FrameDecoder(UNLIMITED);
      decoder.push(octets(`02 ${size}`));
      const refused = code(() => assert.not(decoder.next()));
      assert.is(refused !== null, BigInt(`0x${size}`) > constants.MAX_LENGTH);
      decoders.push(decoder);
    }
  }
  const grown = process.memoryUsage.rss() - before;
  assert.is(decoders.length, 800);
  // 200 times 2 GiB were announced, and 4 MiB each would be 800 MiB.
  assert.ok(grown < 64 * 1024 * 1024, `grew by ${grown} octets`);
});

test("an announced 2 GiB takes no more than has come, doubled", () => {
  const decoder = new FrameDecoder(UNLIMITED);
  decoder.push(octets("02 0000000080000000"));
  assert.not(decoder.next());
  const before = process.memoryUsage().arrayBuffers;
  const chunk = Buffer.alloc(65_536);
  for (let i = 0; i < 160; i++) {
    decoder.push(chunk);
    assert.not(decoder.next());
  }
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < 48 * 1024 * 1024, `10 MiB came, ${grown} octets were taken`);
});

test("a pool of small Buffers larger than a slab, as Node 24 has it, is not used", () => {
  const { poolSize } = Buffer;
  Buffer.poolSize = 8 * SLAB;
  try {
    const decoder = new FrameDecoder(UNLIMITED);
    const small = encodeFrame(0, Buffer.alloc(16, 1));
    // More than what may be left of a smaller pool.
    for (let i = 0; i < 2 * (SLAB / small.length); i++) {
      decoder.push(small, true);
      assert.ok(decoder.next());
      assert.ok(decoder.body.buffer.byteLength <= SLAB);
      decoder.release();
    }
  } finally {
    Buffer.poolSize = poolSize;
  }
});

test("a kept body of 16 octets pins at most 8 KiB, however it came", () => {
  const small = encodeFrame(0, Buffer.alloc(16, 1));
  const command = encodeFrame(4, octets('04 "PONG"'));
  const medium = Array.from({ length: 40 }, () => encodeFrame(0, Buffer.alloc(1000, 4)));
  const large = encodeFrame(0, Buffer.alloc(5000, 2));
  const huge = encodeFrame(0, Buffer.alloc(100_000, 3));
  const mixes = [
    [small],
    [command, small],
    [large, small],
    [small, large],
    [huge, small],
    [huge, large, small, small],
    [...medium, small],
    [small, ...medium, large, small],
  ];
  for (const mix of mixes) {
    const stream = Buffer.concat(
      Array.from({ length: Math.ceil(300_000 / Buffer.concat(mix).length) }, () => mix).flat(),
    );
    for (const size of [1000, 4096, 8191, 8192, 8193, 20_000, 65_536, 300_000]) {
      for (const memory of ["of its own", "shared", "borrowed"] as const) {
        const decoder = new FrameDecoder(UNLIMITED);
        let seen = 0;
        for (let at = 0; at < stream.length; at += size) {
          const part = stream.subarray(at, at + size);
          decoder.push(memory === "shared" ? part : fresh(part), memory === "borrowed");
          while (decoder.next()) {
            if (decoder.body.length !== 16) continue;
            seen++;
            const pinned = decoder.body.buffer.byteLength;
            assert.ok(pinned <= SLAB, `chunks of ${size}, memory ${memory}: pins ${pinned}`);
            assert.is(decoder.body[0], 1);
          }
          decoder.release();
        }
        assert.ok(seen > 1);
      }
    }
  }
});

test("a kept body of 4 KiB pins at most 16 times its size", () => {
  const stream = Buffer.concat(Array.from({ length: 100 }, () => encodeFrame(0, Buffer.alloc(4096))));
  const decoder = new FrameDecoder(UNLIMITED);
  for (let at = 0; at < stream.length; at += 65_536) decoder.push(fresh(stream.subarray(at, at + 65_536)));
  while (decoder.next()) assert.ok(decoder.body.buffer.byteLength <= 65_536);
});

test("bodies from 256 octets on share memory, of which one pins at most 512 times its size", () => {
  const stream = Buffer.concat(Array.from({ length: 2000 }, () => encodeFrame(0, Buffer.alloc(260, 7))));
  for (const borrowed of [true, false]) {
    for (const chunk of [65_536, 131_072, 262_144]) {
      const decoder = new FrameDecoder(UNLIMITED);
      const memories = new Set<ArrayBufferLike>();
      for (let at = 0; at < stream.length; at += chunk) {
        decoder.push(fresh(stream.subarray(at, at + chunk)), borrowed);
        while (decoder.next()) {
          memories.add(decoder.body.buffer);
          assert.ok(decoder.body.buffer.byteLength <= 131_072, `${chunk}: ${decoder.body.buffer.byteLength}`);
          assert.is(Buffer.compare(decoder.body, Buffer.alloc(260, 7)), 0);
        }
        decoder.release();
      }
      // In slabs of 8 KiB there would be 66.
      assert.ok(memories.size <= 30, `${memories.size} pieces of memory for ${stream.length} octets`);
    }
  }
});

test("medium frames among small ones share the slabs of these", () => {
  const pair = [encodeFrame(0, Buffer.alloc(1000, 4)), encodeFrame(0, Buffer.alloc(16, 1))];
  const decoder = new FrameDecoder(UNLIMITED);
  decoder.push(fresh(Buffer.concat(Array.from({ length: 200 }, () => pair).flat())), true);
  const memories = new Set<ArrayBufferLike>();
  while (decoder.next()) memories.add(decoder.body.buffer);
  // A frame that a slab cuts off begins the next one.
  assert.ok(memories.size <= 40, `${memories.size} pieces of memory for 200 pairs`);
});

test("a large body is assembled once, in one buffer of exactly its size", () => {
  const size = 1024 * 1024;
  const frame = encodeFrame(0, Buffer.alloc(size, 5));
  const decoder = new FrameDecoder(UNLIMITED);
  const before = process.memoryUsage().arrayBuffers;
  const chunk = fresh(frame.subarray(0, 65_536));
  decoder.push(chunk);
  assert.not(decoder.next());
  const reserved = process.memoryUsage().arrayBuffers - before;
  assert.ok(reserved < size + 3 * 65_536, `${reserved} octets for a body of ${size}`);
  for (let at = 65_536; at < frame.length; at += 65_536) {
    decoder.push(fresh(frame.subarray(at, at + 65_536)));
    const done = decoder.next();
    assert.is(done, at + 65_536 >= frame.length);
  }
  assert.is(decoder.body.buffer.byteLength, size);
  assert.ok(decoder.body.equals(Buffer.alloc(size, 5)));
});

test("a large body in one chunk is not copied", () => {
  const chunk = fresh(encodeFrame(0, Buffer.alloc(60_000, 5)));
  const decoder = new FrameDecoder(UNLIMITED);
  decoder.push(chunk);
  assert.ok(decoder.next());
  assert.is(decoder.body.buffer, chunk.buffer);
});

test("5 MiB octet by octet: correct, and in linear time", () => {
  const body = Buffer.alloc(5 * 1024 * 1024);
  for (let i = 0; i < body.length; i += 4) body.writeUInt32LE(i, i);
  const frame = encodeFrame(1, body);
  const decoder = new FrameDecoder(UNLIMITED);
  // Each octet of the buffer that grows is moved a bounded number of times: counted, since time would lie.
  const copy = Buffer.prototype.copy;
  let moved = 0;
  Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<Buffer["copy"]>): number {
    const count = copy.apply(this, args);
    moved += count;
    return count;
  } as Buffer["copy"];
  try {
    for (let at = 0; at < frame.length; at++) {
      decoder.push(frame.subarray(at, at + 1));
      assert.is(decoder.next(), at === frame.length - 1);
    }
  } finally {
    Buffer.prototype.copy = copy;
  }
  assert.ok(decoder.body.equals(body));
  assert.is(decoder.flags, 3);
  assert.ok(moved < 4 * body.length, `${moved} octets were moved for a body of ${body.length}`);
});

test("an idle decoder holds nothing of what it gave out", () => {
  for (const size of [16, 5000, 60_000, 300_000]) {
    const decoder = new FrameDecoder(UNLIMITED);
    const stream = encodeFrame(0, Buffer.alloc(size));
    for (let at = 0; at < stream.length; at += 65_536) decoder.push(fresh(stream.subarray(at, at + 65_536)));
    assert.ok(decoder.next());
    assert.is(decoder.body.length, size);
    assert.not(decoder.next());
    assert.is(decoder.body.length, 0);
  }
});

/** So many octets, all different from their neighbours. */
function body(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => i * 7));
}

/** Decodes chunks, each pushed when the one before is used up: copies of the bodies, and the chunks that were freed. */
function freedBy(chunks: readonly Buffer[]): { bodies: Buffer[]; freed: Uint8Array[] } {
  const decoder = new FrameDecoder(UNLIMITED);
  const bodies: Buffer[] = [];
  const freed: Uint8Array[] = [];
  decoder.free = (chunk) => {
    if (chunk.length === 0) return;
    freed.push(chunk);
    chunk.fill(0xdd);
  };
  for (const chunk of chunks) {
    decoder.push(chunk);
    while (decoder.next()) bodies.push(decoder.body);
  }
  return { bodies, freed };
}

test("a chunk is freed when all of it was copied: parts of a large frame, small frames", () => {
  const large = body(300_000);
  const frame = encodeFrame(0, large);
  const parts = [0, 131_072, 262_144].map((at) => fresh(frame.subarray(at, at + 131_072)));
  const small = Buffer.from("small");
  const many = fresh(Buffer.concat(Array.from({ length: 5000 }, () => encodeFrame(0, small))));
  const { bodies, freed } = freedBy([...parts, many]);
  assert.equal(freed, [...parts, many]);
  assert.ok(bodies[0]!.equals(large));
  assert.is(bodies.length, 5001);
  assert.ok(bodies.slice(1).every((one) => one.equals(small)));
});

test("a chunk is not freed while a body lies in it, wherever in the chunk", () => {
  const single = body(20_000);
  const before = encodeFrame(0, Buffer.from("before"));
  const cut = encodeFrame(0, body(50_000));
  const whole = encodeFrame(0, single);
  for (const pieces of [[whole], [before, whole], [whole, before], [whole, cut.subarray(0, 9000)]]) {
    const { bodies, freed } = freedBy([fresh(Buffer.concat(pieces))]);
    assert.is(freed.length, 0);
    assert.ok(bodies.some((one) => one.equals(single)));
  }
  // The rest of a frame whose beginning came before, then a whole one.
  const { bodies, freed } = freedBy([
    fresh(cut.subarray(0, 20_000)),
    fresh(Buffer.concat([cut.subarray(20_000), whole])),
  ]);
  assert.is(freed.length, 1);
  assert.ok(bodies[0]!.equals(body(50_000)));
  assert.ok(bodies[1]!.equals(single));
});

test.run();
