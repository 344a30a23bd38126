/** Files that a command makes, when it is killed at any step or the system fails at one. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite<{ folder: string }>("files that are made");
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "qzmq-files-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/**
 * Makes the file `a` in `folder` in a process of its own, always of the same number. `change` is code that alters `fs`
 * before. Prints the message of a failure.
 */
function make(folder: string, how: "new" | "replace", change = ""): SpawnSyncReturns<string> {
  const module = new URL("../../src/cli/files.js", import.meta.url).href;
  const file = { path: join(folder, "a"), text: "whole", secrecy: "secret" };
  const script = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const { writeFiles } = await import(${JSON.stringify(module)});
    const { pid } = process;
    Object.defineProperty(process, "pid", { value: 7 });
    ${change}
    syncBuiltinESMExports();
    try {
      writeFiles("--out", [${JSON.stringify(file)}], "${how}");
    } catch (error) {
      console.log(error.message);
    }`;
  const options = { encoding: "utf8", timeout: 60_000 } as const;
  return spawnSync(process.execPath, ["--input-type=module", "-e", script], options);
}

const STEPS = ["openSync", "writeFileSync", "fsyncSync", "closeSync", "linkSync", "renameSync", "rmSync"];

/** The process is killed before the `n`-th of its steps. */
const killedAt = (n: number): string => `
  let left = ${n};
  for (const name of ${JSON.stringify(STEPS)}) {
    const step = fs[name];
    fs[name] = (...args) => {
      if (--left === 0) process.kill(pid, "SIGKILL");
      return step(...args);
    };
  }`;

/** A step fails as the system would fail it. */
const failing = (name: string, code: string): string =>
  `fs.${name} = () => { throw Object.assign(new Error("on purpose"), { code: "${code}" }); };`;

const contentIn = (folder: string): string | undefined =>
  readdirSync(folder).includes("a") ? readFileSync(join(folder, "a"), "utf8") : undefined;

for (const how of ["new", "replace"] as const) {
  test(`${how}: whoever is killed leaves the file whole or as it was, and nothing that is in the way of another`, ({
    folder,
  }) => {
    const before = how === "new" ? undefined : "former";
    for (let n = 1; ; n++) {
      if (before !== undefined) writeFileSync(join(folder, "a"), before);
      const { signal, status, stderr } = make(folder, how, killedAt(n));
      if (status === 0) {
        assert.ok(n > 5, `only ${n} steps`);
        break;
      }
      assert.is(signal, "SIGKILL", stderr);
      const found = contentIn(folder);
      assert.ok(found === before || found === "whole", `step ${n}: ${found}`);
      const left = readdirSync(folder).filter((name) => name !== "a");
      const { stdout } = make(folder, how);
      if (how === "new" && found === "whole") assert.match(stdout, /exists already/);
      else assert.is(stdout, "");
      assert.is(contentIn(folder), "whole");
      assert.equal(
        readdirSync(folder).filter((name) => name !== "a"),
        left,
        "the second one left something of its own",
      );
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
    }
    assert.equal([contentIn(folder), readdirSync(folder)], ["whole", ["a"]]);
  });
}

test("where there are no links the file is made all the same, and replaces none", ({ folder }) => {
  const noLinks = failing("linkSync", "EPERM");
  assert.is(make(folder, "new", noLinks).stdout, "");
  assert.is(contentIn(folder), "whole");
  writeFileSync(join(folder, "a"), "other");
  assert.match(make(folder, "new", noLinks).stdout, /exists already/);
  assert.is(contentIn(folder), "other");
  assert.equal(readdirSync(folder), ["a"]);
});

test("a failure leaves nothing", ({ folder }) => {
  const noLinks = failing("linkSync", "EPERM");
  for (const change of [
    failing("writeFileSync", "ENOSPC"),
    failing("fsyncSync", "EIO"),
    noLinks + failing("renameSync", "EIO"),
  ]) {
    assert.match(make(folder, "new", change).stdout, /^--out .*a: /);
    assert.equal(readdirSync(folder), [], change);
  }
});

test.run();
