/** Any value whatever yields a configuration or a list of problems, never an exception; random changes of a good one too. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseConfiguration } from "../../src/config/parse.ts";
import { MAX_PROBLEMS } from "../../src/config/report.ts";
import { FULL } from "./documents.ts";

async function judge(text: string, file: string): Promise<"fine" | "refused"> {
  const { configuration, problems } = await parseConfiguration(text, { file, folder: "/" });
  if (configuration !== null) {
    assert.is(problems.length, 0);
    for (const link of configuration.links) assert.ok(link.suites.length > 0);
    return "fine";
  }
  assert.ok(problems.length > 0 && problems.length <= MAX_PROBLEMS);
  const lines = text.split("\n");
  for (const { line, column, message, mend } of problems) {
    assert.ok(line >= 1 && line <= lines.length, `line ${line}`);
    assert.ok(column >= 1 && column <= lines[line - 1]!.length + 1, `column ${column}`);
    assert.ok(message !== "" && mend !== "");
    assert.not.match(`${message}${mend}`, /undefined|\[object|NaN/);
  }
  return "refused";
}

test("any JSON value", async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), (value) => judge(JSON.stringify(value), "x.json").then(() => {})),
    {
      numRuns: 500,
    },
  );
});

test("any text, as JSON and as YAML", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(..."a:-{}[]&*!|>'\"#%@`\n\t ,?~") }),
  );
  await fc.assert(
    fc.asyncProperty(text, fc.constantFrom("x.json", "x.yaml", "x"), (value, file) =>
      judge(value, file).then(() => {}),
    ),
    { numRuns: 1000 },
  );
});

/** Every place in a value, as the keys that lead there. */
function placesOf(value: unknown, path: readonly string[] = []): string[][] {
  const below =
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, part]) => placesOf(part, [...path, key]))
      : [];
  return [[...path], ...below];
}

function changed(value: unknown, path: readonly string[], to: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return to;
  if (Array.isArray(value))
    return value.map((part, i) => (String(i) === key ? changed(part, rest, to) : part));
  const entries = Object.entries(value as object);
  return Object.fromEntries(
    entries.flatMap(([name, part]) => {
      if (name !== key) return [[name, part]];
      return rest.length === 0 && to === undefined ? [] : [[name, changed(part, rest, to)]];
    }),
  );
}

test("a good configuration with any part changed or left out", async () => {
  const places = placesOf(FULL.value).slice(1);
  const part = fc.oneof(
    fc.constantFrom(
      undefined,
      null,
      true,
      0,
      -1,
      2 ** 53,
      1.5,
      "",
      "tcp://*:1",
      "ipc://x",
      "classical",
      "x25519",
      3,
      [],
      {},
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const seen = { fine: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...places), part), { minLength: 1, maxLength: 3 }),
      async (edits) => {
        let value: unknown = FULL.value;
        for (const [path, to] of edits) {
          if (placesOf(value).some((place) => place.join() === path.join())) value = changed(value, path, to);
        }
        seen[await judge(JSON.stringify(value, null, 1) ?? "null", "x.json")]++;
      },
    ),
    { numRuns: 1500 },
  );
  assert.ok(seen.fine > 20 && seen.refused > 500, JSON.stringify(seen));
});

test.run();
