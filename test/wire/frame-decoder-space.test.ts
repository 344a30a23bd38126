/** Octets put where the decoder wants them, mixed with octets pushed in every way, with and without pooled memory. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PeerError } from "../../src/errors.ts";
import { encodeFrame, MORE } from "../../src/wire/frame.ts";
import { FrameDecoder } from "../../src/wire/frame-decoder.ts";
import { MemoryPool } from "../../src/wire/memory-pool.ts";

const space = suite("frame decoder: space");

const KIB = 1024;
const MIB = 1024 * KIB;
/** As frame-decoder.ts has them: reserved before octets arrive, worth a read of its own. */
const RESERVE = 4 * MIB;
const DIRECT = 128 * KIB;

/** A pool whose blocks a test can follow: overwritten when they come back, and refused when they come twice. */
class WatchedPool extends MemoryPool {
  readonly out = new Set<Buffer>();
  readonly all = new Set<Buffer>();

  override take(): Buffer {
    const block = super.take();
    assert.ok(!this.out.has(block), "a block lent twice");
    this.out.add(block);
    this.all.add(block);
    return block;
  }

  override give(block: Buffer): void {
    assert.ok(this.out.delete(block), "a block given back twice, or of somebody else");
    block.fill(0xdd);
    super.give(block);
  }
}

/** A body whose octets tell which it is and where they are. */
function body(size: number, seed: number): Buffer {
  const octets = Buffer.allocUnsafe(size);
  for (let i = 0; i < size; i++) octets[i] = (i * 31 + (i >> 8) * 7 + seed * 13) & 0xff;
  return octets;
}

function header(size: number | bigint): Buffer {
  const octets = Buffer.alloc(9);
  octets[0] = 2;
  octets.writeBigUInt64BE(BigInt(size), 1);
  return octets;
}

/** One way to bring the next octets: pushed, or put into `space` if there is any. */
interface Step {
  readonly how: "space" | "borrowed" | "own";
  readonly size: number;
  /** Frames to take afterwards, at most. */
  readonly takes: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  how: fc.constantFrom("space", "space", "borrowed", "own"),
  size: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300 * KIB })),
  takes: fc.constantFrom(0, 1, 2, 1000, 1000, 1000),
});

const size = fc.oneof(
  fc.nat(300),
  fc.constantFrom(255, 256, 4095, 4096, 8192, 8193, 16_383, 16_384, DIRECT - 1, DIRECT, DIRECT + 1, 262_207),
  fc.constantFrom(262_208, 262_209, 300_000, MIB),
  fc.nat(300 * KIB),
);

/** A stream on its way into a decoder. */
class Feed {
  readonly got: { readonly flags: number; readonly body: Buffer }[] = [];
  direct = 0;
  #at = 0;
  #turn = 0;
  readonly #shared = Buffer.allocUnsafeSlow(256 * KIB);
  readonly #wire: Buffer;
  readonly #decoder: FrameDecoder;
  readonly #transient: boolean;

  constructor(wire: Buffer, decoder: FrameDecoder, transient: boolean) {
    this.#wire = wire;
    this.#decoder = decoder;
    this.#transient = transient;
  }

  get done(): boolean {
    return this.#at === this.#wire.length;
  }

  step(steps: readonly Step[]): void {
    const { how, size, takes } = steps[this.#turn++ % steps.length]!;
    const left = this.#wire.length - this.#at;
    const room = how === "space" ? this.#decoder.space : null;
    if (room !== null) {
      assert.ok(room.length >= DIRECT);
      const length = Math.min(size, left, room.length);
      this.#wire.copy(room, 0, this.#at, this.#at + length);
      this.#decoder.filled(length);
      this.#at += length;
      this.direct += length;
      this.take(takes);
      return;
    }
    const length = Math.min(size, left, this.#shared.length);
    const octets = this.#wire.subarray(this.#at, this.#at + length);
    this.#at += length;
    if (how === "own") {
      this.#decoder.push(Buffer.from(octets));
      this.take(takes);
      return;
    }
    octets.copy(this.#shared);
    this.#decoder.push(this.#shared.subarray(0, length), true);
    this.take(takes);
    this.#decoder.release();
    this.#shared.fill(0xee, 0, length);
  }

  take(most = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < most && this.#decoder.next(); i++) {
      const { flags, body } = this.#decoder;
      // A transient body is only valid until the next call.
      this.got.push({ flags, body: this.#transient ? Buffer.from(body) : body });
    }
  }
}

function wireOf(
  sizes: readonly number[],
  seed: number,
): { readonly bodies: Buffer[]; readonly wire: Buffer } {
  const bodies = sizes.map((length, i) => body(length, seed + i));
  return { bodies, wire: Buffer.concat(bodies.map((it, i) => encodeFrame(i % 3 === 0 ? MORE : 0, it))) };
}

function check(feed: Feed, bodies: readonly Buffer[]): void {
  assert.is(feed.got.length, bodies.length);
  for (const [i, expected] of bodies.entries()) {
    assert.is(feed.got[i]!.flags & MORE, i % 3 === 0 ? MORE : 0);
    assert.ok(expected.equals(feed.got[i]!.body), `frame ${i} of ${expected.length}`);
  }
}

for (const kind of ["kept", "transient", "pooled"] as const) {
  space(`frames come out the same however their octets came: ${kind}`, () => {
    let direct = 0;
    fc.assert(
      fc.property(
        fc.array(size, { minLength: 1, maxLength: 8 }),
        fc.array(step, { minLength: 1, maxLength: 16 }),
        (sizes, steps) => {
          const { bodies, wire } = wireOf(sizes, 1);
          const decoder = new FrameDecoder(Number.POSITIVE_INFINITY, kind !== "kept");
          const pool = new WatchedPool(262_208, 2);
          if (kind === "pooled") decoder.pool = pool;
          const feed = new Feed(wire, decoder, kind !== "kept");
          while (!feed.done) {
            feed.step(
              steps.some((it) => it.size > 1000)
                ? steps
                : [...steps, { how: "space", size: 100_000, takes: 2 }],
            );
          }
          feed.take();
          check(feed, bodies);
          assert.is(decoder.next(), false);
          assert.is(pool.out.size, 0, "an idle decoder has given its block back");
          assert.is(decoder.body.length, 0);
          direct += feed.direct;
        },
      ),
      { numRuns: 150 },
    );
    assert.ok(direct > 0, "nothing came by space");
  });
}

space("decoders that share a pool never see each other's octets", () => {
  fc.assert(
    fc.property(
      fc.array(size, { minLength: 1, maxLength: 6 }),
      fc.array(size, { minLength: 1, maxLength: 6 }),
      fc.array(step, { minLength: 2, maxLength: 16 }),
      fc.array(fc.boolean(), { minLength: 2, maxLength: 16 }),
      (sizes, others, steps, order) => {
        const pool = new WatchedPool(262_208, 1);
        const streams = [wireOf(sizes, 1), wireOf(others, 100)].map(({ bodies, wire }) => {
          const decoder = new FrameDecoder(Number.POSITIVE_INFINITY, true);
          decoder.pool = pool;
          return { bodies, feed: new Feed(wire, decoder, true) };
        });
        const all = [...steps, { how: "space", size: 100_000, takes: 1000 } as const];
        for (let turn = 0; streams.some(({ feed }) => !feed.done); turn++) {
          const { feed } = streams[order[turn % order.length]! ? 0 : 1]!;
          const other = streams.find((it) => it.feed !== feed)!.feed;
          if (!feed.done) feed.step(all);
          else other.step(all);
          assert.ok(pool.out.size <= 2);
        }
        for (const { feed, bodies } of streams) {
          feed.take();
          check(feed, bodies);
        }
        assert.is(pool.out.size, 0);
      },
    ),
    { numRuns: 100 },
  );
});

space("a body lies in its block until the next call, not longer, and the block serves the next", () => {
  const pool = new WatchedPool(64 * KIB, 4);
  const decoder = new FrameDecoder(Number.POSITIVE_INFINITY, true);
  decoder.pool = pool;
  const { bodies, wire } = wireOf([20_000, 30_000, 10, 50_000], 5);
  for (let at = 0; at < wire.length; at += 7001) {
    decoder.push(wire.subarray(at, at + 7001));
    while (decoder.next()) {
      assert.ok(decoder.body.equals(bodies.shift()!));
      if (decoder.body.length > 20_000) assert.is(pool.out.size, 1, "visible, so lent");
    }
    assert.is(decoder.body.length, 0);
  }
  assert.is(bodies.length, 0);
  assert.equal([pool.out.size, pool.all.size], [0, 1]);
});

space("bodies below 16 KiB, or above a block, take none", () => {
  const pool = new WatchedPool(64 * KIB, 4);
  for (const length of [16_383, 64 * KIB + 1]) {
    const decoder = new FrameDecoder(Number.POSITIVE_INFINITY, true);
    decoder.pool = pool;
    decoder.push(header(length));
    decoder.next();
    assert.is(decoder.held, length);
  }
  assert.is(pool.all.size, 0);
});

space("an announced size reserves 4 MiB and no more, however often one asks for space", () => {
  for (const announced of [RESERVE + 1, 64 * MIB, 2 ** 31]) {
    const decoder = new FrameDecoder(announced);
    decoder.push(header(announced));
    assert.is(decoder.next(), false);
    for (let i = 0; i < 3; i++) {
      assert.is(decoder.space!.length, RESERVE);
      assert.is(decoder.held, RESERVE);
    }
  }
});

space("what has come reserves as much again, once something comes beyond what is reserved", () => {
  const decoder = new FrameDecoder(Number.POSITIVE_INFINITY);
  decoder.push(header(64 * MIB));
  decoder.next();
  for (let came = 0; came < 40 * MIB; ) {
    assert.ok(decoder.held <= Math.max(RESERVE, 2 * came), `${decoder.held} reserved after ${came}`);
    const room = decoder.space;
    if (room === null) {
      decoder.push(Buffer.alloc(1000));
      came += 1000;
    } else {
      decoder.filled(Math.min(room.length, 700_000));
      came += Math.min(room.length, 700_000);
    }
    assert.is(decoder.next(), false);
    // Asking takes nothing.
    const { held } = decoder;
    void decoder.space;
    assert.is(decoder.held, held);
  }
});

space("limits come before space: 8 EiB, one beyond the limit, reserved bits", () => {
  const refused = (octets: Buffer, code: string): void => {
    const decoder = new FrameDecoder(MIB);
    decoder.push(octets);
    assert.throws(
      () => decoder.next(),
      (error: unknown) => error instanceof PeerError && error.code === code,
    );
    assert.is(decoder.space, null);
  };
  refused(header(0x8000_0000_0000_0000n), "ERR_ZMTP_MALFORMED_FRAME");
  refused(header(0x7fff_ffff_ffff_ffffn), "ERR_ZMTP_MESSAGE_TOO_LARGE");
  refused(header(MIB + 1), "ERR_ZMTP_MESSAGE_TOO_LARGE");
  refused(Buffer.concat([Buffer.from([0x82]), header(MIB).subarray(1)]), "ERR_ZMTP_MALFORMED_FRAME");

  const exact = new FrameDecoder(MIB);
  exact.push(header(MIB));
  exact.next();
  assert.is(exact.space!.length, MIB);
});

space("there is no space while octets wait in front of it, nor for a short rest", () => {
  const decoder = new FrameDecoder(Number.POSITIVE_INFINITY);
  assert.is(decoder.space, null);
  decoder.push(header(MIB));
  assert.is(decoder.space, null, "nobody has looked yet");
  decoder.next();
  assert.is(decoder.space!.length, MIB);
  decoder.push(Buffer.alloc(5000));
  assert.is(decoder.space, null);
  decoder.next();
  assert.is(decoder.space!.length, MIB - 5000);
  decoder.filled(MIB - 5000 - DIRECT);
  assert.is(decoder.space!.length, DIRECT);
  decoder.filled(1);
  assert.is(decoder.space, null);
});

space("a body handed out is never written again", () => {
  const decoder = new FrameDecoder(Number.POSITIVE_INFINITY);
  const { wire, bodies } = wireOf([MIB, MIB], 3);
  decoder.push(Buffer.from(wire.subarray(0, 9)));
  decoder.next();
  const room = decoder.space!;
  wire.copy(room, 0, 9, 9 + MIB);
  decoder.filled(MIB);
  assert.ok(decoder.next());
  const first = decoder.body;
  assert.is(decoder.space, null);
  decoder.push(Buffer.from(wire.subarray(9 + MIB, 18 + MIB)));
  assert.is(decoder.next(), false);
  assert.is.not(decoder.space!.buffer, first.buffer);
  decoder.space!.fill(0xee);
  assert.ok(first.equals(bodies[0]!));
});

space.run();
