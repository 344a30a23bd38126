/** What a configuration file holds before anybody asks what it means: maps, lists and scalars, each with its place. */

/** Counted from 1, as editors do; a column is a UTF-16 unit. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A key and its value. */
export interface Entry {
  readonly key: string;
  readonly place: Place;
  readonly value: Tree;
}

/** One value of the file. A list or map holds each key once, and nothing is nested deeper than {@link MAX_DEPTH}. */
export type Tree =
  | { readonly kind: "map"; readonly place: Place; readonly entries: readonly Entry[] }
  | { readonly kind: "list"; readonly place: Place; readonly items: readonly Tree[] }
  | Scalar;

/** A value without parts. `text` is how the file writes it, without quotes. */
export interface Scalar {
  readonly kind: "scalar";
  readonly place: Place;
  readonly value: string | number | boolean | null;
  readonly text: string;
}

/** Octets of a file; more is refused unread. */
export const MAX_FILE = 1024 * 1024;
/** The schema needs five. */
export const MAX_DEPTH = 16;

/** UTF-16 units of a value in a message. */
const LONGEST_SHOWN = 80;

/** Finds the place of an offset in a text. */
export class Lines {
  readonly #starts: readonly number[];

  constructor(text: string) {
    const starts = [0];
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.#starts = starts;
  }

  place(offset: number): Place {
    let low = 0;
    for (let high = this.#starts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }
}

/** How messages name a value: its text, or what kind of thing it is. */
export function describe(tree: Tree): string {
  if (tree.kind === "map") return "a map";
  if (tree.kind === "list") return "a list";
  if (tree.value === null) return "nothing";
  return typeof tree.value === "string" ? quoted(tree.value) : shortened(tree.text);
}

/** Text of the file as messages show it: in quotes, and not longer than a line. */
export function quoted(text: string): string {
  return shortened(JSON.stringify(text.slice(0, LONGEST_SHOWN)));
}

/** Text as messages show it: not longer than a line. */
export function shortened(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 3)}...` : text;
}
