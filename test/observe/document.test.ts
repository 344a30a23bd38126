/** spec/operation/metrics.md says what the code does: every metric, endpoint and log event, and no other. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Definition, Metric } from "../../src/metrics/model.ts";
import { SECURITY_METRICS } from "../../src/metrics/security.ts";
import { ENDPOINTS } from "../../src/observe/answers.ts";
import { LINK_METRICS } from "../../src/observe/link-metrics.ts";
import { LOG_EVENTS } from "../../src/observe/log-events.ts";
import { PROCESS_METRICS } from "../../src/observe/process-metrics.ts";
import { BUILD_METRICS } from "../../src/observe/service-metrics.ts";

const text = readFileSync(join(import.meta.dirname, "../../../spec/operation/metrics.md"), "utf8");

/** Cells of the rows of the table below a heading. */
function tableBelow(heading: string): string[][] {
  const [, section] = text.split(`\n${heading}\n`);
  assert.ok(section !== undefined, heading);
  const lines = section.split(/\n#+ /, 1)[0]!.split("\n");
  const rows = lines.filter((line) => line.startsWith("| `"));
  return rows.map((row) => row.slice(2, -2).split(" | "));
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ") || "none";
}

function definitions(...tables: readonly (readonly Pick<Metric<never>, "definition">[])[]): Definition[] {
  return tables.flat().map(({ definition }) => definition);
}

for (const [heading, metrics] of [
  ["### Security of a link", definitions(SECURITY_METRICS)],
  ["### Links of a tunnel", definitions(LINK_METRICS)],
  ["### Process", definitions(BUILD_METRICS, PROCESS_METRICS)],
] as const) {
  test(`metrics: ${heading}`, () => {
    assert.equal(
      tableBelow(heading).map((cells) => cells.slice(0, 4)),
      metrics.map(({ name, type, labels, help }) => [`\`${name}\``, type, code(labels), help]),
    );
    for (const cells of tableBelow(heading)) assert.is(cells.length, 5, `${cells[0]}: what to look out for`);
  });
}

test("metrics: each name once, well formed, and labels that are fixed", () => {
  const all = definitions(SECURITY_METRICS, LINK_METRICS, BUILD_METRICS, PROCESS_METRICS);
  assert.is(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name, labels, help } of all) {
    assert.match(name, /^(qzmq|process|nodejs)_[a-z0-9_]+$/);
    assert.match(help, /^[A-Z1].*\.$/);
    for (const label of labels) {
      assert.ok(["link", "side", "code", "cause", "direction", "version", "node"].includes(label), label);
    }
  }
});

test("endpoints", () => {
  assert.equal(
    tableBelow("## Endpoints"),
    Object.entries(ENDPOINTS).map(([path, what]) => [`\`${path}\``, what]),
  );
});

test("log events", () => {
  assert.equal(
    tableBelow("## Log"),
    Object.entries(LOG_EVENTS).map(([name, { level, fields, meaning }]) => [
      ...[`\`${name}\``, level, code(Object.keys(fields)), meaning],
    ]),
  );
});

test.run();
