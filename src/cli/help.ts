/** Help: texts made from what the commands declare. */
import { HELP_OPTION, type OptionSpec } from "./args.ts";
import type { Command, Entry } from "./command.ts";
import { columns } from "./print.ts";

/** All commands, one line each. */
export function overview(commands: readonly Entry[]): string[] {
  return [
    "qzmq: ZeroMQ sockets, post-quantum identities, brokers and benchmarks at the command line",
    "",
    "Usage: qzmq COMMAND [options]",
    "",
    ...columns([
      ...commands.map(({ name, summary }) => [name, summary] as const),
      ["help [COMMAND]", "show this, or how to use a command"],
    ]),
    "",
    "Exit codes: 0 done; 1 failed, or what was checked did not hold; 2 wrong command line;",
    "3 --timeout passed; 130 interrupted twice.",
  ];
}

/** How to use one command. */
export function usage({ name, summary }: Entry, { options, operands, notes = [] }: Command): string[] {
  const { name: operand, min, max } = operands;
  const words =
    max === 0 ? "" : ` ${min === 0 ? `[${operand}` : operand}${max > 1 ? "..." : ""}${min === 0 ? "]" : ""}`;
  return [
    `qzmq ${name}: ${summary}`,
    "",
    `Usage: qzmq ${name} [options]${words}`,
    "",
    ...columns([...options, HELP_OPTION].map((spec) => [left(spec), spec.about] as const)),
    ...(notes.length === 0 ? [] : ["", ...notes]),
  ];
}

function left({ name, kind, value }: OptionSpec): string {
  return kind === "flag" ? `--${name}` : `--${name} ${value}`;
}
