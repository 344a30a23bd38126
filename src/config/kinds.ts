/** What the value of a key may be: kinds that read a piece of the tree or report what is wrong with it. */
import { type At, below, type Report } from "./report.ts";
import { nearest, suggestion } from "./suggestion.ts";
import { describe, type Place, quoted, type Tree } from "./tree.ts";

/** A kind of value. */
export interface Kind<T> {
  /** What is expected, as messages and the document say it. */
  readonly says: string;
  /** The value; `undefined` when it is wrong, which has been reported. */
  read(tree: Tree, path: string, report: Report): T | undefined;
  /** Keys of a map, or of each map of a list of them, for whoever walks the schema. */
  readonly fields?: Fields;
}

/** A key of a map. */
export interface Field<T> {
  readonly kind: Kind<T>;
  /** What holds without it, as the document says it; "" when nothing does. */
  readonly otherwise: string;
}

/** The keys of a map. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** A value that was read, and where. */
export interface Got<T> extends At {
  readonly value: T;
}

/** What was read of a map: keys that are missing, or wrong, are not there. */
export type Reading<F extends Fields> = {
  readonly [K in keyof F]?: Got<F[K] extends Field<infer T> ? T : never>;
};

/** Declares a key. */
export function field<T>(kind: Kind<T>, otherwise = ""): Field<T> {
  return { kind, otherwise };
}

function expected(tree: Tree, path: string, report: Report, says: string, mend: string): undefined {
  const empty = tree.kind === "scalar" && tree.value === null;
  report.add(
    { path, place: tree.place },
    `${describe(tree)} where ${says} is expected`,
    empty ? "write a value, or leave the key out" : mend,
  );
}

/** `true` or `false`. */
export const BOOLEAN: Kind<boolean> = {
  says: "true or false",
  read(tree, path, report) {
    if (tree.kind === "scalar" && typeof tree.value === "boolean") return tree.value;
    return expected(tree, path, report, this.says, "write true or false, without quotes");
  },
};

/** A whole number within bounds, both included. `above` says why there is an upper bound. */
export function integer(min: number, max: number, above = ""): Kind<number> {
  return {
    says: `a whole number of ${min} to ${max}`,
    read(tree, path, report) {
      const value = tree.kind === "scalar" ? tree.value : null;
      const key = path.slice(path.lastIndexOf(".") + 1);
      if (typeof value !== "number" || !Number.isInteger(value)) {
        return expected(
          tree,
          path,
          report,
          this.says,
          `write such a number, without quotes or unit: ${key}: ${max}`,
        );
      }
      // Without the sign of -0.
      if (value >= min && value <= max) return value + 0;
      const [why, bound] = value > max ? [above, `${shownBound(max)} or less`] : ["", `${min} or more`];
      report.add(
        { path, place: tree.place },
        `${describe(tree)} where ${this.says} is expected${why === "" ? "" : `: ${why}`}`,
        `set ${key} to ${bound}`,
      );
      return undefined;
    },
  };
}

/** A bound, also as a power of two where it is a large one. */
function shownBound(bound: number): string {
  const power = Math.log2(bound);
  return power >= 20 && Number.isInteger(power) ? `${bound} (2^${power})` : String(bound);
}

/** Text that `check` takes: it gives the value, or `undefined` for text that will not do. */
export function text<T = string>(
  says: string,
  mend: string,
  check: (value: string) => T | undefined,
): Kind<T> {
  return {
    says,
    read(tree, path, report) {
      const value = tree.kind === "scalar" ? tree.value : null;
      if (typeof value === "string") {
        const made = check(value);
        if (made !== undefined) return made;
        return expected(tree, path, report, says, mend);
      }
      const quote = tree.kind === "scalar" && value !== null;
      return expected(tree, path, report, says, quote ? `put it in quotes: "${tree.text}"` : mend);
    },
  };
}

/** One of some words or numbers, or another spelling of one. */
export function choice<T extends string | number>(
  words: readonly T[],
  spellings: Readonly<Record<string, NoInfer<T>>> = {},
): Kind<T> {
  const all = [...words.map(String), ...Object.keys(spellings)];
  return {
    says: words.join(", ").replace(/, ([^,]*)$/, " or $1"),
    read(tree, path, report) {
      const value = tree.kind === "scalar" ? tree.value : null;
      const found = words.find((word) => word === value);
      if (found !== undefined) return found;
      if (typeof value === "string" && Object.hasOwn(spellings, value)) return spellings[value];
      const mend = `write one of ${all.join(", ")}`;
      return expected(
        tree,
        path,
        report,
        this.says,
        typeof value === "string" ? suggestion(value.toLowerCase(), all, mend) : mend,
      );
    },
  };
}

/** A list; a single value stands for a list of one. */
export function list<T>(kind: Kind<T>, max: number): Kind<readonly Got<T>[]> {
  return {
    says: `a list of up to ${max}: each ${kind.says}`,
    read(tree, path, report) {
      const items = tree.kind === "list" ? tree.items : [tree];
      if (items.length === 0 || items.length > max) {
        report.add(
          { path, place: tree.place },
          `a list of ${items.length} where 1 to ${max} are expected`,
          items.length === 0 ? "name one, or leave the key out" : `leave out all but ${max}`,
        );
        return undefined;
      }
      return items.flatMap((item, i) => {
        const at = tree.kind === "list" ? below(path, String(i + 1)) : path;
        const value = kind.read(item, at, report);
        return value === undefined ? [] : [{ value, path: at, place: item.place }];
      });
    },
  };
}

/** A map with these keys and no other. */
export function record<F extends Fields>(fields: F): Kind<Reading<F>> {
  return {
    says: "a map",
    fields,
    read(tree, path, report) {
      if (tree.kind !== "map") {
        const keys = Object.keys(fields).join(", ");
        return expected(tree, path, report, `a map of ${keys}`, `write ${shown(fields)} below it`);
      }
      const reading: Record<string, Got<unknown>> = {};
      for (const { key, place, value: part } of tree.entries) {
        const at = below(path, key);
        if (!Object.hasOwn(fields, key)) {
          unknownKey(key, { path: at, place }, Object.keys(fields), below(path, ""), report);
          continue;
        }
        const value = fields[key]!.kind.read(part, at, report);
        if (value !== undefined) reading[key] = { value, path: at, place: placeOf(part, place) };
      }
      return reading as Reading<F>;
    },
  };
}

/** A map of names to maps, or a list of maps that each have `name`. */
export function named<F extends Fields>(
  fields: F,
  name: Kind<string>,
  max: number,
): Kind<readonly Got<Reading<F>>[]> {
  const one = record(fields);
  return {
    says: "a list of maps with a name each, or a map of names to maps",
    fields,
    read(tree, path, report) {
      if (tree.kind === "scalar") {
        return expected(
          tree,
          path,
          report,
          this.says,
          "write the first one as: - name: NAME, its other keys below it",
        );
      }
      const parts: { readonly tree: Tree; readonly key: Got<string> | null; readonly at: string }[] = [];
      if (tree.kind === "list") {
        for (const [i, item] of tree.items.entries()) {
          parts.push({ tree: item, key: null, at: below(path, nameIn(item) ?? String(i + 1)) });
        }
      } else {
        for (const { key, place, value } of tree.entries) {
          const at = below(path, key);
          const word = name.read({ kind: "scalar", place, value: key, text: key }, at, report);
          if (word !== undefined) parts.push({ tree: value, key: { value: word, path: at, place }, at });
        }
      }
      if (parts.length > max) {
        report.add(
          { path, place: tree.place },
          `${parts.length} where at most ${max} are expected`,
          "use more files",
        );
        return undefined;
      }
      return parts.flatMap(({ tree: part, key, at }) => {
        const reading = one.read(part, at, report);
        if (reading === undefined) return [];
        const place = key?.place ?? part.place;
        return [{ value: key === null ? reading : withName(reading, key, report), path: at, place }];
      });
    },
  };
}

/** What a name is not twice: in a map of names the key is the name. */
function withName<F extends Fields>(reading: Reading<F>, key: Got<string>, report: Report): Reading<F> {
  const { name } = reading as { readonly name?: Got<string> };
  if (name !== undefined && name.value !== key.value) {
    report.add(
      name,
      `${JSON.stringify(name.value)} where the key says ${JSON.stringify(key.value)}`,
      "leave name out",
    );
  }
  return { ...reading, name: key };
}

/** The name that a map in a list gives itself, for messages. */
function nameIn(tree: Tree): string | undefined {
  if (tree.kind !== "map") return undefined;
  const value = tree.entries.find(({ key }) => key === "name")?.value;
  return value?.kind === "scalar" && typeof value.value === "string" && /^[\w.-]{1,64}$/.test(value.value)
    ? value.value
    : undefined;
}

/** An empty value stands where its key does. */
function placeOf(tree: Tree, key: Place): Place {
  return tree.kind === "scalar" && tree.text === "" && tree.value === null ? key : tree.place;
}

/** `prefix` is the path that all keys here have before them. */
function unknownKey(key: string, at: At, keys: readonly string[], prefix: string, report: Report): void {
  if (report.full) return;
  const near = nearest(key.toLowerCase(), keys);
  if (near !== null) report.misspelt(prefix + near);
  const mend =
    near === null ? `leave it out; the keys here are ${keys.join(", ")}` : `did you mean "${near}"?`;
  report.add(at, `no such key: ${quoted(key)}`, mend);
}

function shown(fields: Fields): string {
  return `${Object.keys(fields)[0]}: VALUE`;
}
