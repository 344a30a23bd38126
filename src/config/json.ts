/** JSON (RFC 8259) with places: the parser of the language tells neither lines nor duplicate keys. */
import { type SyntaxFault, syntaxFault } from "./report.ts";
import { suggestion } from "./suggestion.ts";
import {
  type Entry,
  Lines,
  MAX_DEPTH,
  type Place,
  quoted,
  type Scalar,
  shortened,
  type Tree,
} from "./tree.ts";

const BLANK = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
/** Up to the closing quote; what is inside is judged by JSON.parse. */
const STRING = /"[^"\\\n]*(?:\\.[^"\\\n]*)*"/y;
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/** Parses a whole text. Throws {@link SyntaxFault}. */
export function readJson(text: string): Tree {
  return new JsonReader(text).document();
}

class JsonReader {
  readonly #text: string;
  readonly #lines: Lines;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#lines = new Lines(text);
  }

  document(): Tree {
    const tree = this.#value(0);
    this.#blank();
    if (this.#at < this.#text.length) throw this.#fault("more text after the end", "leave it out");
    return tree;
  }

  #value(depth: number): Tree {
    this.#blank();
    const place = this.#place();
    if (depth > MAX_DEPTH) throw this.#fault(`nested deeper than ${MAX_DEPTH}`, "write it flatter");
    const first = this.#text[this.#at];
    if (first === "{") return { kind: "map", place, entries: this.#entries(depth) };
    if (first === "[") return { kind: "list", place, items: this.#items(depth) };
    if (first !== '"') return this.#bare(place);
    const value = this.#string();
    return { kind: "scalar", place, value, text: value };
  }

  #entries(depth: number): readonly Entry[] {
    const entries = new Map<string, Entry>();
    this.#list("{", "}", () => {
      const place = this.#place();
      if (this.#text[this.#at] !== '"')
        throw this.#fault("a key in double quotes expected", 'write "key": value');
      const key = this.#string();
      const former = entries.get(key);
      if (former !== undefined) throw duplicateKey(place, key, former.place);
      this.#blank();
      if (this.#text[this.#at] !== ":")
        throw this.#fault(`":" expected after ${quoted(key)}`, 'write "key": value');
      this.#at++;
      entries.set(key, { key, place, value: this.#value(depth + 1) });
    });
    return [...entries.values()];
  }

  #items(depth: number): readonly Tree[] {
    const items: Tree[] = [];
    this.#list("[", "]", () => void items.push(this.#value(depth + 1)));
    return items;
  }

  /** Parts between brackets, with commas. */
  #list(open: string, close: string, part: () => void): void {
    const place = this.#place();
    this.#at++;
    this.#blank();
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      part();
      this.#blank();
      const next = this.#text[this.#at];
      if (next === undefined) throw syntaxFault(place, `"${open}" is never closed`, `add "${close}"`);
      if (next !== "," && next !== close)
        throw this.#fault(`"," or "${close}" expected`, "put a comma between values");
      this.#at++;
      if (next === close) return;
      this.#blank();
      if (this.#text[this.#at] === close)
        throw this.#fault(`a value expected after ","`, "leave the last comma out");
    }
  }

  #string(): string {
    const match = this.#match(STRING);
    if (match === null) throw this.#fault("a string without its end", 'close it with " on the same line');
    const start = this.#at;
    this.#at += match.length;
    try {
      return JSON.parse(match) as string;
    } catch {
      throw syntaxFault(
        this.#lines.place(start),
        "a string with an escape or control character that JSON does not have",
        'write \\\\ for a backslash, \\" for a quote, \\u0009 for a tab',
      );
    }
  }

  #bare(place: Place): Scalar {
    const number = this.#match(NUMBER);
    if (number !== null) {
      this.#at += number.length;
      return { kind: "scalar", place, value: Number(number), text: number };
    }
    const word = this.#match(WORD);
    if (word !== null && Object.hasOwn(WORDS, word)) {
      this.#at += word.length;
      return { kind: "scalar", place, value: WORDS[word]!, text: word };
    }
    if (word !== null)
      throw this.#fault(
        `${shortened(word)} is no JSON value`,
        suggestion(word.toLowerCase(), Object.keys(WORDS), `put it in double quotes: ${quoted(word)}`),
      );
    if (this.#at === this.#text.length)
      throw this.#fault("the text ends where a value is expected", "add the value");
    const sign = String.fromCodePoint(this.#text.codePointAt(this.#at)!);
    throw this.#fault(
      `${JSON.stringify(sign)} where a value is expected`,
      sign === "#" || sign === "/"
        ? "JSON has no comments: leave it out, or write YAML"
        : "write a JSON value",
    );
  }

  /** Of the next character. */
  #place(): Place {
    return this.#lines.place(this.#at);
  }

  #blank(): void {
    this.#at += this.#match(BLANK)!.length;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0] ?? null;
  }

  #fault(message: string, mend: string): SyntaxFault {
    return syntaxFault(this.#place(), message, mend);
  }
}

/** A key that a map holds already. */
export function duplicateKey(place: Place, key: string, former: Place): SyntaxFault {
  return syntaxFault(
    place,
    `key ${quoted(key)} is there twice, first on line ${former.line}`,
    "leave one of them out",
  );
}
