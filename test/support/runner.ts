/**
 * Runs test files, each as its own Node process with a time limit, a few at once. One file that hangs or leaks a
 * handle then fails alone, by name; uvu's own runner loads all files into one process, which such a file stops.
 */
import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";

export interface RunOptions {
  /** How many processes at once. */
  readonly jobs: number;
  /** Milliseconds a file may take before it and its children are killed. */
  readonly limitMs: number;
  /** Environment of the processes. */
  readonly env: NodeJS.ProcessEnv;
  /** Gets each line of the report. */
  readonly print: (line: string) => void;
  /** Directory that the processes start in, and that file names in the report are relative to. */
  readonly cwd: string;
}

/** Sum over tests. A file that fails without a failing test (a crash, a leak, no test at all) adds one to `failed`. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Sum of a run, and lines that name what failed: of a long log one may see no more than the end. */
export interface Results extends Counts {
  readonly failures: readonly string[];
}

/** Runs every file, prints one line for each and the output of those that fail, and gives the sum. */
export async function runFiles(files: readonly string[], options: RunOptions): Promise<Results> {
  const waiting = [...files];
  const results: Counts[] = [];
  const failures: string[] = [];
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      results.push(await runFile(file, options, failures));
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  return { ...results.reduce(add, { passed: 0, failed: 0, skipped: 0 }), failures };
}

/** `N passed, N failed`, and `, N skipped` when there are any. */
export function summary({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

/** Adds to `failures` the file's line and the names of its failing tests. */
async function runFile(file: string, options: RunOptions, failures: string[]): Promise<Counts> {
  const started = performance.now();
  const { output, end } = await execute(file, options);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);

  const reported = readReport(output);
  const trouble = verdict(reported, end, options.limitMs);
  const counts = reported ?? { passed: 0, failed: 0, skipped: 0 };
  const total = trouble !== undefined && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  const mark = trouble === undefined ? "ok  " : "FAIL";
  const line = `${mark} ${file}  ${summary(total)}  ${seconds} s${trouble === undefined ? "" : `  (${trouble})`}`;
  options.print(line);
  if (trouble !== undefined) {
    options.print(output.replace(/^/gm, "     | "));
    failures.push(line, ...(output.match(/^ {3}FAIL {2}.*$/gm) ?? []));
  }
  return total;
}

interface End {
  /** `null` when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The time limit ran out. */
  readonly late: boolean;
}

function execute(file: string, { limitMs, env, cwd }: RunOptions): Promise<{ output: string; end: End }> {
  return new Promise((resolve, reject) => {
    // Leader of its own process group, so that what a test started is ended with it.
    const child = spawn(process.execPath, ["--enable-source-maps", file], {
      cwd,
      env: { ...env, NO_COLOR: "1", FORCE_COLOR: "0" },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child.pid);
    }, limitMs);
    // Where a signal or an error ends the runner, the running files end too.
    const reap = (): void => killGroup(child.pid);
    process.once("exit", reap);
    child.on("error", reject);
    // A grandchild that holds our pipe would keep "close" from coming: it goes when its parent has gone.
    child.on("exit", reap);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      process.off("exit", reap);
      resolve({ output: Buffer.concat(chunks).toString("utf8"), end: { code, signal, late } });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // The usual case: no process of the group is left.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The totals that uvu prints last; `undefined` when it printed none, so never came to the end of the file's tests. */
export function readReport(output: string): Counts | undefined {
  const reports = [...output.matchAll(/^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm)];
  const last = reports.at(-1);
  if (last === undefined) return undefined;
  const [total, passed, skipped] = last.slice(1).map(Number) as [number, number, number];
  return { passed, failed: total - passed, skipped };
}

function verdict(report: Counts | undefined, end: End, limitMs: number): string | undefined {
  if (end.late) {
    const state =
      report === undefined ? "before its tests ended" : "after its tests, with something left open";
    return `killed after ${limitMs / 1000} s, ${state}`;
  }
  if (end.signal !== null) return `ended by ${end.signal}`;
  if (end.code !== 0) return `exit code ${end.code}`;
  if (report === undefined || report.passed + report.failed + report.skipped === 0) return "ran no test";
  if (report.failed > 0) return "failed, yet exit code 0";
  return undefined;
}

function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}
