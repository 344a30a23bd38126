/** The document of the configuration and its schema say the same: each key, its values and its default; and the examples hold. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Fields } from "../../src/config/kinds.ts";
import { parseConfiguration } from "../../src/config/parse.ts";
import { ROOT } from "../../src/config/schema.ts";

const DOCUMENT = readFileSync(join(import.meta.dirname, "../../../spec/operation/configuration.md"), "utf8");

/** Rows of key, value and default under each heading, "" above the first. */
function tables(): Map<string, string[][]> {
  const found = new Map<string, string[][]>();
  let heading = "";
  for (const line of DOCUMENT.split("\n")) {
    heading = /^## (.*)/.exec(line)?.[1] ?? heading;
    const cells = /^\| `([a-z_]+)` \| ([^|]*) \| ([^|]*)\| .*\|$/.exec(line);
    if (cells === null) continue;
    found.set(heading, [...(found.get(heading) ?? []), cells.slice(1).map((cell) => cell.trim())]);
  }
  return found;
}

/** The same of the schema: each map once, under the first key that has it. */
function schema(): Map<string, string[][]> {
  const found = new Map<string, string[][]>();
  const seen = new Set<Fields>();
  const visit = (name: string, fields: Fields) => {
    if (seen.has(fields)) return;
    seen.add(fields);
    found.set(
      name,
      Object.entries(fields).map(([key, { kind, otherwise }]) => [key, kind.says, otherwise]),
    );
    for (const [key, { kind }] of Object.entries(fields))
      if (kind.fields !== undefined) visit(key, kind.fields);
  };
  visit("The file", ROOT.fields!);
  return found;
}

const sorted = (rows: readonly string[][]) => rows.map((row) => row.join(" | ")).sort();

test("every key of the schema is in the document with its values and its default, and no other", () => {
  const [written, real] = [tables(), schema()];
  assert.equal([...written.keys()].sort(), [...real.keys()].sort());
  for (const [name, rows] of real) assert.equal(sorted(written.get(name)!), sorted(rows), name);
});

const EXAMPLES = [...DOCUMENT.matchAll(/^```(yaml|json)\n(.*?)^```$/gms)];

for (const [index, [, language, text]] of EXAMPLES.entries()) {
  test(`example ${index + 1} is a configuration`, async () => {
    const { configuration, problems } = await parseConfiguration(text!, {
      file: `x.${language}`,
      folder: "/etc",
    });
    assert.equal(problems, []);
    assert.ok(configuration!.links.length > 0);
  });
}

const README = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8");
for (const [, text] of README.matchAll(/^```yaml\n(.*?)^```$/gms)) {
  test(`what the README shows is a configuration: ${text!.split("\n")[0]}`, async () => {
    assert.equal((await parseConfiguration(text!, { file: "x.yaml", folder: "/etc" })).problems, []);
  });
}

test("there are examples", () => assert.is(EXAMPLES.length, 4));

test("an anchor that the document links to is a heading", () => {
  const headings = [...DOCUMENT.matchAll(/^## (.*)$/gm)].map((match) =>
    match[1]!.toLowerCase().replaceAll(" ", "-"),
  );
  for (const [, anchor] of DOCUMENT.matchAll(/\]\(#([^)]*)\)/g))
    assert.ok(headings.includes(anchor!), anchor);
});

test("defaults in the document are those that hold", async () => {
  const text =
    '{"trust":{"pins":"p"},"identity":{"key":"k"},"links":{"a":{"side":"server","listen":"ipc://a","connect":"ipc://b"}}}';
  const { configuration } = await parseConfiguration(text, { file: "x.json", folder: "/etc" });
  const [link] = configuration!.links;
  const said = (table: string) =>
    Object.fromEntries(
      tables()
        .get(table)!
        .map(([key, , value]) => [key, value]),
    );
  const numbers = (values: object) => Object.values(values).map(String);
  assert.equal(numbers(link!.limits), Object.values(said("limits")));
  const { maxMessages, maxBytes, maxAge } = link!.keyLimits;
  assert.equal(numbers([maxMessages, maxBytes, maxAge / 1000]), Object.values(said("key_update")));
  const { cookieTimeout, maxHandshakes } = link!.antiDos;
  assert.equal(numbers([cookieTimeout / 1000, maxHandshakes]), Object.values(said("anti_dos")));
  assert.equal(
    [configuration!.status!.address, String(configuration!.status!.port)],
    [said("status")["address"], said("status")["port"]],
  );
  assert.is(configuration!.logLevel, said("log")["level"]);
  assert.equal(
    [link!.mode, String(link!.phase), link!.clientAuth],
    [said("links")["mode"], said("links")["phase"], said("links")["client_auth"]],
  );
  assert.is(link!.trust!.revocation, said("trust")["revocation"]);
});

test.run();
