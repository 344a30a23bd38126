import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LayoutError } from "../../../src/bytes/reader.ts";
import { hex } from "../../../src/mechanism/qzmq/algorithm.ts";
import { armor, dearmor, MAX_ARMOR } from "../../../src/mechanism/qzmq/armor.ts";

const isLayoutError = (error: unknown) => error instanceof LayoutError;
const OCTETS = Uint8Array.from({ length: 100 }, (_, i) => i);
const TEXT = armor("QZMQ CERTIFICATE", OCTETS);

test("the form is that of RFC 7468", () => {
  const base64 = Buffer.from(OCTETS).toString("base64");
  const body = [base64.slice(0, 64), base64.slice(64, 128), base64.slice(128)].join("\n");
  assert.is(TEXT, `-----BEGIN QZMQ CERTIFICATE-----\n${body}\n-----END QZMQ CERTIFICATE-----\n`);
});

test("several blocks, comments, blank lines, either kind of line end", () => {
  const other = armor("QZMQ PUBLIC KEY", OCTETS.subarray(3));
  const text = `# broker, 2026\n\n${TEXT}\n# another\n${other}`;
  for (const variant of [text, text.replaceAll("\n", "\r\n"), text.trimEnd()]) {
    assert.equal(
      dearmor(variant).map(({ label, octets }) => [label, hex(octets)]),
      [
        ["QZMQ CERTIFICATE", hex(OCTETS)],
        ["QZMQ PUBLIC KEY", hex(OCTETS.subarray(3))],
      ],
    );
  }
  assert.equal(dearmor("\n# nothing\n"), []);
});

test("any octets under any label survive the round trip", () => {
  const label = fc.constantFrom(
    "QZMQ PRIVATE KEY",
    "QZMQ REVOCATION LIST",
    "QZMQ CERTIFICATE",
    "QZMQ PUBLIC KEY",
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(label, fc.uint8Array({ maxLength: 300 }))), (blocks) => {
      const again = dearmor(blocks.map(([name, octets]) => armor(name, octets)).join(""));
      assert.equal(
        again.map((b) => [b.label, hex(b.octets)]),
        blocks.map(([name, octets]) => [name, hex(octets)]),
      );
    }),
  );
});

const lines = TEXT.trimEnd().split("\n");
const put = (at: number, line: string) => lines.with(at, line).join("\n");
const faults: Record<string, string> = {
  "text outside": `hello\n${TEXT}`,
  "an unknown label": TEXT.replaceAll("CERTIFICATE", "THING"),
  "another project's label": TEXT.replaceAll("QZMQ CERTIFICATE", "CERTIFICATE"),
  "no end": lines.slice(0, -1).join("\n"),
  "another end": put(4, "-----END QZMQ PUBLIC KEY-----"),
  "an end alone": lines[4]!,
  "a space behind the label": put(0, `${lines[0]} `),
  "a short line": put(1, lines[1]!.slice(4)),
  "a long line": put(1, `${lines[1]}AAAA`),
  "an empty line inside": [...lines.slice(0, 2), "", ...lines.slice(2)].join("\n"),
  "a comment inside": [...lines.slice(0, 2), "#", ...lines.slice(2)].join("\n"),
  "a character that is no base64": put(1, `*${lines[1]!.slice(1)}`),
  base64url: put(1, `-${lines[1]!.slice(1)}`),
  "no padding": put(3, lines[3]!.replaceAll("=", "")),
  "bits beyond the end": put(
    3,
    lines[3]!
      .replace("==", "")
      .replace(/.$/, (c) => (c === "/" ? "8" : "/"))
      .concat("=="),
  ),
};
for (const [what, text] of Object.entries(faults)) {
  test(`refused: ${what}`, () => {
    assert.not(text === TEXT || text === TEXT.trimEnd(), "the fault is there");
    assert.throws(() => dearmor(text), isLayoutError);
  });
}

test("there are bounds", () => {
  assert.throws(() => dearmor("#".repeat(MAX_ARMOR + 1)), isLayoutError);
  const small = armor("QZMQ PUBLIC KEY", Uint8Array.of(1));
  assert.is(dearmor(small.repeat(256)).length, 256);
  assert.throws(() => dearmor(small.repeat(257)), isLayoutError);
});

test.run();
