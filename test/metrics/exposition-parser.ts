/** A reader of Prometheus' text format 0.0.4, strict about what a writer should write; for tests only. */

/** One line of samples. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a text says. */
export interface Parsed {
  readonly help: ReadonlyMap<string, string>;
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly ParsedSample[];
}

/** Throws `Error` with the line for one that is malformed, out of its block, or there twice. */
export function parseExposition(text: string): Parsed {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line does not end");
  const help = new Map<string, string>();
  const types = new Map<string, string>();
  const samples: ParsedSample[] = [];
  const seen = new Set<string>();
  let current = "";
  for (const line of text.split("\n").slice(0, -1)) {
    const fail = (what: string) => new Error(`${what}: ${JSON.stringify(line)}`);
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.*)$/s.exec(line);
    if (comment !== null) {
      const [, kind, name, rest] = comment;
      const into = kind === "HELP" ? help : types;
      if (into.has(name!)) throw fail("twice");
      into.set(name!, kind === "HELP" ? plain(rest!, /\\[\\n]/g) : rest!);
      current = name!;
      continue;
    }
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s.exec(line);
    if (sample === null) throw fail("malformed");
    const [, name, inside = "", value] = sample;
    const family = types.get(current) === "histogram" ? name!.replace(/_(bucket|sum|count)$/, "") : name!;
    if (family !== current) throw fail("outside of its block");
    if (seen.has(line.slice(0, line.lastIndexOf(" ")))) throw fail("twice");
    seen.add(line.slice(0, line.lastIndexOf(" ")));
    samples.push({ name: name!, labels: labelsOf(inside, fail), value: numberOf(value!, fail) });
  }
  return { help, types, samples };
}

function labelsOf(inside: string, fail: (what: string) => Error): Record<string, string> {
  const pairs = [...inside.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\n"])*)"(,|$)/gs)];
  if (pairs.map(([whole]) => whole).join("") !== inside) throw fail("labels");
  return Object.fromEntries(pairs.map(([, name, value]) => [name!, plain(value!, /\\[\\n"]/g)]));
}

function plain(text: string, escapes: RegExp): string {
  return text.replace(escapes, (sequence) => (sequence[1] === "n" ? "\n" : sequence[1]!));
}

function numberOf(text: string, fail: (what: string) => Error): number {
  if (text === "+Inf" || text === "-Inf") return text === "+Inf" ? Infinity : -Infinity;
  const value = Number(text);
  if (Number.isNaN(value) && text !== "NaN") throw fail("value");
  return value;
}
