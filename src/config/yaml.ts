/**
 * YAML 1.2 (core schema) with places. The package `yaml` is asked for here alone, and only when a file is YAML. Tags,
 * directives, merge keys and more than one document are refused; anchors and aliases are a few shared values.
 */
import type { Document, Node, Pair } from "yaml";
import { boundEffort } from "./effort.ts";
import { duplicateKey } from "./json.ts";
import { type SyntaxFault, syntaxFault } from "./report.ts";
import { type Entry, Lines, MAX_DEPTH, type Place, type Tree } from "./tree.ts";

/** The package as it is imported. */
export type YamlPackage = typeof import("yaml");

const MAX_ALIASES = 100;
/** UTF-16 units, of which the package looks at each a few times; see `effort.ts` for what it looks at longer. */
const MAX_YAML = 256 * 1024;
/** UTF-16 units; the parser repeats what it does not understand. */
const LONGEST_FAULT = 200;
const START: Place = { line: 1, column: 1 };

/** Parses a whole text. Rejects with {@link SyntaxFault}, also when the package is not installed. */
export async function readYaml(
  text: string,
  load: () => Promise<YamlPackage> = () => import("yaml"),
): Promise<Tree> {
  const yaml = await installed(load);
  if (text.length > MAX_YAML) {
    throw syntaxFault(START, `YAML of over ${MAX_YAML} characters`, "use more files, or write it as JSON");
  }
  const lines = new Lines(text);
  boundEffort(text, lines);
  const [document, second] = firstTwo(yaml, text);
  if (document === undefined) return { kind: "scalar", place: START, value: null, text: "" };
  // What comes after the first error mostly follows from it.
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) {
    const mend = MENDS[error.code] ?? "check indentation, colons and quotes on this line and the one before";
    throw syntaxFault(
      lines.place(error.pos[0]),
      `no YAML: ${error.message.slice(0, LONGEST_FAULT).replace(/\.$/, "")}`,
      mend,
    );
  }
  if (second !== undefined) {
    throw syntaxFault(lines.place(second.range[0]), "a second document", "leave out the line --- before it");
  }
  const { explicit, version } = document.directives.yaml;
  if (explicit === true && version !== "1.2") {
    throw syntaxFault(START, `a directive for YAML ${version}`, "leave it out: the file is read as YAML 1.2");
  }
  return new YamlReader(yaml, lines, document).tree(document.contents, 0, START);
}

/** Composed one by one: a file of nothing but `---` is not read to its end. */
function firstTwo(yaml: YamlPackage, text: string): Document.Parsed[] {
  const composer = new yaml.Composer({
    ...{ version: "1.2", schema: "core", merge: false, resolveKnownTags: false },
    ...{ uniqueKeys: false, strict: true },
  });
  const found: Document.Parsed[] = [];
  for (const document of composer.compose(new yaml.Parser().parse(text))) {
    if (found.push(document) === 2) break;
  }
  return found;
}

const MENDS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "indent with spaces",
  TAG_RESOLVE_FAILED: "leave the tag out",
  BLOCK_AS_IMPLICIT_KEY: "put the value in quotes, or on a line of its own",
  BAD_DQ_ESCAPE: "write \\\\ for a backslash, or use single quotes",
};

async function installed(load: () => Promise<YamlPackage>): Promise<YamlPackage> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw syntaxFault(
      START,
      "YAML is read by the package yaml, which is not installed",
      "npm install yaml; or write the file as JSON, which needs nothing",
    );
  }
}

class YamlReader {
  readonly #yaml: YamlPackage;
  readonly #lines: Lines;
  readonly #document: Document.Parsed;
  /** What an anchored node became; `null` while it is being read. */
  readonly #read = new Map<Node, Tree | null>();
  #aliases = 0;

  constructor(yaml: YamlPackage, lines: Lines, document: Document.Parsed) {
    this.#yaml = yaml;
    this.#lines = lines;
    this.#document = document;
  }

  /** `otherwise` is the place of a node that the file leaves empty. */
  tree(node: unknown, depth: number, otherwise: Place): Tree {
    const { isAlias, isMap, isScalar, isSeq } = this.#yaml;
    if (node === null || node === undefined)
      return { kind: "scalar", place: otherwise, value: null, text: "" };
    const place = this.#place(node as Node, otherwise);
    if (depth > MAX_DEPTH) throw syntaxFault(place, `nested deeper than ${MAX_DEPTH}`, "write it flatter");
    if (isAlias(node)) return this.#alias(node.resolve(this.#document), node.source, depth, place);
    const { tag } = node as Node;
    if (tag !== undefined)
      throw syntaxFault(place, `a tag (${tag})`, "leave it out: values are what they look like");
    this.#read.set(node as Node, null);
    let tree: Tree;
    if (isMap(node)) tree = { kind: "map", place, entries: this.#entries(node.items, depth, place) };
    else if (isSeq(node)) {
      tree = { kind: "list", place, items: node.items.map((item) => this.tree(item, depth + 1, place)) };
    } else if (isScalar(node)) tree = scalar(node.value, node.source ?? "", place);
    else throw syntaxFault(place, "neither map nor list nor scalar", "write one of these");
    this.#read.set(node as Node, tree);
    return tree;
  }

  #entries(pairs: readonly Pair[], depth: number, map: Place): readonly Entry[] {
    const entries = new Map<string, Entry>();
    for (const pair of pairs) {
      const name = this.tree(pair.key, depth + 1, map);
      const { place } = name;
      if (name.kind !== "scalar")
        throw syntaxFault(place, "a key that is no word", "write a word before the colon");
      const key = name.text;
      const former = entries.get(key);
      if (former !== undefined) throw duplicateKey(place, key, former.place);
      entries.set(key, { key, place, value: this.tree(pair.value, depth + 1, place) });
    }
    return [...entries.values()];
  }

  #alias(target: Node | undefined, name: string, depth: number, place: Place): Tree {
    if (++this.#aliases > MAX_ALIASES)
      throw syntaxFault(place, `over ${MAX_ALIASES} aliases`, "write values out");
    if (target === undefined)
      throw syntaxFault(place, `*${name}: no such anchor`, `put &${name} before a value above`);
    const former = this.#read.get(target);
    if (former === null) throw syntaxFault(place, `*${name} stands inside itself`, "write the value out");
    return former ?? this.tree(target, depth, place);
  }

  #place(node: Node, otherwise: Place): Place {
    return node.range === null || node.range === undefined ? otherwise : this.#lines.place(node.range[0]);
  }
}

function scalar(value: unknown, text: string, place: Place): Tree {
  const known = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return {
    kind: "scalar",
    place,
    value: known ? value : null,
    text: typeof value === "string" ? value : text,
  };
}
