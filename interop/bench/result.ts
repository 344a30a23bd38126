/** Results: what was measured of each subject, round by round, and how it compares. */
import type { Label } from "./subject.ts";

/** One row of the table: for each subject its values, one a round. */
export interface Row {
  /** Such as `push-pull 16 B`; unique in a run. */
  readonly name: string;
  readonly unit: string;
  readonly values: Partial<Record<Label, number[]>>;
}

/** What a row is to reach: a ratio of medians, or a bound on one median. Exactly one of `atLeast` and `atMost`. */
export interface Target {
  readonly of: Label;
  /** Compared with this subject; without, the median itself is bounded. */
  readonly than?: Label;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A target and what became of it. */
export interface Verdict extends Target {
  readonly value: number;
  readonly met: boolean;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** What became of `targets` in a row; targets of subjects that were not measured are left out. */
export function verdicts(row: Row, targets: readonly Target[]): Verdict[] {
  return targets.flatMap((target) => {
    const of = row.values[target.of];
    const than = target.than === undefined ? [1] : row.values[target.than];
    if (of === undefined || than === undefined) return [];
    const value = median(of) / median(than);
    const met =
      value >= (target.atLeast ?? Number.NEGATIVE_INFINITY) &&
      value <= (target.atMost ?? Number.POSITIVE_INFINITY);
    return [{ ...target, value, met }];
  });
}

/** Three significant digits or all of those before the point, thousands apart. */
export function show(value: number): string {
  const fraction = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1))));
  return value.toLocaleString("en", { maximumFractionDigits: fraction });
}

/** A row as lines of text: a line for each subject, with the targets that concern it. */
export function format(row: Row, targets: readonly Target[]): string {
  const judged = verdicts(row, targets);
  const lines = Object.entries(row.values).map(([name, values]) => {
    const range = `${show(Math.min(...values))}..${show(Math.max(...values))}`;
    const notes = judged.filter(({ of }) => of === name).map(note);
    return `  ${name.padEnd(13)} ${show(median(values)).padStart(12)}  ${range.padEnd(24)} ${notes.join("   ")}`;
  });
  return `${row.name}, ${row.unit}\n${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function note({ than, value, atLeast, atMost, met }: Verdict): string {
  const what = than === undefined ? "" : `x${show(value)} of ${than} `;
  const bound = atLeast === undefined ? `<= ${show(atMost!)}` : `>= ${show(atLeast)}`;
  return `${what}(${bound}: ${met ? "met" : "NOT MET"})`;
}
