/**
 * The architecture as a check: which file of src/ may import which, which may touch the world outside, and how a
 * file is laid out. Works on parsed source, so that comments and strings cannot mislead it.
 */
import { posix } from "node:path";
import ts from "typescript";

/** From left to right: a file imports only from its own layer or from one to the left of it. */
export const LAYERS = [
  "errors",
  "bytes",
  "wire",
  "crypto",
  "mechanism",
  "engine",
  "pipe",
  "pattern",
  "net",
  "metrics",
  "top",
  "index",
  "config",
  "observe",
  "tunnel",
  "cli",
] as const;

type Layer = (typeof LAYERS)[number];

const MAX_LINES = 400;

/** A use that the rules forbid in general, allowed in one file for a reason. One that is no longer used is an error. */
export interface Exception {
  readonly file: string;
  /** The imported module or the global name. */
  readonly name: string;
  readonly reason: string;
}

/** Modules and globals that reach outside, and the layers that may use them. What is in no row, and is Node's, is free. */
const RESTRICTED: readonly { readonly names: readonly string[]; readonly layers: readonly Layer[] }[] = [
  { names: ["@noble/*", "node:crypto", "crypto"], layers: ["crypto"] },
  { names: ["node:worker_threads"], layers: ["crypto", "net"] },
  {
    names: [
      ...["net", "tls", "dgram", "dns", "http", "https", "http2", "fs", "fs/promises", "child_process"],
      ...["cluster", "timers", "timers/promises", "perf_hooks", "readline", "repl", "inspector"],
    ].map((name) => `node:${name}`),
    layers: ["net", "observe", "tunnel", "cli"],
  },
  {
    names: [
      ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "process.nextTick", "fetch"],
      ...["Date.now", "new Date", "performance", "process.hrtime", "Math.random"],
    ],
    layers: ["net", "observe", "tunnel", "cli"],
  },
];

/** Packages that users may install or not, and the one file that asks for each. */
const OPTIONAL_PEERS: Readonly<Record<string, string>> = { yaml: "src/config/yaml.ts" };

/** Paths of files ("src/wire/frame.ts") to their text. */
export type Sources = ReadonlyMap<string, string>;

/** Every breach of the rules in `sources`, each as a line that begins with the file's path; empty when there is none. */
export function violations(sources: Sources, exceptions: readonly Exception[] = []): string[] {
  const found: string[] = [];
  const excused = new Set<Exception>();
  const graph = new Map<string, string[]>();

  for (const [file, text] of sources) {
    const report = (what: string): void => void found.push(`${file}: ${what}`);
    const layer = layerOf(file);
    if (layer === undefined) {
      report("lies in no known layer");
      continue;
    }
    const parsed = parse(file, text);
    const mayUse = (name: string): boolean => {
      const row = RESTRICTED.find(({ names }) => names.includes(group(name)));
      if (row === undefined || row.layers.includes(layer)) return true;
      const exception = exceptions.find((e) => e.file === file && e.name === name);
      if (exception !== undefined) excused.add(exception);
      return exception !== undefined;
    };

    const targets: string[] = [];
    for (const specifier of imports(parsed)) {
      if (!specifier.startsWith(".")) {
        const optional = OPTIONAL_PEERS[specifier] === file;
        if (!specifier.startsWith("node:") && group(specifier) !== "@noble/*" && !optional) {
          report(`imports the package ${specifier}; only @noble/* is a dependency`);
        } else if (!mayUse(specifier)) report(`imports ${specifier}`);
        continue;
      }
      const target = posix.join(posix.dirname(file), specifier);
      const targetLayer = layerOf(target);
      if (!sources.has(target) || targetLayer === undefined)
        report(`imports ${target}, which is no file of src/`);
      else if (LAYERS.indexOf(targetLayer) > LAYERS.indexOf(layer)) {
        report(`of layer "${layer}" imports ${target} of layer "${targetLayer}"`);
      } else targets.push(target);
    }
    graph.set(file, targets);

    for (const name of new Set(globals(parsed))) if (!mayUse(name)) report(`uses ${name}`);
    for (const name of moduleState(parsed)) report(`keeps mutable state at module level: ${name}`);
    const lines = text.trimEnd().split("\n").length;
    if (lines > MAX_LINES) report(`has ${lines} lines, more than ${MAX_LINES}`);
    if (!/^(#!.*\n)?(\/\/|\/\*)/.test(text)) report("does not begin with a comment that says what it is");
  }

  for (const cycle of cycles(graph)) found.push(`${cycle[0]}: import cycle ${cycle.join(" -> ")}`);
  for (const exception of exceptions) {
    if (!excused.has(exception))
      found.push(`${exception.file}: exception for ${exception.name} is not needed`);
  }
  return found;
}

/** All that comes with a file when it is loaded, in order of names: what is imported for its types or on demand does not. */
export function loadedWith(file: string, sources: Sources): string[] {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    const text = sources.get(name);
    for (const specifier of text === undefined ? [] : staticImports(parse(name, text)))
      visit(specifier.startsWith(".") ? posix.join(posix.dirname(name), specifier) : specifier);
  };
  visit(file);
  return [...found].sort();
}

function staticImports(file: ts.SourceFile): string[] {
  return file.statements.flatMap((node) => {
    const isImport = ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly;
    if (!isImport && !(ts.isExportDeclaration(node) && !node.isTypeOnly)) return [];
    const { moduleSpecifier: specifier } = node;
    return specifier !== undefined && ts.isStringLiteralLike(specifier) ? [specifier.text] : [];
  });
}

function layerOf(file: string): Layer | undefined {
  const [top, first, ...rest] = file.split("/");
  if (top !== "src" || first === undefined) return undefined;
  if (rest.length === 0) {
    if (first === "errors.ts") return "errors";
    if (first === "index.ts" || first === "sockets.ts") return "index";
    return "top";
  }
  const layer = LAYERS.find((name) => name === first);
  return layer === "top" || layer === "index" || layer === "errors" ? undefined : layer;
}

/** The row key of a name: all of @noble is one. */
function group(name: string): string {
  return name.startsWith("@noble/") ? "@noble/*" : name;
}

function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
}

function descendants(root: ts.Node): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return nodes;
}

/** Every module a file names: static and type-only imports, re-exports, `import()` of code and of types. */
function imports(file: ts.SourceFile): string[] {
  return descendants(file).flatMap((node) => {
    let specifier: ts.Node | undefined;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) specifier = node.moduleSpecifier;
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      specifier = node.argument.literal;
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      specifier = node.arguments[0];
      if (specifier !== undefined && !ts.isStringLiteralLike(specifier)) return ["(a computed import)"];
    }
    return specifier !== undefined && ts.isStringLiteralLike(specifier) ? [specifier.text] : [];
  });
}

/** Restricted globals that a file uses, as named in {@link RESTRICTED}. */
function globals(file: ts.SourceFile): string[] {
  const names = new Set(RESTRICTED.flatMap((row) => row.names));
  return descendants(file).flatMap((node) => {
    if (ts.isNewExpression(node) && node.expression.getText() === "Date" && !node.arguments?.length) {
      return ["new Date"];
    }
    if (ts.isPropertyAccessExpression(node)) {
      const name = node.getText().replaceAll(/\s|\?/g, "").replace("globalThis.", "");
      return names.has(name) ? [name] : [];
    }
    return ts.isIdentifier(node) && names.has(node.text) && isFreeName(node) ? [node.text] : [];
  });
}

/** False for an identifier that declares a name, is the name of a member (`x.setTimeout`), or means a local one. */
function isFreeName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.expression !== node) return false;
  if (ts.isQualifiedName(parent) && parent.left !== node) return false;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  if (ts.isBindingElement(parent) && parent.initializer !== node) return false;
  const named = "name" in parent && parent.name === node;
  if (named && !ts.isPropertyAccessExpression(parent) && !ts.isShorthandPropertyAssignment(parent))
    return false;
  return !isBound(node);
}

/** Whether an enclosing function, block or the file declares the name, as a parameter called `crypto` does. */
function isBound({ parent, text }: ts.Identifier): boolean {
  for (let scope: ts.Node | undefined = parent; scope !== undefined; scope = scope.parent) {
    if (ts.isFunctionLike(scope) && scope.parameters.some((p) => declares(p.name, text))) return true;
    if (!ts.isBlock(scope) && !ts.isSourceFile(scope)) continue;
    const bound = scope.statements.some((statement) => {
      if (ts.isVariableStatement(statement)) {
        return statement.declarationList.declarations.some(({ name }) => declares(name, text));
      }
      const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined;
      return bindings !== undefined && ts.isNamedImports(bindings)
        ? bindings.elements.some(({ name }) => name.text === text)
        : false;
    });
    if (bound) return true;
  }
  return false;
}

function declares(name: ts.BindingName, text: string): boolean {
  if (ts.isIdentifier(name)) return name.text === text;
  return name.elements.some((element) => ts.isBindingElement(element) && declares(element.name, text));
}

/** Names of module-level variables that can change: `let`, `var`, and collections that are made empty. */
function moduleState(file: ts.SourceFile): string[] {
  return file.statements.filter(ts.isVariableStatement).flatMap(({ declarationList: list }) => {
    const constant = (list.flags & ts.NodeFlags.Const) !== 0;
    return list.declarations
      .filter(({ initializer }) => !constant || (initializer !== undefined && isEmptyCollection(initializer)))
      .map(({ name }) => name.getText());
  });
}

function isEmptyCollection(node: ts.Expression): boolean {
  if (ts.isArrayLiteralExpression(node)) return node.elements.length === 0;
  if (ts.isObjectLiteralExpression(node)) return node.properties.length === 0;
  if (!ts.isNewExpression(node) || (node.arguments?.length ?? 0) > 0) return false;
  return ["Map", "Set", "WeakMap", "WeakSet"].includes(node.expression.getText());
}

/** One cycle for each import that leads back to a file still being visited, as the files along it. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at !== -1) {
      found.push([...path.slice(at), file]);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}
