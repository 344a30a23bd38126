/** What is wrong with a configuration: every mistake with its place, its key and its mend. */
import { type Place, quoted } from "./tree.ts";

/** One mistake. */
export interface Problem extends Place {
  /** The key, such as `links.orders.listen`; "" for the file as a whole. */
  readonly path: string;
  /** What is there, and what was expected. */
  readonly message: string;
  /** What to do about it. */
  readonly mend: string;
}

/** So many are told; whoever made more has them told after mending these. */
export const MAX_PROBLEMS = 100;

/** Where a value stands. */
export interface At {
  readonly path: string;
  readonly place: Place;
}

/** Collects problems. */
export class Report {
  readonly #problems = new Map<string, Problem>();
  readonly #misspelt = new Set<string>();

  /** In the order of the file. */
  get problems(): readonly Problem[] {
    return [...this.#problems.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  /** Whether no more are taken. */
  get full(): boolean {
    return this.#problems.size >= MAX_PROBLEMS;
  }

  /** The same problem at the same place is told once, such as one that an alias repeats. */
  add({ path, place }: At, message: string, mend: string): void {
    const { line, column } = place;
    const key = `${line}:${column}:${message}`;
    if (this.full || this.#problems.has(key)) return;
    this.#problems.set(key, { line, column, path, message, mend });
  }

  /** A key that was written, but not as it is called. */
  misspelt(path: string): void {
    this.#misspelt.add(path);
  }

  /** Whether something at this key, or below it, is wrong: what follows from it need not be told. */
  spoils(path: string): boolean {
    if (this.#misspelt.has(path)) return true;
    return [...this.#problems.values()].some(
      (problem) => problem.path === path || problem.path.startsWith(`${path}.`),
    );
  }
}

/** The path of a key below another. A key that is no word is in quotes. */
export function below(path: string, key: string): string {
  const word = /^[\w.-]{0,64}$/.test(key) ? key : quoted(key);
  return path === "" ? word : `${path}.${word}`;
}

/** Text that is no configuration at all. */
export class SyntaxFault extends Error {
  override readonly name = "SyntaxFault";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems[0]?.message);
    this.problems = problems;
  }
}

/** A syntax error at one place. */
export function syntaxFault(place: Place, message: string, mend: string): SyntaxFault {
  return new SyntaxFault([{ ...place, path: "", message, mend }]);
}
