// Joins the compiled files of src/ into the few that users get: to find, read and compile two hundred takes longer than
// to run them. They stay as tsc made them, but for imports and exports.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const compiled = (name) => resolve("dist/src", name);

/** A file and all that it imports, save on demand. */
function closure(id, infoOf, found = new Set()) {
  if (!found.has(id)) {
    found.add(id);
    for (const next of infoOf(id).importedIds) closure(next, infoOf, found);
  }
  return found;
}

const common = {
  // What nothing uses is little, and to find it takes long.
  treeshake: false,
  external: /^[^./]/,
  // tsc's source maps, so that those of the joined files lead back to TypeScript.
  plugins: [
    {
      name: "source-maps",
      load: (id) => ({ code: readFileSync(id, "utf8"), map: readFileSync(`${id}.map`, "utf8") }),
    },
  ],
};

const output = {
  // All in one folder: the worker is found by its URL, beside whatever starts it.
  dir: "dist/lib",
  format: "es",
  sourcemap: true,
  // The namespace `qzmq` stays a module to whoever looks at it.
  generatedCode: { symbols: true },
  minifyInternalExports: false,
  hoistTransitiveImports: false,
  chunkFileNames: "[name]-[hash].js",
};

/**
 * By who needs what, so that neither plain sockets nor the options of the command line, which name algorithms, load the
 * cryptography. What else the commands need is cut by rollup.
 */
function chunkOf(id, { getModuleInfo }) {
  const isNeededBy = (...names) => names.some((name) => closure(compiled(name), getModuleInfo).has(id));
  if (isNeededBy("sockets.js")) return "zmtp";
  if (isNeededBy("index.js")) {
    const needs = [...closure(id, getModuleInfo)];
    return needs.some((name) => name.startsWith("@noble/")) ? "qzmq" : "mechanism";
  }
  if (isNeededBy("cli/commands.js", "cli/command.js")) return "command";
  return isNeededBy("cli/security.js", "cli/endpoints.js") ? "options" : undefined;
}

export default [
  {
    ...common,
    input: {
      index: compiled("index.js"),
      sockets: compiled("sockets.js"),
      cli: compiled("cli/main.js"),
    },
    output: { ...output, manualChunks: chunkOf },
  },
  // Apart: a thread shares nothing with the others, and needs the primitives only.
  { ...common, input: { "sign-worker": compiled("net/sign-worker.js") }, output },
];
