/**
 * Runs the project's tests: `node dist/test/support/run.js [--only REGEX] [--jobs N] [--limit SECONDS] [--coverage]`.
 *
 * Takes every `*.test.ts` under test/ and interop/ whose path matches REGEX, runs its compiled form, and ends with a
 * line `N passed, N failed`. With `--coverage` the thresholds in .c8rc.json count as one more test. Exits 1 when
 * anything failed or nothing ran.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { type Counts, runFiles, summary } from "./runner.ts";

const root = join(import.meta.dirname, "../../..");
const coverageDirectory = join(root, "coverage/tmp");

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    jobs: { type: "string", default: "2" },
    limit: { type: "string", default: process.env["TEST_LIMIT"] ?? "120" },
    coverage: { type: "boolean", default: false },
  },
});

const files = testFiles(new RegExp(flags.only));
if (files.length === 0) {
  console.error(`no test file matches /${flags.only}/`);
  process.exit(1);
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
if (flags.coverage) rmSync(join(root, "coverage"), { recursive: true, force: true });

const tests = await runFiles(files, {
  jobs: positive("jobs", flags.jobs),
  limitMs: positive("limit", flags.limit) * 1000,
  env: flags.coverage ? { ...process.env, NODE_V8_COVERAGE: coverageDirectory } : process.env,
  print: (line) => console.log(line),
  cwd: root,
});
const counts = flags.coverage ? withCoverage(tests) : tests;
for (const line of tests.failures) console.log(line);
console.log(summary(counts));
process.exitCode = counts.failed === 0 ? 0 : 1;

/** Compiled test files, found by their sources: what an earlier build left behind is not run. */
function testFiles(only: RegExp): string[] {
  return ["test", "interop"]
    .flatMap((directory) => filesUnder(directory, ".test.ts"))
    .filter((name) => only.test(name))
    .map((name) => join("dist", name.replace(/\.ts$/, ".js")));
}

/** Prints the coverage table and adds its thresholds to the counts as one test. */
function withCoverage(counts: Counts): Counts {
  forgetJoined();
  const c8 = join(root, "node_modules/c8/bin/c8.js");
  const exclude = filesUnder("src", ".ts")
    .filter(holdsOnlyTypes)
    .flatMap((file) => ["--exclude", file]);
  const { status } = spawnSync(process.execPath, [c8, "report", ...exclude], { cwd: root, stdio: "inherit" });
  return status === 0 ? { ...counts, passed: counts.passed + 1 } : { ...counts, failed: counts.failed + 1 };
}

/**
 * Takes out what was run of dist/lib/: it is the same code once more, and joined files lead back to their sources line
 * by line only, so that one of them would make the lines of all look covered.
 */
function forgetJoined(): void {
  const joined = pathToFileURL(join(root, "dist/lib/")).href;
  for (const name of readdirSync(coverageDirectory)) {
    const path = join(coverageDirectory, name);
    const text = readFileSync(path, "utf8");
    if (!text.includes(joined)) continue;
    try {
      const report = JSON.parse(text) as { result: { url: string }[] };
      report.result = report.result.filter(({ url }) => !url.startsWith(joined));
      writeFileSync(path, JSON.stringify(report));
    } catch (error) {
      // Of a process that was killed while it wrote; c8 leaves it out.
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
}

/** Such a file is never loaded, which would count as not covered, and has nothing that could run. */
function holdsOnlyTypes(source: string): boolean {
  const compiled = readFileSync(join(root, "dist", source.replace(/\.ts$/, ".js")), "utf8");
  const code = compiled.replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gs, "");
  return /^\s*export \{\s*\};\s*$/.test(code);
}

/** Paths from the root of the files below `directory`, which may be missing, that end in `ending`. */
function filesUnder(directory: string, ending: string): string[] {
  if (!existsSync(join(root, directory))) return [];
  return readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(directory, name))
    .sort();
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  console.error(`--${name} takes a positive number, not "${text}"`);
  process.exit(1);
}
