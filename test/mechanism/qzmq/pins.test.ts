import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LayoutError } from "../../../src/bytes/reader.ts";
import { hex, keyFingerprint } from "../../../src/mechanism/qzmq/algorithm.ts";
import { isName } from "../../../src/mechanism/qzmq/name.ts";
import { formatPins, identityOfPin, MAX_PINS, parsePins } from "../../../src/mechanism/qzmq/pins.ts";
import { key, provider } from "./pki.ts";

const A = "a".repeat(64);
const B = "0123456789abcdef".repeat(4);

test("a pin is the hash of label, signature octet and public key", () => {
  const { publicKey } = key("someone", "ML-DSA-65");
  const expected = provider.hashes["SHA-256"].digest(Buffer.from("QZMQ/1 key\x03"), publicKey);
  assert.is(hex(keyFingerprint(provider, "ML-DSA-65", publicKey)), hex(expected));
});

test("lines, comments, blanks and nameless pins", () => {
  const pins = parsePins(`# our peers\n\n${A}, alice\r\n  ${B} ,bob@host:1  \n`);
  assert.equal(
    pins.map(({ fingerprint, name }) => [hex(fingerprint), name]),
    [
      [A, "alice"],
      [B, "bob@host:1"],
    ],
  );
  const [nameless] = parsePins(A);
  assert.is(nameless!.name, null);
  assert.is(identityOfPin(nameless!), A);
  assert.is(identityOfPin(pins[0]!), "alice");
  assert.equal(parsePins(""), []);
});

test("several keys may go by one name", () => {
  assert.is(parsePins(`${A}, alice\n${B}, alice`).length, 2);
});

const faults: Record<string, string> = {
  "a pin too short": A.slice(1),
  "a pin too long": `${A}a`,
  "upper-case digits": A.toUpperCase(),
  "other characters": `g${A.slice(1)}`,
  "an empty name": `${A},`,
  "a name in upper case": `${A}, Alice`,
  "two names": `${A}, alice, bob`,
  "a name that looks like a pin": `${A}, ${B}`,
  "a comment behind a pin": `${A} # alice`,
  "a name without comma": `${A} alice`,
};
for (const [what, line] of Object.entries(faults)) {
  test(`refused with its line: ${what}`, () => {
    assert.throws(
      () => parsePins(`# comment\n${line}\n`),
      (error: unknown) => {
        return error instanceof LayoutError && error.message.startsWith("line 2: ");
      },
    );
  });
}

test("a pin twice is refused, whatever its names", () => {
  assert.throws(() => parsePins(`${A}, alice\n${B}\n${A}, bob`), /line 3: this pin was listed before/);
});

test("there is a bound on pins", () => {
  const line = (_: unknown, i: number) => i.toString(16).padStart(64, "0");
  const lines = Array.from({ length: MAX_PINS }, line);
  assert.is(parsePins(lines.join("\n")).length, MAX_PINS);
  assert.throws(() => parsePins([...lines, A].join("\n")), /over 65536 pins/);
});

const name = fc
  .string({ unit: fc.constantFrom(..."abcxyz0189._:@/+-"), minLength: 1, maxLength: 255 })
  .filter(isName);
const pin = fc.record({
  fingerprint: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  name: fc.option(name),
});

test("what is formatted comes back when parsed", () => {
  fc.assert(
    fc.property(fc.uniqueArray(pin, { selector: ({ fingerprint }) => hex(fingerprint) }), (pins) => {
      const again = parsePins(formatPins(pins));
      assert.equal(
        again.map((p) => [hex(p.fingerprint), p.name]),
        pins.map((p) => [hex(p.fingerprint), p.name]),
      );
    }),
  );
});

test("arbitrary text is parsed or refused, nothing else", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        for (const found of parsePins(text)) assert.is(found.fingerprint.length, 32);
      } catch (error) {
        assert.ok(error instanceof LayoutError);
      }
    }),
  );
});

test("names", () => {
  for (const good of [
    "a",
    "broker.example",
    "127.0.0.1",
    "::1",
    "a@b/c+d-e_f:1",
    "0".repeat(63),
    "f".repeat(65),
  ]) {
    assert.ok(isName(good), good);
  }
  for (const bad of ["", "A", "*.a", "a b", "a,b", "é", "a\n", "a".repeat(256), "0".repeat(64), A]) {
    assert.not(isName(bad), bad);
  }
});

test.run();
