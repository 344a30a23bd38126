/** Frames: their octets, clause by clause of RFC 37, "Framing". */
import { constants } from "node:buffer";
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COMMAND, encodeFrame, MAX_HEADER, MORE, writeHeader } from "../../src/wire/frame.ts";
import { FrameDecoder } from "../../src/wire/frame-decoder.ts";
import { octets } from "../support/recorded.ts";
import { code, frames } from "../support/wire.ts";

test("RFC 37 short-size: a body of 0 to 255 octets has a header of two", () => {
  assert.equal(encodeFrame(0), octets("0000"));
  assert.equal(encodeFrame(MORE, octets('"ab"')), octets('01 02 "ab"'));
  assert.equal(encodeFrame(COMMAND, octets('"a"'), octets('"b"')), octets('04 02 "ab"'));
  assert.equal(encodeFrame(0, Buffer.alloc(255)).subarray(0, 2), octets("00 ff"));
});

test("RFC 37 long-size: a body of 256 octets has a header of nine", () => {
  assert.equal(encodeFrame(0, Buffer.alloc(256)).subarray(0, 9), octets("02 0000000000000100"));
  assert.equal(encodeFrame(MORE, Buffer.alloc(256)).subarray(0, 9), octets("03 0000000000000100"));
  assert.equal(encodeFrame(COMMAND, Buffer.alloc(65_536)).subarray(0, 9), octets("06 0000000000010000"));
});

test("RFC 37 long-size: eight octets, big-endian, beyond 32 bits too", () => {
  for (const [size, expected] of [
    [0x01_02_03_04, "02 0000000001020304"],
    [0xfedc_ba98, "02 00000000fedcba98"],
    [0x1_2345_6789, "02 0000000123456789"],
    [2 ** 48 + 5, "02 0001000000000005"],
    [Number.MAX_SAFE_INTEGER, "02 001fffffffffffff"],
  ] as const) {
    const out = Buffer.alloc(MAX_HEADER);
    assert.is(writeHeader(out, 0, 0, size), 9);
    assert.equal(out, octets(expected));
  }
});

test("RFC 37 long-size: the long form is accepted for a small body", () => {
  assert.equal(frames(octets('02 0000000000000002 "ab" 03 0000000000000000 06 0000000000000001 "c"')), [
    [0x02, "ab"],
    [0x03, ""],
    [0x06, "c"],
  ]);
});

test("RFC 37 flags: each reserved bit is refused, in short and long frames", () => {
  for (const bit of [0x08, 0x10, 0x20, 0x40, 0x80]) {
    assert.is(
      code(() => frames(Buffer.of(bit, 0))),
      "ERR_ZMTP_MALFORMED_FRAME",
    );
    assert.is(
      code(() => frames(Buffer.of(bit | 2, 0, 0, 0, 0, 0, 0, 0, 0))),
      "ERR_ZMTP_MALFORMED_FRAME",
    );
    // Refused from the header, before the body has come.
    assert.is(
      code(() => frames(Buffer.of(bit, 200))),
      "ERR_ZMTP_MALFORMED_FRAME",
    );
  }
});

test("RFC 37 command-flags: a command with MORE is refused", () => {
  assert.is(
    code(() => frames(octets('05 01 "a"'))),
    "ERR_ZMTP_MALFORMED_FRAME",
  );
  assert.is(
    code(() => frames(octets('07 0000000000000001 "a"'))),
    "ERR_ZMTP_MALFORMED_FRAME",
  );
});

test("RFC 37 long-size: 2^63 and more is malformed, below it too large", () => {
  assert.is(
    code(() => frames(octets("02 8000000000000000"))),
    "ERR_ZMTP_MALFORMED_FRAME",
  );
  assert.is(
    code(() => frames(octets("02 ffffffffffffffff"))),
    "ERR_ZMTP_MALFORMED_FRAME",
  );
  assert.is(
    code(() => frames(octets("02 7fffffffffffffff"))),
    "ERR_ZMTP_MESSAGE_TOO_LARGE",
  );
  // What no Buffer can hold: 2^32 octets in Node 20, any number in Node 24.
  const beyond = 2 ** 40 > constants.MAX_LENGTH ? "ERR_ZMTP_MESSAGE_TOO_LARGE" : null;
  assert.is(
    code(() => frames(octets("02 0000010000000000"))),
    beyond,
  );
});

test("the limit is the largest body that passes; one more is refused from its header", () => {
  assert.equal(frames(octets('00 03 "abc"'), { limit: 3 }), [[0, "abc"]]);
  assert.is(
    code(() => frames(octets("00 04"), { limit: 3 })),
    "ERR_ZMTP_MESSAGE_TOO_LARGE",
  );
  assert.is(
    code(() => frames(octets("02 0000000000000004"), { limit: 3 })),
    "ERR_ZMTP_MESSAGE_TOO_LARGE",
  );
  assert.equal(frames(octets("00 00"), { limit: 0 }), [[0, ""]]);
});

test("the limit may change from frame to frame, whole or cut off", () => {
  const decoder = new FrameDecoder(1);
  decoder.push(octets('00 01 "a" 00 03'));
  assert.ok(decoder.next());
  decoder.limit = 3;
  assert.not(decoder.next());
  decoder.push(octets('"bcd" 00 03'));
  assert.ok(decoder.next());
  assert.equal(decoder.body, octets('"bcd"'));
  decoder.limit = 2;
  assert.is(
    code(() => decoder.next()),
    "ERR_ZMTP_MESSAGE_TOO_LARGE",
  );
});

test("an error says what is wrong, and names no limit where there is none", () => {
  const message = (run: () => unknown): string => {
    try {
      run();
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(
    message(() => frames(octets("00 04"), { limit: 3 })),
    /4 octets.* 3 /,
  );
  assert.not.match(
    message(() => frames(octets("02 7fffffffffffffff"))),
    /Infinity/,
  );
});

test("any frames, cut anywhere, come out as they went in", () => {
  const size = fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.constantFrom(4095, 4096, 4097, 8180, 8190, 8192, 9000),
    fc.integer({ min: 0, max: 70_000 }),
  );
  const frame = fc.tuple(fc.constantFrom(0, MORE, COMMAND), size, fc.boolean());
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 40 }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 70_000 })), {
        minLength: 1,
      }),
      (list, cuts) => {
        const expected = list.map(([flags, length], at) => ({ flags, body: Buffer.alloc(length, at + 1) }));
        const encoded = expected.map(({ flags, body }, at) =>
          list[at]![2] && body.length < 256 ? encodeLong(flags, body) : encodeFrame(flags, body),
        );
        const stream = Buffer.concat(encoded);
        const decoder = new FrameDecoder(Number.POSITIVE_INFINITY);
        const found: { flags: number; body: Buffer }[] = [];
        for (let from = 0, turn = 0; from < stream.length; turn++) {
          const take = cuts[turn % cuts.length]!;
          // Fresh memory for each chunk, as a socket gives it; overwritten octets would show in earlier bodies.
          decoder.push(Buffer.from(stream.subarray(from, from + take)));
          from += take;
          while (decoder.next()) found.push({ flags: decoder.flags & ~2, body: decoder.body });
        }
        assert.is(found.length, expected.length);
        for (const [at, { flags, body }] of expected.entries()) {
          assert.is(found[at]!.flags, flags);
          assert.ok(found[at]!.body.equals(body), `body ${at}`);
        }
      },
    ),
    { numRuns: 400 },
  );
});

test("chunks that wait while nobody takes frames come out in order", () => {
  const decoder = new FrameDecoder(Number.POSITIVE_INFINITY);
  for (let i = 0; i < 100; i++) decoder.push(Buffer.from([0, 3, i, i + 1, i + 2]));
  for (let i = 0; i < 100; i++) {
    assert.ok(decoder.next());
    assert.equal(decoder.body, Buffer.of(i, i + 1, i + 2));
  }
  assert.not(decoder.next());
});

function encodeLong(flags: number, body: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header[0] = flags | 2;
  header.writeUInt32BE(body.length, 5);
  return Buffer.concat([header, body]);
}

test.run();
