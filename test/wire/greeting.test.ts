/** The greeting, clause by clause of RFC 37, "Greeting" and "Version Negotiation". */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  checkGreetingStart,
  decodeGreeting,
  encodeGreeting,
  GREETING_LENGTH,
} from "../../src/wire/greeting.ts";
import { greeting, octets } from "../support/recorded.ts";
import { code } from "../support/wire.ts";

test("RFC 37 greeting: 64 octets, padding and filler zero, version 3.1", () => {
  const zeros = "00".repeat(16);
  assert.equal(
    encodeGreeting("NULL", false),
    octets(`ff 0000000000000000 7f 03 01 "NULL" ${zeros} 00 ${"00".repeat(31)}`),
  );
  assert.is(encodeGreeting("NULL", false).length, GREETING_LENGTH);
});

test("RFC 37 as-server: octet 32", () => {
  assert.equal(encodeGreeting("CURVE", true).subarray(12, 34), octets(`"CURVE" ${"00".repeat(15)} 01 00`));
  assert.is(decodeGreeting(greeting("CURVE", { asServer: 1 })).asServer, true);
  assert.is(decodeGreeting(greeting("CURVE")).asServer, false);
});

test("RFC 37 padding: the eight octets are not looked at, whatever they are", () => {
  for (const octet of [0x00, 0x01, 0x7f, 0xff]) {
    const bytes = encodeGreeting("NULL", false).fill(octet, 1, 9);
    assert.equal(decodeGreeting(bytes), { minor: 1, mechanism: "NULL", asServer: false });
  }
});

test("RFC 37 filler: not looked at", () => {
  assert.is(decodeGreeting(encodeGreeting("NULL", false).fill(0xaa, 33)).mechanism, "NULL");
});

test("RFC 37 version: 3.0 is minor 0; 3.1, 3.9, 4.0 and 255.255 count as 3.1", () => {
  for (const [major, minor, expected] of [
    [3, 0, 0],
    [3, 1, 1],
    [3, 9, 1],
    [4, 0, 1],
    [255, 255, 1],
  ]) {
    const bytes = encodeGreeting("NULL", false);
    bytes[10] = major!;
    bytes[11] = minor!;
    assert.is(decodeGreeting(bytes).minor, expected);
  }
});

test("RFC 37 version negotiation: ZMTP 1.0 and 2.0 are refused as soon as the octets show it", () => {
  const refused = "ERR_ZMTP_UNSUPPORTED_VERSION";
  const check = (text: string): string | null => code(() => checkGreetingStart(octets(text)));
  // 1.0: a short identity frame, or a long one whose flags octet is where 7F should be.
  assert.is(check("01"), refused);
  assert.is(check("ff 0000000000000001 00"), refused);
  assert.is(check("ff 0000000000000001"), null);
  // 2.0 and its predecessor: revisions 0, 1 and 2.
  for (const revision of ["00", "01", "02"]) {
    assert.is(check(`ff 0000000000000001 7f ${revision}`), refused);
  }
  assert.is(check("ff 0000000000000001 7f"), null);
  assert.is(check("ff 0000000000000001 7f 03"), null);
  assert.is(check(""), null);
});

test("RFC 37 mechanism: 1 to 20 characters, then zeros only", () => {
  const withField = (field: string): Buffer => {
    const bytes = encodeGreeting("X", false);
    bytes.fill(0, 12, 32).write(field, 12, "latin1");
    return bytes;
  };
  for (const name of ["A", "NULL", "CURVE-2", "A.B_C+D-9", "ABCDEFGHIJKLMNOPQRST"]) {
    assert.is(decodeGreeting(withField(name)).mechanism, name);
  }
  for (const name of ["", "null", "NU LL", "NULL\0X", "\0NULL", "N\u00dcLL", "NULL\n"]) {
    assert.is(
      code(() => decodeGreeting(withField(name))),
      "ERR_ZMTP_BAD_GREETING",
      JSON.stringify(name),
    );
  }
});

test("a mechanism name that cannot be sent is our own mistake", () => {
  for (const name of ["", "null", "ABCDEFGHIJKLMNOPQRSTU", "A B"]) {
    assert.throws(
      () => encodeGreeting(name, false),
      (error: unknown) => error instanceof RangeError,
    );
  }
});

test("a greeting that is a view into other memory", () => {
  const memory = Buffer.concat([
    Buffer.alloc(100, 0xee),
    encodeGreeting("PLAIN", true),
    Buffer.alloc(9, 0xee),
  ]);
  assert.equal(decodeGreeting(memory.subarray(100, 164)), { minor: 1, mechanism: "PLAIN", asServer: true });
});

test.run();
