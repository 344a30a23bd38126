import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LayoutError, Reader } from "../../src/bytes/reader.ts";
import { utf8, Writer } from "../../src/bytes/writer.ts";

type Field =
  | { kind: "u8" | "u16" | "u32" | "u64"; value: number }
  | { kind: "v8" | "v16" | "v32" | "bytes"; value: Uint8Array };

const octets = (maxLength: number) => fc.uint8Array({ maxLength });
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant("u8" as const), value: fc.integer({ min: 0, max: 0xff }) }),
  fc.record({ kind: fc.constant("u16" as const), value: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ kind: fc.constant("u32" as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
  fc.record({ kind: fc.constant("u64" as const), value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constantFrom("v8" as const, "v16" as const, "v32" as const), value: octets(255) }),
  fc.record({ kind: fc.constant("bytes" as const), value: octets(40) }),
);

function write(fields: readonly Field[]): Uint8Array {
  const writer = new Writer();
  for (const { kind, value } of fields) (writer[kind] as (value: unknown) => Writer)(value);
  const bytes = writer.finish();
  assert.is(bytes.length, writer.length);
  return bytes;
}

function read(reader: Reader, fields: readonly Field[]): (number | Uint8Array)[] {
  return fields.map(({ kind, value }) =>
    kind === "bytes" ? reader.bytes((value as Uint8Array).length) : reader[kind](),
  );
}

test("what is written is read back, and nothing is left", () => {
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      const reader = new Reader(write(fields));
      const values = read(reader, fields);
      reader.end();
      assert.equal(
        values.map((value) => (typeof value === "number" ? value : Buffer.from(value).toString("hex"))),
        fields.map(({ value }) => (typeof value === "number" ? value : Buffer.from(value).toString("hex"))),
      );
    }),
  );
});

test("input cut anywhere is refused, not read past its end", () => {
  fc.assert(
    fc.property(fc.array(field, { minLength: 1 }), fc.nat(), (fields, at) => {
      const bytes = write(fields);
      if (bytes.length === 0) return;
      const reader = new Reader(bytes.subarray(0, at % bytes.length));
      assert.throws(
        () => read(reader, fields),
        (error: unknown) => error instanceof LayoutError,
      );
    }),
  );
});

test("integers are big-endian", () => {
  const bytes = new Writer().u8(1).u16(0x0203).u32(0x04050607).u64(0x08090a0b0c0d).finish();
  assert.is(Buffer.from(bytes).toString("hex"), "010203040506070000" + "08090a0b0c0d");
  assert.is(new Reader(Uint8Array.of(0xff, 0xff, 0xff, 0xff)).u32(), 0xffffffff);
});

test("an integer beyond 2^53 is refused, the last below it is read", () => {
  assert.is(new Reader(Buffer.from("001fffffffffffff", "hex")).u64(), Number.MAX_SAFE_INTEGER);
  assert.throws(() => new Reader(Buffer.from("0020000000000000", "hex")).u64(), /beyond 2\^53/);
});

test("a vector outside its bounds is refused", () => {
  const bytes = new Writer().v8(utf8("abc")).finish();
  assert.throws(() => new Reader(bytes).v8("name", 4), /name: length 3, allowed 4\.\.255/);
  assert.throws(() => new Reader(bytes).v8("name", 0, 2), /name: length 3, allowed 0\.\.2/);
  assert.is(new Reader(bytes).v8("name", 3, 3).length, 3);
});

test("octets after the end are refused", () => {
  const reader = new Reader(Uint8Array.of(1, 2, 3));
  reader.u8();
  assert.is(reader.offset, 1);
  assert.throws(() => reader.end("READY"), /READY: 2 octets too many/);
  assert.equal([...reader.rest()], [2, 3]);
  reader.end();
});

test("values that do not fit are refused", () => {
  for (const value of [-1, 256, 1.5, Number.NaN]) assert.throws(() => new Writer().u8(value), RangeError);
  assert.throws(() => new Writer().u64(2 ** 53), RangeError);
  assert.throws(() => new Writer().v8(new Uint8Array(256)), RangeError);
});

test.run();
