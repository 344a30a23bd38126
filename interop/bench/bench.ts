/**
 * Benchmarks against npm `zeromq` (libzmq), side by side in one run: the subjects take turns within every round, since
 * only ratios within a run mean anything on a shared machine.
 *
 *     node bench.js [--rounds N] [--sizes 16,100,...] [--short] [--only throughput,latency]
 *
 * Prints a table and writes `results/bench.json`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** A library with a mechanism. */
interface Subject {
  readonly library: "qzmq" | "zeromq";
  readonly mechanism: string;
}

/** One row of results: for each subject its values, one a round. */
interface Row {
  readonly name: string;
  readonly unit: string;
  readonly values: Record<string, number[]>;
}

const here = dirname(fileURLToPath(import.meta.url));
const SUBJECTS: readonly Subject[] = [
  { library: "qzmq", mechanism: "null" },
  { library: "zeromq", mechanism: "null" },
  { library: "qzmq", mechanism: "qzmq" },
  { library: "zeromq", mechanism: "curve" },
];

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    sizes: { type: "string", default: "16,100,1024,16384,65536,1048576" },
    only: { type: "string", default: "throughput,latency" },
    short: { type: "boolean", default: false },
  },
});
const rounds = flags.short ? 3 : Number(flags.rounds);
const only = flags.only.split(",");

/** Messages a run, so that every run takes a second or so. */
function messages(size: number): number {
  const octets = flags.short ? 256e6 : 1e9;
  return Math.max(500, Math.floor(Math.min(flags.short ? 600_000 : 2_000_000, octets / size)));
}

class Peer {
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  constructor(subject: Subject, role: string, endpoint: string, size: number, count: number) {
    const args = [subject.library, role, subject.mechanism, endpoint, String(size), String(count)];
    this.#child = spawn(process.execPath, [join(here, "peer.js"), ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    // A process that has ended by itself needs no telling.
    this.#child.stdin!.on("error", () => {});
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#lines.on("line", (line) => this.#got(JSON.parse(line) as Record<string, number | string>));
  }

  readonly #waiting: ((line: Record<string, number | string>) => void)[] = [];
  readonly #ready: Record<string, number | string>[] = [];

  #got(line: Record<string, number | string>): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#ready.push(line);
    else next(line);
  }

  line(): Promise<Record<string, number | string>> {
    const ready = this.#ready.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      this.#child.once("exit", (code) => reject(new Error(`a peer ended with ${code}`)));
    });
  }

  /** Tells the process that it may end, and waits until it has. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.stdin!.write("end\n");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 3000);
    await exited;
    clearTimeout(timer);
  }
}

async function throughput(subject: Subject, size: number): Promise<number> {
  const count = messages(size);
  const pull = new Peer(subject, "pull", "tcp://127.0.0.1:*", size, count);
  const { bound } = await pull.line();
  const push = new Peer(subject, "push", String(bound), size, count);
  const { rate } = await pull.line();
  await push.end();
  await pull.end();
  return Number(rate);
}

async function latency(subject: Subject): Promise<{ p50: number; p99: number }> {
  const count = flags.short ? 20_000 : 50_000;
  const rep = new Peer(subject, "rep", "tcp://127.0.0.1:*", 16, count);
  const { bound } = await rep.line();
  const req = new Peer(subject, "req", String(bound), 16, count);
  const { p50, p99 } = await req.line();
  await rep.end();
  await req.end();
  return { p50: Number(p50), p99: Number(p99) };
}

function label(subject: Subject): string {
  return `${subject.library}/${subject.mechanism}`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

const rows: Row[] = [];
function row(name: string, unit: string): Row {
  const made: Row = { name, unit, values: Object.fromEntries(SUBJECTS.map((s) => [label(s), []])) };
  rows.push(made);
  return made;
}

if (only.includes("throughput")) {
  for (const size of flags.sizes.split(",").map(Number)) {
    const result = row(`push-pull ${size} B`, "msg/s");
    for (let round = 0; round < rounds; round++) {
      for (const subject of SUBJECTS) result.values[label(subject)]!.push(await throughput(subject, size));
    }
    print(result);
  }
}
if (only.includes("latency")) {
  const p50 = row("req-rep 16 B p50", "us");
  const p99 = row("req-rep 16 B p99", "us");
  for (let round = 0; round < rounds; round++) {
    for (const subject of SUBJECTS) {
      const times = await latency(subject);
      p50.values[label(subject)]!.push(times.p50);
      p99.values[label(subject)]!.push(times.p99);
    }
  }
  print(p50);
  print(p99);
}

function print(result: Row): void {
  const medians = SUBJECTS.map((subject) => median(result.values[label(subject)]!));
  const show = (value: number): string =>
    value.toLocaleString("en", { maximumFractionDigits: value < 1000 ? 1 : 0 });
  const cells = SUBJECTS.map((subject, i) => {
    const values = result.values[label(subject)]!;
    return `${label(subject)} ${show(medians[i]!)} (${show(Math.min(...values))}..${show(Math.max(...values))})`;
  });
  const [plain, libzmq, secured, curve] = medians as [number, number, number, number];
  const ratios = `plain x${(plain / libzmq).toFixed(2)}  secured x${(secured / curve).toFixed(2)}`;
  process.stdout.write(`${result.name.padEnd(20)} ${result.unit.padEnd(6)} ${cells.join("  ")}  ${ratios}\n`);
}

mkdirSync(join(process.cwd(), "interop/bench/results"), { recursive: true });
writeFileSync(
  join(process.cwd(), "interop/bench/results/bench.json"),
  `${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, rounds, rows }, null, 2)}\n`,
);
