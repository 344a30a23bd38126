/**
 * The way of a newcomer, by the README alone: from `npm install` into an empty folder to a secured link. The commands and
 * the programs are taken out of README.md as they stand; only ports are changed, since those may be in use here.
 * What the package holds and what its types are is tested in test/tooling/package.test.ts.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort, freeTcp } from "../../test/support/free-port.ts";
import { within } from "../../test/support/within.ts";
import { type Registry, startRegistry } from "./registry.ts";

const LIMIT = 100_000;
const root = resolve(import.meta.dirname, "../../..");
const readme = suite("README, from an empty folder");
const workspace = realpathSync(mkdtempSync(join(tmpdir(), "qzmq-newcomer-")));
const folder = join(workspace, "empty");
const running: ChildProcess[] = [];
let registry: Registry;
/** The README with free ports in place of its own. */
let text = "";

/** Nothing of this process's surroundings that a newcomer has not. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_)/i.test(name));
  return {
    ...Object.fromEntries(kept),
    npm_config_registry: registry.url,
    npm_config_cache: join(workspace, "cache"),
    npm_config_update_notifier: "false",
    npm_config_audit: "false",
    npm_config_fund: "false",
  };
}

/** Runs a shell script to its end; what it printed. Rejects with all of that when it fails. */
async function shell(script: string): Promise<string> {
  try {
    const options = { cwd: folder, env: environment(), timeout: LIMIT };
    return (await promisify(execFile)("sh", ["-e", "-c", script], options)).stdout;
  } catch (error) {
    const { message, stdout, stderr } = error as Error & { stdout: string; stderr: string };
    throw new Error(`${message}\n${stdout}\n${stderr}`, { cause: error });
  }
}

/** Starts a shell script in a process group of its own, which is ended after the test. */
function start(script: string): ChildProcess {
  const child = spawn("sh", ["-c", script], {
    ...{ cwd: folder, env: environment(), detached: true },
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.push(child);
  return child;
}

/** Everything printed, once it holds `expected`. */
async function prints(child: ChildProcess, expected: string): Promise<void> {
  let said = "";
  const seen = (async () => {
    for await (const piece of child.stdout!) {
      said += piece;
      if (said.includes(expected)) return;
    }
    throw new Error(`it ended without "${expected}"; it said: ${said}`);
  })();
  await within(LIMIT, seen, `"${expected}" is printed`);
}

/** The part of the README under a heading. */
function section(heading: string): string {
  const [, rest] = text.split(`\n## ${heading}\n`);
  assert.ok(rest, `README.md has a section "${heading}"`);
  return rest.split("\n## ")[0]!;
}

/** The code blocks of a section in a language, each with the line of text before it. */
function blocks(part: string, language: string): { readonly before: string; readonly code: string }[] {
  const pattern = new RegExp(`([^\\n]*)\\n\\n\`\`\`${language}\\n(.*?)\`\`\``, "gs");
  return [...part.matchAll(pattern)].map(([, before, code]) => ({ before: before!, code: code! }));
}

readme.before(async () => {
  mkdirSync(folder);
  registry = await startRegistry(root, workspace);
  text = readFileSync(join(root, "README.md"), "utf8");
  for (const port of new Set(text.match(/(?<=127\.0\.0\.1:)\d+/g))) {
    text = text.replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${await freePort()}`);
  }
});

readme.after.each(() => {
  for (const { pid } of running.splice(0)) {
    try {
      process.kill(-pid!, "SIGKILL");
    } catch (error) {
      // It had ended already.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
});

readme.after(() => {
  registry.close();
  rmSync(workspace, { recursive: true, force: true });
});

readme("the commands install the package and make keys and certificates", async () => {
  const [setUp] = blocks(section("Post-quantum security"), "sh");
  assert.match(setUp!.code, /^npm install qzmq\n/);
  await shell(setUp!.code);
  for (const name of ["ca.key", "ca.crt", "server.key", "server.crt", "client.key", "client.crt"]) {
    assert.ok(readFileSync(join(folder, name), "utf8").includes("-----BEGIN QZMQ"), name);
  }
  // npm looks at optional peers too, and does without.
  const others = registry.missed.filter((path) => path !== "/prom-client");
  assert.equal(others, [], "nothing else is asked of the registry");
});

readme("npx runs the installed command", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  assert.match(await shell("npx --no-install qzmq version"), version);
  assert.is(
    realpathSync(join(folder, "node_modules/.bin/qzmq")),
    join(folder, "node_modules/qzmq/dist/lib/cli.js"),
  );
});

readme("four packages came with it, and no other", async () => {
  interface Tree {
    /** Absent where an optional peer could be. */
    readonly version?: string;
    readonly dependencies?: Readonly<Record<string, Tree>>;
  }
  const names = ({ dependencies = {} }: Tree): string[] =>
    Object.entries(dependencies).flatMap(([name, tree]) =>
      tree.version === undefined ? [] : [name, ...names(tree)],
    );
  const listed = new Set(names(JSON.parse(await shell("npm ls --all --json")) as Tree));
  assert.equal([...listed].sort(), [
    "@noble/ciphers",
    "@noble/curves",
    "@noble/hashes",
    "@noble/post-quantum",
    "qzmq",
  ]);
});

readme("the two programs talk over the secured link", async () => {
  const part = section("Post-quantum security");
  for (const { before, code } of blocks(part, "ts")) {
    const [name] = /(?<=`)\w+\.mjs(?=`)/.exec(before) ?? [];
    assert.ok(name, `the README says where this goes: ${code.slice(0, 60)}`);
    writeFileSync(join(folder, name), code);
  }
  const commands = blocks(part, "sh").at(-1)!.code.trim().split("\n");
  const [server, client] = commands.map((line) => line.split(/\s+# /)) as [string[], string[]];
  const serving = start(server[0]!);
  const printed = prints(serving, server[1]!);
  // Not awaited in turn: the client waits for its server, in whatever order they start.
  assert.is(await shell(client[0]!), `${client[1]}\n`, "and the client ends by itself");
  await printed;
});

readme("the programs are correct TypeScript", async () => {
  const names = blocks(section("Post-quantum security"), "ts").map(({ code }, i) => {
    writeFileSync(join(folder, `program${i}.mts`), code);
    return `program${i}.mts`;
  });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const types = `--typeRoots ${join(root, "node_modules/@types")} --types node`;
  const strict = "--strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --noEmit";
  const modules = "--target ES2022 --lib ES2023,ESNext.Disposable --module NodeNext";
  await shell(`node ${tsc} ${strict} ${modules} ${types} ${names.join(" ")}`);
});

readme("the package can be required", async () => {
  const script = `const { qzmq, Reply } = require("qzmq"); console.log(typeof Reply, qzmq.version)`;
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  assert.is(await shell(`node --no-warnings -e '${script}'`), `function ${version}\n`);
});

readme("the two tunnels carry what plain programs say", async () => {
  const part = section("The tunnel");
  const [server, client] = blocks(part, "yaml").map(({ code }) => code) as [string, string];
  // Both stand on this machine, so the programs' ports differ, and each status server takes any that is free.
  const plain = /(?<=connect: )tcp:[^,}]+/.exec(server)![0];
  const [near, secured] = [await freeTcp(), await freeTcp()];
  const status = "status: {port: 0}\n";
  writeFileSync(join(folder, "server.yaml"), status + server.replace(/tcp:\S+:6000/, secured));
  writeFileSync(
    join(folder, "client.yaml"),
    status + client.replace(plain, near).replace(/tcp:[^,]+:6000/, secured),
  );
  const [install, check, run] = blocks(part, "sh")[0]!.code.trim().split("\n") as [string, string, string];
  await shell(install);
  for (const name of ["server", "client"]) {
    assert.match(await shell(check.replace("server", name)), `${name}.yaml`);
    start(run.replace("server", name));
  }
  start(`npx qzmq rep --bind ${plain} --echo`);
  assert.is(await shell(`echo hello | npx qzmq req --connect ${near}`), "hello\n");
});

readme("the command talks as the README shows it", async () => {
  const [script] = blocks(section("The `qzmq` command"), "");
  const [serve, ask] = script!.code.trim().split("\n") as [string, string];
  start(serve.replace(/ &$/, ""));
  assert.is(await shell(ask), "hello\n");
});

readme.run();
