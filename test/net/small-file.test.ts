/** Files of which never more is read than was asked for, and that never make the reader wait. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readSmallFile } from "../../src/net/small-file.ts";

const test = suite<{ at: (name: string) => string; folder: string }>("small files");
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "qzmq-small-"));
  context.at = (name) => join(context.folder, name);
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

const refuses = (path: string, limit: number, says: RegExp) =>
  assert.throws(
    () => readSmallFile(path, limit),
    (error: unknown) => error instanceof RangeError && says.test(error.message),
  );

test("a file of up to the limit is read whole, also over a symbolic link", ({ at }) => {
  symlinkSync(at("f"), at("link"));
  for (const length of [0, 1, 9, 10]) {
    const octets = Uint8Array.from({ length }, (_, i) => i);
    writeFileSync(at("f"), octets);
    assert.equal([...readSmallFile(at("f"), 10)], [...octets]);
    assert.equal([...readSmallFile(at("link"), 10)], [...octets]);
  }
  writeFileSync(at("f"), "x".repeat(11));
  refuses(at("f"), 10, /^is longer than 10 octets$/);
});

test("a file that is longer than it says is not read beyond the limit", () => {
  // The kernel says 0 of these.
  const path = "/proc/self/maps";
  if (!existsSync(path)) return console.log("skipped: there is no /proc");
  assert.is(statSync(path).size, 0);
  refuses(path, 100, /^is longer than 100 octets$/);
  assert.ok(readSmallFile("/proc/version", 100_000).length === readFileSync("/proc/version").length);
});

test("folders, devices and FIFOs are refused, and nobody waits for their writer", ({ folder, at }) => {
  refuses(folder, 10, /^is a folder, not a regular file$/);
  refuses("/dev/zero", 10, /^is not a regular file$/);
  if (spawnSync("mkfifo", [at("fifo")]).status !== 0) return console.log("skipped: there is no mkfifo");
  refuses(at("fifo"), 10, /^is not a regular file$/);
});

test("what is checked is the open file; the system's errors go through", ({ at }) => {
  writeFileSync(at("f"), "x", { mode: 0o640 });
  const check = ({ mode }: { readonly mode: number }) => {
    throw new Error((mode & 0o777).toString(8));
  };
  assert.throws(() => readSmallFile(at("f"), 10, check), /^640$/);
  assert.throws(
    () => readSmallFile(at("none"), 10),
    (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT",
  );
});

test.run();
