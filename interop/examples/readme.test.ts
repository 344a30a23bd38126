/** The README's code is the code of this folder, and it runs. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { firstLine } from "../../test/support/first-line.ts";
import { freePort } from "../../test/support/free-port.ts";
import { within } from "../../test/support/within.ts";

const compiled = dirname(fileURLToPath(import.meta.url));
const root = resolve(compiled, "../../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const examples = suite("README");
const children: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), "qzmq-readme-"));

examples.after.each(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
examples.after(() => rmSync(folder, { recursive: true }));

/** Starts an example, its fixed port replaced by `port`, with `folder` for its files. */
function start(name: string, port: number): ChildProcess {
  const code = readFileSync(join(compiled, `${name}.js`), "utf8").replace(
    /127\.0\.0\.1:\d+/,
    `127.0.0.1:${port}`,
  );
  writeFileSync(join(folder, `${name}.mjs`), code);
  const child = spawn(process.execPath, [`${name}.mjs`], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

const PAIRS = [
  ["push", "pull", "doing task 1"],
  ["publisher", "subscriber", "weather: sunny"],
  ["reply", "request", "twice 4 is 8"],
  ["secure-server", "secure-client", "hello world"],
] as const;

examples.before(() => {
  // The examples import the package by its name, as a user does.
  execFileSync("mkdir", ["-p", join(folder, "node_modules")]);
  symlinkSync(root, join(folder, "node_modules/qzmq"));
  const commands = [...readme.matchAll(/^npx qzmq ((?:cert|keygen) .+)$/gm)].map((match) => match[1]!);
  assert.ok(commands.length >= 5, "the README shows how keys and certificates are made");
  for (const command of commands) {
    execFileSync(process.execPath, [join(root, "dist/src/cli/main.js"), ...command.split(" ")], {
      cwd: folder,
    });
  }
});

for (const [server, client, expected] of PAIRS) {
  examples(`shows ${server}.ts and ${client}.ts as they are`, () => {
    for (const name of [server, client]) {
      const source = readFileSync(join(root, `interop/examples/${name}.ts`), "utf8");
      assert.ok(readme.includes(`\`\`\`ts\n${source}\`\`\``), `README.md holds interop/examples/${name}.ts`);
    }
  });

  examples(`${server} and ${client} do what it says`, async () => {
    const port = await freePort();
    start(server, port);
    const said = firstLine(start(client, port), client);
    assert.is(await within(20_000, said, `${client} says something`), expected);
  });
}

examples.run();
