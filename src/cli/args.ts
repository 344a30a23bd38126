/** Command lines: parsed by node:util, judged here, so that each mistake is named together with its mend. */

import { parseArgs } from "node:util";
import { suggestion } from "../config/suggestion.ts";
import { Fault } from "./fault.ts";

/** An option as a command declares it. */
export interface OptionSpec {
  /** Without the dashes. */
  readonly name: string;
  /** `flag` takes no value, `value` one, `values` one each time it is given. */
  readonly kind: "flag" | "value" | "values";
  /** What the value is called in help, such as FILE. */
  readonly value?: string;
  readonly about: string;
}

/** Words after the options. */
export interface Operands {
  /** As help shows them. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

/** Every command has it. */
export const HELP_OPTION: OptionSpec = { name: "help", kind: "flag", about: "show this help" };

const SECRETIVE = /^-*(plain-)?pass/;

function usage(message: string, mend: string): Fault {
  return new Fault("usage", message, mend);
}

/** The options and operands of one call. */
export class Args {
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>, operands: readonly string[]) {
    this.#values = values;
    this.operands = operands;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** All values of an option that may be repeated, in order. */
  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** Throws {@link Fault} when the option is missing; `why` completes the mend. */
  required(name: string, why: string): string {
    const value = this.text(name);
    if (value === undefined) throw usage(`--${name} is missing`, `add --${name} ${why}`);
    return value;
  }

  /** A whole number within bounds, `undefined` when the option is not given. Throws {@link Fault}. */
  integer(name: string, min: number, max: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw usage(`--${name} ${value}: not a whole number of ${min} to ${max}`, `give --${name} such a number`);
  }

  /** One of `words`, or `otherwise` when the option is not given. Throws {@link Fault}. */
  choice<T extends string>(name: string, words: readonly T[], otherwise: T): T {
    const value = this.text(name) ?? otherwise;
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw usage(
      `--${name} ${value}: no such choice`,
      suggestion(value, words, `use one of ${words.join(", ")}`),
    );
  }

  /** Throws {@link Fault} when more than one of these options is given. */
  atMostOneOf(...names: readonly string[]): void {
    const given = names.filter((name) => this.has(name)).map((name) => `--${name}`);
    if (given.length > 1) throw usage(`${given.join(" and ")} exclude each other`, "leave one of them out");
  }
}

/** Parses what follows a command's name. Throws {@link Fault}. */
export function parse(argv: readonly string[], specs: readonly OptionSpec[], operands: Operands): Args {
  const known = new Map([...specs, HELP_OPTION].map((spec) => [spec.name, spec]));
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      [...known.values()].map(({ name, kind }) => [name, { type: kind === "flag" ? "boolean" : "string" }]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const spec = known.get(token.name);
    if (spec === undefined)
      throw unknownOption(writtenAs(token.rawName, argv[token.index]), [...known.keys()]);
    const value = checkedValue(spec, token.value, token.inlineValue === true);
    const former = values.get(spec.name);
    if (former === undefined) values.set(spec.name, [value]);
    else if (spec.kind === "values") former.push(value);
    else if (spec.kind === "value") throw usage(`--${spec.name} is given twice`, "leave one of them out");
  }
  if (!values.has("help")) checkOperands(words, operands, values);
  return new Args(values, words);
}

function checkedValue(spec: OptionSpec, value: string | undefined, inline: boolean): string {
  const { name, kind, value: what } = spec;
  if (kind === "flag") {
    if (value === undefined) return "";
    if (SECRETIVE.test(name)) throw secretOnCommandLine();
    throw usage(`--${name} takes no value`, `write --${name} alone`);
  }
  if (value === undefined) throw usage(`--${name} has no value`, `write --${name} ${what}`);
  if (!inline && value.startsWith("-") && value !== "-" && !/^-\d+$/.test(value)) {
    throw usage(
      `--${name} has no value: ${value} follows`,
      `write --${name} ${what}, or --${name}=${value} if that is the value`,
    );
  }
  return value;
}

/** A word with one dash is taken apart into letters: it was probably meant as a whole, as other programs have it. */
function writtenAs(raw: string, word = raw): string {
  return /^-[a-z][a-z-]+(=|$)/.test(word) ? word.replace(/=.*$/s, "") : raw;
}

function unknownOption(raw: string, names: readonly string[]): Fault {
  if (SECRETIVE.test(raw)) return secretOnCommandLine();
  const mend = suggestion(
    raw.replace(/^-+/, ""),
    names,
    "--help lists the options; operands that begin with a dash go behind --",
  );
  return usage(`${raw}: no such option`, mend.replace('mean "', 'mean "--'));
}

function checkOperands(
  words: readonly string[],
  { name, min, max }: Operands,
  values: ReadonlyMap<string, unknown>,
): void {
  if (words.length < min) throw usage(`${name} is missing`, `add ${name}`);
  if (words.length <= max) return;
  // What follows may be somebody's secret: it is not repeated on the screen.
  if ([...values.keys()].some((key) => SECRETIVE.test(key))) throw secretOnCommandLine();
  throw usage(
    `${JSON.stringify(words[max])}: unexpected argument`,
    max === 0 ? "leave it out; --help lists the options" : `give at most ${max} of ${name}`,
  );
}

function secretOnCommandLine(): Fault {
  return usage(
    "a passphrase or password on the command line",
    "others can read command lines: let it be asked for at the terminal, or pass a file descriptor (see --help)",
  );
}
