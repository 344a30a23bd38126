/** The runner counts what uvu reports, and each way in which a file can go wrong without a report is a failure. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Results, readReport, runFiles, summary } from "./runner.ts";

const runner = suite("runner");
let directory = "";

runner.before(() => {
  directory = mkdtempSync(join(tmpdir(), "qzmq-runner-"));
});
runner.after(() => {
  rmSync(directory, { recursive: true });
});

const UVU = `import { test } from ${JSON.stringify(import.meta.resolve("uvu"))};`;

/** Runs files with these texts; the default limit is far beyond what any needs. */
async function run(texts: string[], limitMs = 60_000): Promise<Results & { report: string }> {
  const files = texts.map((text, i) => {
    const file = join(directory, `${i}.test.mjs`);
    writeFileSync(file, text);
    return file;
  });
  const lines: string[] = [];
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  const print = (line: string): void => void lines.push(line);
  const counts = await runFiles(files, { jobs: 2, limitMs, env, print, cwd: directory });
  return { ...counts, report: lines.join("\n") };
}

runner("sums passed, failed and skipped tests over files", async () => {
  const pass = `${UVU} test("a", () => {}); test("b", () => {}); test.run();`;
  const mixed = `${UVU} test("c", () => {}); test("d", () => { throw new Error("broken d"); }); test.skip("e", () => {}); test.run();`;
  const { passed, failed, skipped, report, failures } = await run([pass, mixed, pass]);
  assert.equal({ passed, failed, skipped }, { passed: 5, failed: 1, skipped: 1 });
  assert.match(report, "broken d");
  assert.is(failures.length, 2);
  assert.match(failures[0]!, /^FAIL .*1\.test\.mjs {2}1 passed, 1 failed, 1 skipped/);
  assert.match(failures[1]!, /FAIL {2}"d"/);
  assert.match(report, /^ok .*0\.test\.mjs {2}2 passed, 0 failed/m);
});

runner("a file that runs no test is a failure", async () => {
  for (const text of ["", UVU, `${UVU} test("declared only", () => {});`, `${UVU} test.run();`]) {
    const { passed, failed, report } = await run([text]);
    assert.equal({ passed, failed }, { passed: 0, failed: 1 }, text);
    assert.match(report, "ran no test");
  }
});

runner("a crash and an early exit are failures", async () => {
  const crash = `${UVU} test("a", () => {}); test.run(); throw new Error("at load");`;
  const lost = `${UVU} test("a", () => new Promise(() => {})); test.run();`;
  const lie = `${UVU} test("a", () => { throw new Error("x"); }); test.run(); process.on("exit", () => { process.exitCode = 0; });`;
  const after = `${UVU} test("a", () => {}); test.run(); setTimeout(() => { throw new Error("later"); }, 100);`;
  for (const text of [crash, lost, lie, after]) {
    const { failed, report } = await run([text]);
    assert.is(failed, 1, text);
    assert.match(report, "FAIL");
  }
});

runner("a file that a signal ends is a failure", async () => {
  const { failed, report } = await run([
    `${UVU} test("a", () => process.kill(process.pid, "SIGTERM")); test.run();`,
  ]);
  assert.is(failed, 1);
  assert.match(report, "ended by SIGTERM");
});

runner("a child that outlives its file is ended, and holds nothing up", async () => {
  const orphan = `${UVU} import { spawn } from "node:child_process";
    test("a", () => { spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" }).unref(); }); test.run();`;
  const { passed, failed } = await run([orphan]);
  assert.equal({ passed, failed }, { passed: 1, failed: 0 });
});

runner("a file that hangs is killed, and so is what it started", async () => {
  const leak = `${UVU} test("a", () => {}); test.run(); setInterval(() => {}, 1000);`;
  const child = `${UVU} import { spawn } from "node:child_process";
    test("a", () => { spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" }); }); test.run();`;
  // The child shares its parent's output, so this settles only when the child is gone as well.
  const { passed, failed, report } = await run([leak, child], 3000);
  assert.is(failed, 2);
  assert.ok(passed <= 2);
  assert.match(report, "killed after 3 s");
});

runner("the last report in the output counts", () => {
  const report = (total: number, passed: number): string =>
    `\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   0\n  Duration:  1.00ms\n`;
  assert.equal(readReport(report(9, 9) + report(4, 3)), { passed: 3, failed: 1, skipped: 0 });
  assert.is(readReport("Total: 5"), undefined);
});

runner("the summary names skipped tests only when there are any", () => {
  assert.is(summary({ passed: 3, failed: 0, skipped: 0 }), "3 passed, 0 failed");
  assert.is(summary({ passed: 3, failed: 1, skipped: 2 }), "3 passed, 1 failed, 2 skipped");
});

runner.run();
