import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeZ85, encodeZ85 } from "../../src/bytes/z85.ts";

test("RFC 32: the test case", () => {
  const octets = Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b);
  assert.is(encodeZ85(octets), "HelloWorld");
  assert.equal(decodeZ85("HelloWorld"), octets);
});

test("decoding undoes encoding", () => {
  const fours = fc.uint8Array({ maxLength: 20 }).map((bytes) => bytes.subarray(0, bytes.length & ~3));
  fc.assert(fc.property(fours, (bytes) => assert.equal(decodeZ85(encodeZ85(bytes)), Uint8Array.from(bytes))));
});

test("RFC 32: other lengths are refused", () => {
  assert.throws(() => encodeZ85(new Uint8Array(3)), RangeError);
  assert.is(decodeZ85("Hello1"), null);
});

test("a foreign character is refused", () => {
  assert.is(decodeZ85("Hell,"), null);
  assert.is(decodeZ85('Hell"'), null);
});

test("a group of 2^32 or more is refused", () => {
  assert.equal(decodeZ85("%nSc0"), Uint8Array.of(255, 255, 255, 255));
  assert.is(decodeZ85("%nSc1"), null);
  assert.is(decodeZ85("#####"), null);
});

test.run();
