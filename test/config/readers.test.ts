/** The two readers: what they read is what the language's own parsers read, every part has its place, and bad text is one typed error. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readJson } from "../../src/config/json.ts";
import { SyntaxFault } from "../../src/config/report.ts";
import type { Tree } from "../../src/config/tree.ts";
import { readYaml } from "../../src/config/yaml.ts";
import { FULL } from "./documents.ts";

/** The plain value of a tree. */
function plainOf(tree: Tree): unknown {
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "list") return tree.items.map(plainOf);
  return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plainOf(value)]));
}

async function fault(read: () => Tree | Promise<Tree>): Promise<string> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    const { line, column, message, mend } = error.problems[0]!;
    return `${line}:${column}: ${message} => ${mend}`;
  }
  throw new Error("was accepted");
}

const flat = fc.jsonValue({ maxDepth: 6 });

test("JSON: any value that is written is read as it was, whatever the blanks", () => {
  fc.assert(
    fc.property(flat, fc.constantFrom(0, 1, 4), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      assert.equal(plainOf(readJson(text)), JSON.parse(text));
    }),
  );
});

test("JSON: what the language refuses is refused, and only that, deep nesting and doubled keys apart", () => {
  const pieces = fc.array(
    fc.constantFrom(...'{}[]:," \n-.0123eE+\\u'.split(""), "true", "null", '"a"', '"b"', "fals", "1.5", "/"),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join("");
      let expected: unknown = SyntaxFault;
      try {
        expected = JSON.parse(text);
      } catch {
        // Not JSON, then.
      }
      let actual: unknown = SyntaxFault;
      try {
        actual = plainOf(readJson(text));
      } catch (error) {
        if (!(error instanceof SyntaxFault)) throw error;
        if (error.problems[0]!.message.includes("there twice")) return;
      }
      assert.equal(actual, expected, text);
    }),
    { numRuns: 20_000 },
  );
});

test("YAML: JSON values too are read as they were", async () => {
  await fc.assert(
    fc.asyncProperty(flat, async (value) => {
      const text = JSON.stringify(value);
      assert.equal(plainOf(await readYaml(text)), JSON.parse(text));
    }),
    { numRuns: 60 },
  );
});

test("every part has its line and column, in both", async () => {
  const text = '{"a": [1,\n  {"bc": true}],\n "d": "x"}';
  for (const tree of [readJson(text), await readYaml(text)]) {
    assert.equal(tree, {
      kind: "map",
      place: { line: 1, column: 1 },
      entries: [
        {
          key: "a",
          place: { line: 1, column: 2 },
          value: {
            kind: "list",
            place: { line: 1, column: 7 },
            items: [
              { kind: "scalar", place: { line: 1, column: 8 }, value: 1, text: "1" },
              {
                kind: "map",
                place: { line: 2, column: 3 },
                entries: [
                  {
                    key: "bc",
                    place: { line: 2, column: 4 },
                    value: { kind: "scalar", place: { line: 2, column: 10 }, value: true, text: "true" },
                  },
                ],
              },
            ],
          },
        },
        {
          key: "d",
          place: { line: 3, column: 2 },
          value: { kind: "scalar", place: { line: 3, column: 7 }, value: "x", text: "x" },
        },
      ],
    });
  }
});

const JSON_FAULTS: readonly (readonly [string, string])[] = [
  ['{"a": 1,\n "a": 2}', '2:2: key "a" is there twice, first on line 1 => leave one of them out'],
  ['{"a": 1', '1:1: "{" is never closed => add "}"'],
  ["[1 2]", '1:4: "," or "]" expected => put a comma between values'],
  ["[1,]", '1:4: a value expected after "," => leave the last comma out'],
  ['{"a" 1}', '1:6: ":" expected after "a" => write "key": value'],
  ["{a: 1}", '1:2: a key in double quotes expected => write "key": value'],
  ['["a\nb"]', '1:2: a string without its end => close it with " on the same line'],
  ["[True]", '1:2: True is no JSON value => did you mean "true"?'],
  ["[1] 2", "1:5: more text after the end => leave it out"],
  ["[1, // x\n2]", '1:5: "/" where a value is expected => JSON has no comments: leave it out, or write YAML'],
  ["[01]", '1:3: "," or "]" expected => put a comma between values'],
  ["[".repeat(20), "1:18: nested deeper than 16 => write it flatter"],
];
for (const [text, expected] of JSON_FAULTS) {
  test(`JSON: ${text.slice(0, 20).replaceAll("\n", " ")}`, async () =>
    assert.is(await fault(() => readJson(text)), expected));
}

const YAML_FAULTS: readonly (readonly [string, RegExp])[] = [
  ["a: 1\na: 2\n", /^2:1: key "a" is there twice, first on line 1 => leave one/],
  ["a: !!str x\n", /^1:10: a tag \(tag:yaml\.org,2002:str\) => leave it out/],
  ["a: !foo x\n", /^1:4: no YAML: Unresolved tag: !foo => leave the tag out/],
  ["a: !!binary aGk=\n", /^1:.* => leave/],
  ["a: b: c\n", /^1:4: no YAML: Nested mappings .* => put the value in quotes/],
  ["a:\n\t- x\n", /^2:1: no YAML: Tabs .* => indent with spaces/],
  ["a: 1\n---\nb: 2\n", /^2:1: a second document => leave out the line ---/],
  ["%YAML 1.1\n---\na: yes\n", /^1:1: a directive for YAML 1\.1/],
  ["a: *b\n", /^1:4: \*b: no such anchor => put &b before/],
  ["a: &b [*b]\n", /^1:8: \*b stands inside itself/],
  [`a: &b 1\nb: [${"*b, ".repeat(101)}]\n`, /^2:\d+: over 100 aliases/],
  ["? [1]\n: 2\n", /^1:3: a key that is no word/],
  ["a: {b: 1\n", /^2:1: no YAML: .* => check indentation/],
  [`${"- ".repeat(20)}x\n`, /^1:\d+: nested deeper than 16/],
];
for (const [text, expected] of YAML_FAULTS) {
  test(`YAML: ${text.slice(0, 24).replaceAll("\n", " ")}`, async () =>
    assert.match(await fault(() => readYaml(text)), expected));
}

test("YAML: aliases that double at each step cost no memory", async () => {
  const lines = ["a0: &a0 [x, x]"];
  for (let i = 1; i < 40; i++) lines.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`);
  const tree = await readYaml(lines.join("\n"));
  assert.is(tree.kind === "map" && tree.entries.length, 40);
});

const DEEP = 5000;
for (const [name, text] of Object.entries({
  brackets: "[".repeat(DEEP),
  "closed brackets": "[".repeat(DEEP) + "]".repeat(DEEP),
  braces: "{a: ".repeat(DEEP),
  "lists on one line": "- ".repeat(DEEP),
  "keys on one line": "? ".repeat(DEEP),
  "values on one line": "a: ".repeat(DEEP),
  "values in a bracket": `[${"a: ".repeat(DEEP)}`,
  indentation: Array.from({ length: 300 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
  "anchors before brackets": "&a [".repeat(DEEP),
  tabs: "\t".repeat(DEEP),
})) {
  test(`YAML: what would exhaust the parser's stack never comes to it: ${name}`, async () =>
    assert.match(await fault(() => readYaml(text)), /^\d+:\d+: could be nested deeper than 200 => write it/));
}

test("YAML: long lists, long lines and many keys on one are not deep", async () => {
  const many = Array.from({ length: 500 }, (_, i) => `k${i}: - ${i}`);
  for (const text of [
    `{${many.map((pair) => pair.replace("- ", "")).join(", ")}}`,
    JSON.stringify({ a: Array(300).fill([{ b: [1] }]) }, null, 1),
    Array.from({ length: 500 }, (_, i) => `k${i}:\n  - ${i}`).join("\n"),
    `a: "${"x-: ".repeat(150)}"`,
  ]) {
    await readYaml(text);
  }
});

test("YAML: after a second document nothing is read, and over 256 KiB nothing at all", async () => {
  assert.match(await fault(() => readYaml(`a: 1\n${"--- b\n".repeat(15_000)}`)), /^2:1: a second document/);
  assert.match(await fault(() => readYaml(`# ${"x".repeat(256 * 1024)}`)), /^1:1: YAML of over 262144 char/);
});

/** The package, which counts the pieces that it takes a text apart into. */
async function counting() {
  const yaml = await import("yaml");
  const count = { pieces: 0 };
  class Parser extends yaml.Parser {
    override *next(source: string): ReturnType<InstanceType<typeof yaml.Parser>["next"]> {
      count.pieces++;
      yield* super.next(source);
    }
  }
  return { count, load: () => Promise.resolve({ ...yaml, Parser }) };
}

test("YAML: whatever a file is made of, it is taken apart into no more pieces than 70000", async () => {
  const { count, load } = await counting();
  const signs = [..."\n\r\t []{},:-?\"'\\#&*!|>%@`=<~.a0\u2028\ufeff"];
  for (const one of signs) {
    for (const two of ["", ...signs]) {
      for (const before of ["", "["]) {
        const text = before + `${one}${two}`.repeat(two === "" ? 120_000 : 60_000);
        count.pieces = 0;
        // Whatever comes of it.
        await fault(() => readYaml(text, load)).catch(() => {});
        assert.ok(count.pieces <= 70_000, `${count.pieces} pieces of ${JSON.stringify(text.slice(0, 9))}`);
      }
    }
  }
});

test("YAML: faults within one text count as well", async () => {
  const { count, load } = await counting();
  for (const wrong of ["\\q", "\\xzz", "\nx"]) {
    const text = `a: "${wrong.repeat(60_000)}"`;
    assert.match(
      await fault(() => readYaml(text, load)),
      /^\d+:\d+: over 32768 signs of YAML => use more files/,
    );
  }
  assert.is(count.pieces, 0);
});

test("YAML: as many links as there may be, with all that can be said of one, are not too much", async () => {
  const [, limits, link] = /^limits: &bounds\n(.*?)^links:\n(.*?)^ {2}- name: out$/ms.exec(FULL.yaml)!;
  const own = limits!.replaceAll(/^/gm, "    ").trim();
  const text = `links:\n${link!.replace("*bounds", `\n      ${own}`).repeat(256)}`;
  const { entries } = (await readYaml(text)) as Tree & { kind: "map" };
  assert.is((entries[0]!.value as Tree & { kind: "list" }).items.length, 256);
});

test("what is quoted from a file is short, whatever the file holds", async () => {
  const long = "x".repeat(100_000);
  for (const read of [
    () => readJson(`{"${long}" 1}`),
    () => readJson(`{"${long}": 1, "${long}": 1}`),
    () => readJson(long),
    () => readYaml(`{"${long}": 1, "${long}": 1}`),
    () => readYaml(`a: !${long} 1`),
  ]) {
    const said = await fault(read);
    assert.ok(said.length < 500, said.slice(0, 1000));
  }
});

test("YAML: yes, no, octals and dates are text or numbers as in version 1.2", async () => {
  assert.equal(plainOf(await readYaml("[yes, No, on, 010, 0x10, 2026-01-01, ~, 1e3]")), [
    ...["yes", "No", "on", 10, 16, "2026-01-01", null, 1000],
  ]);
});

test("YAML without its package: told how to get it; another failure goes through", async () => {
  const absent = Object.assign(new Error("Cannot find package 'yaml'"), { code: "ERR_MODULE_NOT_FOUND" });
  const said = await fault(() => readYaml("a: 1", () => Promise.reject(absent)));
  assert.match(
    said,
    /^1:1: YAML is read by the package yaml, which is not installed => npm install yaml; or write the file as JSON/,
  );
  try {
    await readYaml("a: 1", () => Promise.reject(new Error("broken")));
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, "broken");
  }
});

test.run();
