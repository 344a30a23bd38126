/** src/ keeps to the architecture, and the check that says so can fail. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Exception, loadedWith, violations } from "./layers.ts";

const EXCEPTIONS: readonly Exception[] = [
  {
    file: "src/bytes/constant-time.ts",
    name: "node:crypto",
    reason: "timingSafeEqual is the one comparison of secrets that Node promises to be free of timing",
  },
];

const root = join(import.meta.dirname, "../../..");

/** Every TypeScript file under a directory of the project, which may be missing, by its path from the root. */
function filesOf(directory: string): Map<string, string> {
  if (!existsSync(join(root, directory))) return new Map();
  const names = readdirSync(join(root, directory), { recursive: true, encoding: "utf8" });
  return new Map(
    names
      .filter((name) => name.endsWith(".ts"))
      .sort()
      .map((name) => [
        `${directory}/${name.replaceAll(sep, "/")}`,
        readFileSync(join(root, directory, name), "utf8"),
      ]),
  );
}

test("src keeps to the architecture", () => {
  const sources = filesOf("src");
  assert.ok(sources.size > 0);
  assert.equal(violations(sources, EXCEPTIONS), []);
});

/** Functions that declare a suite of a table's rows and run it, or run one that a helper declared. */
const RUNNING_HELPERS = ["sins", "runTests"];

test("every test file runs the suites it declares, and runs them last", () => {
  const sloppy: string[] = [];
  for (const directory of ["test", "interop"]) {
    for (const [file, text] of filesOf(directory)) {
      if (!file.endsWith(".test.ts")) continue;
      const suites = [...text.matchAll(/^const (\w+) = suite\b/gm)].map((match) => match[1]);
      if (/^import .*\btest\b.* from "uvu";$/m.test(text)) suites.push("test");
      const missing = suites.filter((name) => !text.includes(`\n${name}.run();\n`));
      // A file without suites of its own hands its table to a helper that runs it; that call comes last then.
      const helpers = suites.length === 0 ? RUNNING_HELPERS.filter((name) => text.includes(name)) : [];
      const last = text.split("\n").findLast((line) => /^\w/.test(line)) ?? "";
      const runsLast =
        helpers.length > 0
          ? helpers.some((name) => last.startsWith(`${name}(`))
          : /^\w+\.run\(\);$/.test(last);
      if (missing.length > 0 || !runsLast) sloppy.push(file);
    }
  }
  assert.equal(sloppy, []);
});

const clean = "/** What it is. */\n";

/** Breaches in small made-up sources; a file's opening comment is put before its text. */
function check(files: Record<string, string>, exceptions: readonly Exception[] = []): string[] {
  const sources = Object.entries(files).map(([file, text]) => [`src/${file}`, clean + text] as const);
  return violations(new Map(sources), exceptions);
}

test("imports from its own layer and from the left pass", () => {
  assert.equal(
    check({
      "errors.ts": "",
      "bytes/reader.ts": `import { PeerError } from "../errors.ts";`,
      "mechanism/mechanism.ts": `import type { Reader } from "../bytes/reader.ts";`,
      "mechanism/qzmq/client.ts": `import type { Mechanism } from "../mechanism.ts";`,
      "net/tcp.ts": `import * as net from "node:net"; setTimeout(() => net, Date.now());`,
      "options.ts": "",
      "socket.ts": `import { options } from "./options.ts"; import { tcp } from "./net/tcp.ts";`,
      "index.ts": `export * from "./socket.ts";`,
    }),
    [],
  );
});

test("an import from the right is found, in whatever form", () => {
  const right = { "engine/engine.ts": "" };
  for (const line of [
    `import { Engine } from "../engine/engine.ts";`,
    `import type { Engine } from "../engine/engine.ts";`,
    `import "../engine/engine.ts";`,
    `export * from "../engine/engine.ts";`,
    `export type { Engine } from "../engine/engine.ts";`,
    `const engine = await import("../engine/engine.ts");`,
    `type Engine = import("../engine/engine.ts").Engine;`,
    `import {\n  Engine,\n} from "../engine/engine.ts";`,
  ]) {
    assert.equal(
      check({ ...right, "wire/frame.ts": line }),
      [`src/wire/frame.ts: of layer "wire" imports src/engine/engine.ts of layer "engine"`],
      line,
    );
  }
  assert.is(check({ "errors.ts": `import "./options.ts";`, "options.ts": "" }).length, 1);
  assert.is(check({ "socket.ts": `import "./index.ts";`, "index.ts": "" }).length, 1);
  assert.is(check({ "net/tcp.ts": `import "../socket.ts";`, "socket.ts": "" }).length, 1);
});

test("an import in a comment or a string is none", () => {
  const text = `// import "../engine/engine.ts";\nconst s = 'import "../engine/engine.ts"';`;
  assert.equal(check({ "engine/engine.ts": "", "wire/frame.ts": text }), []);
});

test("a file outside the known folders, and an import of no file, are found", () => {
  assert.equal(check({ "misc/x.ts": "" }), ["src/misc/x.ts: lies in no known layer"]);
  assert.is(check({ "wire/frame.ts": `import "./gone.ts";` }).length, 1);
  assert.is(check({ "wire/frame.ts": `import "../../test/support/within.ts";` }).length, 1);
});

test("a cycle is found, type-only imports included", () => {
  assert.equal(
    check({
      "wire/a.ts": `import "./b.ts";`,
      "wire/b.ts": `import type { C } from "./c.ts";`,
      "wire/c.ts": `import "./a.ts";`,
    }),
    ["src/wire/a.ts: import cycle src/wire/a.ts -> src/wire/b.ts -> src/wire/c.ts -> src/wire/a.ts"],
  );
});

test("only crypto/ imports cryptography, and no one another package", () => {
  assert.equal(check({ "crypto/node.ts": `import "node:crypto"; import "@noble/hashes/sha2.js";` }), []);
  assert.is(check({ "mechanism/curve/client.ts": `import "@noble/curves/ed25519.js";` }).length, 1);
  assert.is(check({ "bytes/constant-time.ts": `import { timingSafeEqual } from "node:crypto";` }).length, 1);
  assert.is(check({ "engine/engine.ts": "crypto.getRandomValues(new Uint8Array(8));" }).length, 1);
  assert.equal(check({ "mechanism/door.ts": "export const f = (crypto: Provider) => crypto.hash;" }), []);
  assert.is(check({ "crypto/node.ts": `import "lodash";` }).length, 1);
  assert.is(check({ "net/tcp.ts": `import "net";` }).length, 1);
  assert.is(check({ "net/tcp.ts": "await import(name);" }).length, 1);
});

test("only net/ reaches the network, the clock and timers", () => {
  for (const text of [
    `import "node:net";`,
    `import { setTimeout as sleep } from "node:timers/promises";`,
    `import type { Socket } from "node:net";`,
    "setTimeout(() => {}, 1);",
    "globalThis.setInterval(() => {}, 1);",
    "const later = { setImmediate };",
    "const t = Date.now();",
    "const clock = Date.now;",
    "const t = performance.now();",
    "const d = new Date();",
    "const r = Math.random();",
    "process.nextTick(() => {});",
    "queueMicrotask(() => {});",
  ]) {
    assert.is(check({ "engine/engine.ts": text }).length, 1, text);
    assert.is(check({ "socket.ts": text }).length, 1, text);
    assert.equal(check({ "net/tcp.ts": text }), [], text);
  }
  assert.equal(check({ "engine/engine.ts": "timers.setTimeout(1); const o = { setTimeout: 1 };" }), []);
});

test("an exception excuses its own file and name only, and must be needed", () => {
  const excuse = { file: "src/socket.ts", name: "queueMicrotask", reason: "for this test" };
  const text = "queueMicrotask(() => {});";
  assert.equal(check({ "socket.ts": text }, [excuse]), []);
  assert.is(check({ "socket.ts": `${text} setTimeout(f, 1);` }, [excuse]).length, 1);
  assert.is(check({ "socket.ts": text, "context.ts": text }, [excuse]).length, 1);
  assert.equal(check({ "socket.ts": "" }, [excuse]), [
    "src/socket.ts: exception for queueMicrotask is not needed",
  ]);
});

test("mutable state at module level is found, constants and locals are not", () => {
  for (const text of [
    "let count = 0;",
    "export let count = 0;",
    "var count = 0;",
    "const names = new Map<string, number>();",
    "const cache: string[] = [];",
    "const cache: Record<string, number> = {};",
  ]) {
    assert.is(check({ "pipe/pipe.ts": text }).length, 1, text);
  }
  assert.equal(
    check({
      "pipe/pipe.ts": `const N = new Map([["a", 1]]); const A = [1]; function f() { let x = 0; return x; }`,
    }),
    [],
  );
});

test("a file that is too long, or that does not say what it is, is found", () => {
  assert.equal(check({ "pipe/pipe.ts": "//\n".repeat(399) }), []);
  assert.equal(check({ "pipe/pipe.ts": "//\n".repeat(400) }), [
    "src/pipe/pipe.ts: has 401 lines, more than 400",
  ]);
  assert.is(violations(new Map([["src/pipe/pipe.ts", "export const x = 1;\n"]])).length, 1);
});

const isNoble = (name: string) => name.startsWith("@noble/");

test("plain sockets come without QZMQ and its cryptography, the main entry with them", () => {
  const sources = filesOf("src");
  const sockets = loadedWith("src/sockets.ts", sources);
  assert.ok(sockets.includes("src/net/session.ts"));
  assert.equal(
    sockets.filter((name) => isNoble(name) || name.startsWith("src/mechanism/qzmq/")),
    [],
  );
  assert.ok(loadedWith("src/index.ts", sources).some(isNoble));
});

test("the program comes with what finds a command; each command with what it needs itself", () => {
  const sources = filesOf("src");
  assert.equal(
    loadedWith("src/cli/main.ts", sources).filter((name) => sources.has(name)),
    [
      ...["args", "commands", "fault", "help", "main", "output", "print"].map((name) => `src/cli/${name}.ts`),
      "src/config/suggestion.ts",
      "src/observe/visible.ts",
    ],
  );
  for (const name of ["talk", "proxy", "status"]) {
    assert.equal(loadedWith(`src/cli/${name}.ts`, sources).filter(isNoble), [], name);
  }
  assert.not.ok(loadedWith("src/cli/status.ts", sources).includes("src/sockets.ts"));
  assert.ok(loadedWith("src/cli/keygen.ts", sources).some(isNoble));
});

test("loading follows imports and re-exports, not those of types and not those on demand", () => {
  const sources = new Map([
    [
      "src/a.ts",
      `import { b } from "./b/b.ts"; import type { T } from "./t.ts"; await import("./later.ts");`,
    ],
    ["src/b/b.ts", `export * from "../c.ts"; export type { T } from "../t.ts"; import "node:net";`],
    ["src/c.ts", `import { type T, a } from "./a.ts"; import d from "@noble/d";`],
  ]);
  assert.equal(loadedWith("src/a.ts", sources), [
    "@noble/d",
    "node:net",
    "src/a.ts",
    "src/b/b.ts",
    "src/c.ts",
  ]);
});

test.run();
