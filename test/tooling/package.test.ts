/** The package as a user gets it: packed, installed into an empty folder, imported, type-checked, and sending. */
import { execFile } from "node:child_process";
import {
  cpSync,
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
import ts from "typescript";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const packaging = suite("package");
const root = join(import.meta.dirname, "../../..");
let workspace = "";
let packed: string[] = [];

/** Runs a script of a user's in a folder under the workspace; what it printed. It must also end by itself. */
function runScript(folder: string, script: string, ...flags: string[]): Promise<string> {
  writeFileSync(join(workspace, folder, "script.js"), script);
  return run(join(workspace, folder), process.execPath, ...flags, "script.js");
}

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
  for (const name of ["LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md", "dist/lib/index.js"]) {
    assert.ok(packed.includes(name), `${name} is not packed`);
  }
  // The vectors, 6 MB, are for implementers, who read the repository.
  const foreign = packed.filter(
    (path) =>
      /^spec\/vectors\/.*\.json$/.test(path) ||
      !/^dist\/lib\/[^/]+\.js(\.map)?$|^dist\/src\/.+\.d\.ts$|^spec\/|^(LICENSE|README\.md|CHANGELOG\.md|SECURITY\.md|package\.json)$/.test(
        path,
      ),
  );
  assert.equal(foreign, []);
  const left = packed
    .filter((path) => path.startsWith("dist/src/"))
    .filter((path) => !existsSync(join(root, path.replace(/^dist\//, "").replace(/\.d\.ts$/, ".ts"))));
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

/** Sends a message over tcp with the sockets of an entry. */
const sending = (entry: string) => `
  import { Pull, Push } from "${entry}";
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

packaging("sends a message over tcp, with either entry", async () => {
  for (const entry of ["qzmq", "qzmq/sockets"])
    assert.is(await runScript("user", sending(entry)), "over tcp\n");
});

packaging(
  "secures a connection, with a signature made in a thread, also for a socket of the other entry",
  async () => {
    const script = `
    import { qzmq, Reply } from "qzmq";
    import { Request } from "qzmq/sockets";
    const identity = await qzmq.generateIdentity("ML-DSA-44", { worker: true });
    const reply = new Reply({ security: qzmq.server({ identity }) });
    const pins = [qzmq.pinOf(identity)];
    const security = qzmq.client({ trust: { pins } });
    const request = new Request({ security });
    await reply.bind("tcp://127.0.0.1:*");
    request.connect(reply.lastEndpoint);
    await request.send("secured");
    await reply.send(await reply.receive());
    console.log(String(await request.receive()), security.connections[0].facts.signature);
    request.close();
    reply.close();
    await identity.signer.dispose();
  `;
    assert.is(await runScript("user", script), "secured ML-DSA-44\n");
  },
);

packaging("both entries have the same names and classes, but for qzmq", async () => {
  const script = `
    import * as main from "qzmq";
    import * as sockets from "qzmq/sockets";
    const { qzmq, ...rest } = main;
    const names = Object.keys(sockets);
    console.log(
      Object.prototype.toString.call(qzmq), names.join() === Object.keys(rest).join() && names.every((name) => rest[name] === sockets[name]),
    );
  `;
  assert.is(await runScript("user", script), "[object Module] true\n");
});

packaging("plain sockets and their commands do without cryptography, which others load", async () => {
  const bare = join(workspace, "bare/node_modules/qzmq");
  cpSync(join(workspace, "user/node_modules/qzmq"), bare, { recursive: true });
  writeFileSync(join(workspace, "bare/package.json"), JSON.stringify({ private: true, type: "module" }));
  assert.is(await runScript("bare", sending("qzmq/sockets")), "over tcp\n");
  const command = (...args: string[]) => run(bare, process.execPath, "dist/lib/cli.js", ...args);
  for (const name of ["push", "pull", "status", "proxy"]) {
    assert.match(await command(name, "--help"), new RegExp(`^qzmq ${name}: `));
  }
  assert.match(await command("help"), /^qzmq: /);
  const missing = async (running: Promise<unknown>) => {
    await running.then(
      () => assert.unreachable("it runs without @noble"),
      (error: Error) => assert.match(error.message, /Cannot find package '@noble\//),
    );
  };
  await missing(runScript("bare", sending("qzmq")));
  await missing(command("version"));
});

packaging("the command makes a key, and says which version it is", async () => {
  const user = join(workspace, "user");
  const command = (...args: string[]) => run(user, join(user, "node_modules/.bin/qzmq"), ...args);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  assert.is(JSON.parse(await command("version", "--json")).qzmq, version);
  await command("keygen", "--out", "own");
  assert.match(await command("cert", "show", "own.pub"), /^own\.pub: public key/);
});

/** The names of the classes in compiled files, "" for one that has none. */
function classNames(files: readonly string[]): Set<string> {
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isClassLike(node)) found.add(node.name?.text ?? "");
    ts.forEachChild(node, visit);
  };
  for (const file of files)
    visit(ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2022));
  return found;
}

packaging("classes have the names that they have in the sources", () => {
  const compiled = (directory: string) =>
    readdirSync(directory, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".js"))
      .map((name) => join(directory, name));
  const expected = classNames(compiled(join(root, "dist/src")));
  assert.ok(expected.has("Push") && expected.has("UsageError"));
  const joined = classNames(compiled(join(workspace, "user/node_modules/qzmq/dist/lib")));
  assert.equal([...joined].sort(), [...expected].sort());
});

packaging(
  "a stack tells functions by their names, and with source maps their places in the sources",
  async () => {
    const script = `
    import { Push } from "qzmq/sockets";
    await new Push().bind("nonsense").catch((error) => console.log(error.constructor.name, error.stack));
  `;
    assert.match(await runScript("user", script), /^UsageError .* at Push\.bind \(.*dist\/lib\/zmtp-/s);
    const mapped = await runScript("user", script, "--enable-source-maps");
    assert.match(mapped, /at Push\.bind \(.*\/src\/socket\.ts:\d+:\d+\)/);
  },
);

packaging("its types hold for a strict user, in both ways of resolving modules", async () => {
  const source = `
    import { Pull, Push, qzmq } from "qzmq";
    import * as sockets from "qzmq/sockets";
    const push: Push = new sockets.Push({ security: qzmq.client({ trust: { pins: ["00"] } }) });
    // @ts-expect-error: the main entry has it
    sockets.qzmq;
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
