/** The package as a user gets it: packed, installed into an empty folder, imported, type-checked, and sending. */
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const packaging = suite("package");
const root = join(import.meta.dirname, "../../..");
let workspace = "";
let packed: string[] = [];

/** Runs a program to its end and gives what it printed; rejects with its output when it fails or takes too long. */
async function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, env, timeout: 100_000 });
    return stdout;
  } catch (error) {
    const { message, stdout } = error as Error & { stdout: string };
    throw new Error(`${message}\n${stdout}`, { cause: error });
  }
}

packaging.before(async () => {
  workspace = mkdtempSync(join(tmpdir(), "qzmq-package-"));
  // No scripts: `prepack` would rebuild dist/ under the tests that run from it.
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", workspace];
  const [tarball] = JSON.parse(await run(root, "npm", ...pack)) as [
    { filename: string; files: { path: string }[] },
  ];
  packed = tarball.files.map(({ path }) => path);

  const user = join(workspace, "user");
  mkdirSync(user);
  writeFileSync(join(user, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  const install = ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  await run(user, "npm", ...install, join(workspace, tarball.filename));
});

packaging.after(() => {
  rmSync(workspace, { recursive: true, force: true });
});

/** Every file of the user's node_modules, by its path in there. */
function installed(): string[] {
  const names = readdirSync(join(workspace, "user/node_modules"), { recursive: true, encoding: "utf8" });
  return names.map((name) => name.replaceAll("\\", "/"));
}

function manifests(): {
  name: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
}[] {
  return installed()
    .filter((name) => /^(@[^/]+\/)?[^/]+\/package\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(join(workspace, "user/node_modules", name), "utf8")));
}

packaging("holds the compiled sources, the licence and the documents, and nothing else", () => {
  for (const name of ["LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md", "dist/src/index.js"]) {
    assert.ok(packed.includes(name), `${name} is not packed`);
  }
  // The vectors, 6 MB, are for implementers, who read the repository.
  const foreign = packed.filter(
    (path) =>
      /^spec\/vectors\/.*\.json$/.test(path) ||
      !/^(dist\/src|spec)\/|^(LICENSE|README\.md|CHANGELOG\.md|SECURITY\.md|package\.json)$/.test(path),
  );
  assert.equal(foreign, []);
  const left = packed
    .filter((path) => path.startsWith("dist/src/") && path.endsWith(".js"))
    .filter((path) => !existsSync(join(root, path.replace(/^dist\//, "").replace(/\.js$/, ".ts"))));
  assert.equal(left, [], "left behind in dist/ by an earlier build: run `make clean`");
});

packaging("installs the dependencies it names and no more", () => {
  const all = manifests();
  const own = all.find(({ name }) => name === "qzmq");
  const names = all.map(({ name }) => name).sort();
  assert.equal(names, ["qzmq", ...Object.keys(own?.dependencies ?? {})].sort());
  for (const [name, version] of Object.entries(own?.dependencies ?? {})) {
    assert.match(version, /^\d+\.\d+\.\d+$/, `${name} has no exact version`);
  }
});

packaging("runs nothing at install time and holds nothing native", () => {
  for (const { name, scripts = {} } of manifests()) {
    for (const hook of ["preinstall", "install", "postinstall"]) {
      assert.not.ok(hook in scripts, `${name} has a script "${hook}"`);
    }
  }
  const native = installed().filter((name) => /\.(node|wasm|so|dll|dylib)$|(^|\/)binding\.gyp$/.test(name));
  assert.equal(native, []);
});

packaging("sends a message over tcp", async () => {
  const script = `
    import { Pull, Push } from "qzmq";
    const pull = new Pull();
    const push = new Push();
    await pull.bind("tcp://127.0.0.1:*");
    push.connect(pull.lastEndpoint);
    await push.send("over tcp");
    const [message] = await pull.receive();
    console.log(message.toString());
    push.close();
    pull.close();
  `;
  writeFileSync(join(workspace, "user/send.js"), script);
  // The program must also end by itself: `run` fails when a socket keeps it alive.
  assert.is(await run(join(workspace, "user"), process.execPath, "send.js"), "over tcp\n");
});

packaging("its types hold for a strict user, in both ways of resolving modules", async () => {
  const source = `
    import { Pull, Push } from "qzmq";
    const push: Push = new Push();
    await push.send(["a", new Uint8Array(1)]);
    for await (const [message] of new Pull()) {
      const bytes: Uint8Array | undefined = message;
      console.log(bytes);
    }
    // @ts-expect-error: a message must be present
    await push.send(undefined);
  `;
  const user = join(workspace, "user");
  writeFileSync(join(user, "types.ts"), source);
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const types = ["--typeRoots", join(root, "node_modules/@types"), "--types", "node"];
  const strict = ["--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--noEmit"];
  for (const [module, resolution] of [
    ["NodeNext", "NodeNext"],
    ["ESNext", "Bundler"],
  ] as const) {
    const settings = ["--target", "ES2022", "--lib", "ES2023,ESNext.Disposable", "--module", module];
    await run(
      user,
      process.execPath,
      ...[tsc, ...strict, ...settings, "--moduleResolution", resolution, ...types, "types.ts"],
    );
  }
});

packaging.run();
