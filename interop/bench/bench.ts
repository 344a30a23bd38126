/**
 * Benchmarks against libzmq, through npm `zeromq` and from C, side by side in one run.
 *
 *     node bench.js [--short] [--only throughput,latency] [--rounds N] [--sizes 16,100,...] [--without libzmq]
 *
 * Prints a table and keeps it in `interop/bench/results/`, each row as soon as it is measured: a full run takes more than
 * an hour. The short form, under two minutes, is two rounds of messages between two sockets, of three sizes, with fewer of
 * them; `--only` runs other kinds with fewer, too.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Run } from "./bench-run.ts";
import { KINDS, MESSAGE_KINDS } from "./kinds.ts";
import { compileNativePeer } from "./native.ts";
import { format, type Row, verdicts } from "./result.ts";
import { keep, thisMachine } from "./results.ts";
import { SUBJECTS } from "./subject.ts";
import { targetsOf } from "./targets.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string" },
    sizes: { type: "string" },
    only: { type: "string", default: "" },
    without: { type: "string", default: "" },
    short: { type: "boolean", default: false },
  },
});

const only = flags.only.split(",").filter((name) => name !== "");
const unknown = only.find((name) => !KINDS.some((kind) => kind.name === name));
if (unknown !== undefined) {
  throw new Error(`--only ${unknown}: expected some of ${KINDS.map(({ name }) => name).join(", ")}`);
}

const root = join(import.meta.dirname, "../../..");
const native = compileNativePeer(root);
if ("absent" in native) process.stdout.write(`libzmq from C is left out: ${native.absent}\n`);

const machine = thisMachine("program" in native ? native.program : null);
const without = flags.without.split(",");
const rows: Row[] = [];
const run = new Run({
  scale: flags.short ? "short" : "full",
  rounds: Number(flags.rounds ?? (flags.short ? 2 : 5)),
  subjects: SUBJECTS.filter(
    ({ library }) => !without.includes(library) && (library !== "libzmq" || "program" in native),
  ),
  sizes: (flags.sizes ?? (flags.short ? "16,1024,65536" : "16,100,1024,16384,65536,1048576"))
    .split(",")
    .map(Number),
  nativeProgram: "program" in native ? native.program : null,
  report: (row) => {
    rows.push(row);
    process.stdout.write(format(row, targetsOf(row.name)));
    keep(join(root, "interop/bench/results"), flags.short, machine, row);
  },
});
const usual = flags.short ? MESSAGE_KINDS : KINDS.filter(({ onRequest }) => onRequest !== true);
for (const kind of KINDS) {
  if (only.length === 0 ? usual.includes(kind) : only.includes(kind.name)) await kind.run(run);
}

const judged = rows.flatMap((row) => verdicts(row, targetsOf(row.name)));
process.stdout.write(`${judged.filter(({ met }) => met).length} of ${judged.length} targets met\n`);
