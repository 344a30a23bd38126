/** Keeps what was measured: `bench.json` and `throughput.svg`, of a short run `short.json` and `short.svg`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { join } from "node:path";
import { nativeVersion } from "./native.ts";
import { throughputPlot } from "./plot.ts";
import { median, type Row, type Verdict, verdicts } from "./result.ts";
import { targetsOf } from "./targets.ts";

/** On what was measured, with which versions. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly zeromq: string;
  /** That of the C peer; `null` without. */
  readonly libzmq: string | null;
}

interface Kept extends Row {
  readonly medians: Readonly<Record<string, number>>;
  readonly targets: readonly Verdict[];
}

/** This machine. */
export function thisMachine(nativeProgram: string | null): Machine {
  const manifest = createRequire(import.meta.url)("zeromq/package.json") as { version: string };
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    node: process.version,
    zeromq: manifest.version,
    libzmq: nativeProgram === null ? null : nativeVersion(nativeProgram),
  };
}

/** Writes into `folder`. Other rows of the same machine, measured with the same versions, are kept beside the new one. */
export function keep(folder: string, short: boolean, machine: Machine, row: Row): void {
  const file = join(folder, short ? "short.json" : "bench.json");
  const kept = new Map<string, Kept>(earlier(file, machine).map((row) => [row.name, row]));
  const medians = Object.fromEntries(Object.entries(row.values).map(([name, all]) => [name, median(all)]));
  kept.set(row.name, { ...row, medians, targets: verdicts(row, targetsOf(row.name)) });
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ machine, rows: [...kept.values()] }, null, 2)}\n`);
  const { cpu, cores, node, zeromq, libzmq } = machine;
  const native = libzmq === null ? "" : `, C on libzmq ${libzmq}`;
  const plot = throughputPlot(
    [...kept.values()],
    `${cpu}, ${cores} cores, Node ${node}, npm zeromq ${zeromq}${native}; medians, and the span of all rounds`,
  );
  if (plot !== null) writeFileSync(join(folder, short ? "short.svg" : "throughput.svg"), plot);
}

function earlier(file: string, machine: Machine): Kept[] {
  if (!existsSync(file)) return [];
  const found = JSON.parse(readFileSync(file, "utf8")) as { machine?: Machine; rows: Kept[] };
  return JSON.stringify(found.machine) === JSON.stringify(machine) ? found.rows : [];
}
