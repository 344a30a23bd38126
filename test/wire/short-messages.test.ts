/** Short messages in one loop: what comes out is what a decoder without that loop gives, in the same order. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COMMAND, encodeFrame, LONG, MORE } from "../../src/wire/frame.ts";
import { FrameDecoder } from "../../src/wire/frame-decoder.ts";
import type { Message } from "../../src/wire/message.ts";
import { octets } from "../support/recorded.ts";
import { code } from "../support/wire.ts";

const LIMIT = 60_000;

/** Flags and body of a frame. */
type Seen = readonly [flags: number, body: Buffer];

/** The frames of whole octets, slowly; what is cut off at the end is left out. The code of what is refused, or null. */
function reference(stream: Buffer): { frames: Seen[]; refused: string | null } {
  const frames: Seen[] = [];
  for (let rest = stream; ; ) {
    const header = (rest[0]! & LONG) === 0 ? 2 : 9;
    if (rest.length < header) return { frames, refused: null };
    const flags = rest[0]!;
    const size = header === 2 ? BigInt(rest[1]!) : rest.readBigUInt64BE(1);
    if (flags > 7 || (flags & (COMMAND | MORE)) === (COMMAND | MORE) || size >= 1n << 63n)
      return { frames, refused: "ERR_ZMTP_MALFORMED_FRAME" };
    if (size > LIMIT) return { frames, refused: "ERR_ZMTP_MESSAGE_TOO_LARGE" };
    const end = header + Number(size);
    if (rest.length < end) return { frames, refused: null };
    frames.push([flags & ~LONG, rest.subarray(header, end)]);
    rest = rest.subarray(end);
  }
}

function longForm(flags: number, body: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header[0] = flags | LONG;
  header.writeUInt32BE(body.length, 5);
  return Buffer.concat([header, body]);
}

const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(30) },
  { weight: 2, arbitrary: fc.nat(256) },
  { weight: 2, arbitrary: fc.constantFrom(127, 128, 253, 254, 255, 256, 257, 1000, 4080, 4096, 8180, 8192) },
  { weight: 1, arbitrary: fc.nat(LIMIT) },
);
const frame = fc.record({
  flags: fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(MORE, COMMAND) },
  ),
  size,
  long: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  times: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 60 })),
});
const ENDS = [
  "",
  "00",
  "00 05 01",
  "02 00000000",
  "08 00",
  "80 01 61",
  "05 00",
  "07 0000000000000000",
  "02 8000000000000000",
  "02 ffffffffffffffff 00 01 61",
  "02 7fffffffffffffff",
  "02 0020000000000001",
  "02 000000000000ea61",
  "fa 00",
];
const cuts = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 9000 }), fc.nat(200_000)),
  {
    minLength: 1,
    maxLength: 12,
  },
);

test("any frames, cut anywhere, with stops anywhere, come out as without the loop", () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 25 }),
      fc.constantFrom(...ENDS),
      cuts,
      // After so many messages the sink has enough; the reader goes on after so many chunks.
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }),
      fc.constantFrom("borrowed", "owned", "mixed"),
      (list, end, sizes, stops, pauses, memory) => {
        let mark = 0;
        const stream = Buffer.concat([
          ...list.flatMap(({ flags, size, long, times }) =>
            Array.from({ length: times }, () => {
              const body = Buffer.alloc(Math.min(size, times === 1 ? LIMIT : 5000));
              for (let i = 0; i < body.length; i++) body[i] = mark * 31 + i * 7;
              mark++;
              return long ? longForm(flags, body) : encodeFrame(flags, body);
            }),
          ),
          octets(end),
        ]);
        const decoder = new FrameDecoder(LIMIT);
        decoder.free = (chunk) => chunk.fill(0xdd);
        const shared = Buffer.alloc(200_000);
        const found: Seen[] = [];
        let stop = 0;
        let until = stops[0]!;
        let looped = 0;
        const sink = {
          deliver(message: Message): boolean {
            assert.is(message.length, 1);
            found.push([0, message[0]!]);
            looped++;
            if (--until > 0) return true;
            until = stops[++stop % stops.length]!;
            return false;
          },
        };
        /** As a session: false when it stopped, or there is nothing more. */
        const pump = (): boolean => {
          for (;;) {
            const before = looped;
            const goOn = decoder.shortMessages(sink);
            assert.is(decoder.delivered, looped - before);
            if (!goOn) return true;
            if (!decoder.next()) return false;
            found.push([decoder.flags & ~LONG, decoder.body]);
          }
        };
        const refused = code(() => {
          let pause = 0;
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const length = Math.min(Math.max(1, sizes[turn % sizes.length]!), stream.length - at);
            const part = stream.subarray(at, at + length);
            const borrowed = memory === "borrowed" || (memory === "mixed" && turn % 3 === 0);
            if (borrowed) decoder.push(shared.subarray(0, part.copy(shared)), true);
            else decoder.push(Buffer.from(part));
            at += length;
            if (pause > 0) pause--;
            else if (pump()) pause = pauses[turn % pauses.length]!;
            decoder.release();
            shared.fill(0xee);
          }
          while (pump());
        });
        const expected = reference(stream);
        assert.is(refused, expected.refused);
        assert.is(found.length, expected.frames.length);
        for (const [at, [flags, body]] of expected.frames.entries()) {
          assert.is(found[at]![0], flags, `flags of frame ${at}`);
          assert.ok(found[at]![1].equals(body), `body ${at} of ${body.length}`);
        }
      },
    ),
    { numRuns: Number(process.env["RUNS"] ?? 500) },
  );
});

test.run();
