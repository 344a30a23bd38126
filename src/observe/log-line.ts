/** How an event becomes one line, whatever a peer put into its texts. */
import { visible } from "./visible.ts";

/** No line is longer, in UTF-16 units, its end included. */
export const MAX_LINE = 4096;

/** Where texts are cut at first. */
const MAX_TEXT = 1024;

/** The value of a field. */
export type FieldValue = string | number | boolean;

/** An event, its fields in the order in which they are written. */
export interface Entry {
  /** Unix milliseconds. */
  readonly time: number;
  readonly level: string;
  readonly event: string;
  readonly fields: readonly (readonly [name: string, value: FieldValue])[];
}

/** `{"time":"2026-01-02T03:04:05.678Z","level":"info","event":"...",...}` and a line feed. */
export function jsonLine({ time, level, event, fields }: Entry): string {
  return bounded((limit) => {
    const shown = fields.map(([name, value]) => [name, cut(value, limit)] as const);
    const object = Object.fromEntries([["time", stamp(time)], ["level", level], ["event", event], ...shown]);
    return `${visible(JSON.stringify(object))}\n`;
  });
}

/** The same for people: `2026-01-02T03:04:05.678Z INFO  event name=value name="a text"` and a line feed. */
export function textLine({ time, level, event, fields }: Entry): string {
  return bounded((limit) => {
    const shown = fields.map(([name, value]) => ` ${name}=${plain(cut(value, limit))}`);
    return `${visible(`${stamp(time)} ${level.toUpperCase().padEnd(5)} ${event}${shown.join("")}`)}\n`;
  });
}

/** The first line that is short enough, its texts cut shorter and shorter. */
function bounded(lineOf: (limit: number) => string): string {
  for (let limit = MAX_TEXT; ; limit = Math.floor(limit / 2)) {
    const line = lineOf(limit);
    if (line.length <= MAX_LINE || limit === 0) return line;
  }
}

function stamp(time: number): string {
  return new Date(time).toISOString();
}

function cut(value: FieldValue, limit: number): FieldValue {
  return typeof value === "string" && value.length > limit ? `${value.slice(0, limit)}…` : value;
}

function plain(value: FieldValue): string {
  return typeof value !== "string" || /^[\w./:@+*-]+$/.test(value) ? String(value) : JSON.stringify(value);
}
