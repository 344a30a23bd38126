/** What commands say on standard output: lines for people, or one line of JSON for programs. */
import { visible } from "../observe/visible.ts";
import type { Args, OptionSpec } from "./args.ts";
import type { Io } from "./command.ts";

/** For commands that report something. */
export const JSON_OPTION: OptionSpec = {
  name: "json",
  kind: "flag",
  about: "print one line of JSON instead of text",
};

/** Prints `value` as JSON if `--json` is given, else `lines`; in both, {@link visible}. */
export async function print(args: Args, io: Io, value: unknown, lines: readonly string[]): Promise<void> {
  const text = args.has("json") ? [JSON.stringify(value)] : lines;
  if (text.length > 0) await io.out.write(text.map((line) => `${visible(line)}\n`).join(""));
}

/** Rows of two columns, the second one aligned and indented. */
export function columns(rows: readonly (readonly [string, string])[], indent = "  "): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${indent}${left.padEnd(width)}  ${right}`.trimEnd());
}
