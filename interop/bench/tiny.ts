/** The benchmarks' own tests: each kind works with a few messages. No word about speed. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { within } from "../../test/support/within.ts";
import { type Kind, Run } from "./bench-run.ts";
import { compileNativePeer } from "./native.ts";
import type { Row } from "./result.ts";
import { SUBJECTS, type Subject } from "./subject.ts";

/** Adds a test for each of `kinds`, with the subjects that `pick` takes. */
export function testKinds(kinds: readonly Kind[], pick: (subject: Subject) => boolean = () => true): void {
  const native = compileNativePeer(join(import.meta.dirname, "../../.."));
  if ("absent" in native) process.stdout.write(`not tested: the C peer; ${native.absent}\n`);
  for (const kind of kinds) {
    test(`${kind.name} measures something of every subject`, async () => {
      const rows: Row[] = [];
      const run = new Run({
        scale: "tiny",
        rounds: 1,
        subjects: SUBJECTS.filter(
          (subject) => pick(subject) && (subject.library !== "libzmq" || "program" in native),
        ),
        sizes: [10_000],
        nativeProgram: "program" in native ? native.program : null,
        report: (row) => rows.push(row),
      });
      await within(50_000, kind.run(run), kind.name);
      assert.ok(rows.length > 0);
      for (const { name, values } of rows) {
        assert.ok(Object.keys(values).length > 0, name);
        for (const [subject, [value]] of Object.entries(values)) {
          assert.ok(Number.isFinite(value), `${name}, ${subject}: ${value}`);
        }
      }
    });
  }
}
