/** The key-log file: two switches, a warning, and a file that is its owner's alone. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KEY_LOG_VARIABLE, keyLogOfEnvironment } from "../../src/net/key-log-file.ts";
import { readKeyLog } from "../support/key-log-reader.ts";
import { within } from "../support/within.ts";

const folder = mkdtempSync(join(tmpdir(), "qzmq-key-log-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const freshPath = () => join(folder, `${++files}`);

const RANDOM = new Uint8Array(32).fill(0xa5);
const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);

test.after.each(() => {
  delete process.env[KEY_LOG_VARIABLE];
});

/** The next process warning of that code. */
function warning(code: string): Promise<Error> {
  const come = new Promise<Error>((resolve) => {
    const listen = (warned: Error & { code?: string }) => {
      if (warned.code !== code) return;
      process.off("warning", listen);
      resolve(warned);
    };
    process.on("warning", listen);
  });
  return within(10_000, come, `the warning ${code}`);
}

function named(path: string): ReturnType<typeof keyLogOfEnvironment> {
  process.env[KEY_LOG_VARIABLE] = path;
  return keyLogOfEnvironment();
}

function refused(path: string, code: string, text: RegExp): void {
  assert.throws(
    () => named(path),
    (error: Error & { code: string }) => error.code === code && text.test(error.message),
  );
}

test("without the variable it is refused, with a word on the mend", () => {
  for (const value of [undefined, ""]) {
    if (value !== undefined) process.env[KEY_LOG_VARIABLE] = value;
    assert.throws(
      () => keyLogOfEnvironment(),
      /set the environment variable QZMQKEYLOGFILE .* or leave keyLog out/,
    );
  }
});

test("the file is made for its owner alone, and warned of", async () => {
  const path = freshPath();
  const warned = warning("QZMQ_KEY_LOG");
  named(path);
  assert.ok((await warned).message.includes(path));
  assert.is(statSync(path).mode & 0o777, 0o600);
});

test("lines are label, random and secret, appended to what is there", () => {
  const path = freshPath();
  writeFileSync(path, "# mine\n", { mode: 0o600 });
  const log = named(path);
  log("c early", 0, RANDOM, SECRET);
  log("c hs", 0, RANDOM, SECRET);
  log("s hs", 0, RANDOM, SECRET);
  log("c ap", 0, RANDOM, SECRET);
  log("s ap", 4_294_967_295, RANDOM, new Uint8Array(48).fill(0x0f));
  const random = "a5".repeat(32);
  const secret = Buffer.from(SECRET).toString("hex");
  assert.is(
    readFileSync(path, "utf8"),
    [
      "# mine",
      `QZMQ_CLIENT_EARLY_TRAFFIC_SECRET ${random} ${secret}`,
      `QZMQ_CLIENT_HANDSHAKE_TRAFFIC_SECRET ${random} ${secret}`,
      `QZMQ_SERVER_HANDSHAKE_TRAFFIC_SECRET ${random} ${secret}`,
      `QZMQ_CLIENT_TRAFFIC_SECRET_0 ${random} ${secret}`,
      `QZMQ_SERVER_TRAFFIC_SECRET_4294967295 ${random} ${"0f".repeat(48)}`,
      "",
    ].join("\n"),
  );
  assert.is(readKeyLog(readFileSync(path, "utf8").replace("# mine\n", "")).size, 5);
});

test("what is not a plain file of our own is refused", () => {
  const target = freshPath();
  const link = freshPath();
  symlinkSync(target, link);
  refused(link, "EINVAL", /is a symbolic link/);
  assert.not(existsSync(target));
  refused(folder, "EINVAL", /cannot be opened \(EISDIR\)/);
  refused(join(folder, "none", "such"), "EINVAL", /cannot be opened \(ENOENT\)/);
  refused("/dev/null", "EINVAL", /is not a regular file/);

  const open = freshPath();
  writeFileSync(open, "");
  for (const mode of [0o644, 0o620, 0o602]) {
    chmodSync(open, mode);
    refused(open, "EACCES", /has mode 06\d\d, and must be its owner's alone/);
  }
  chmodSync(open, 0o600);
  const second = freshPath();
  linkSync(open, second);
  refused(second, "EINVAL", /has another name/);
  assert.is(readFileSync(open, "utf8"), "");
});

test("a FIFO is refused without waiting for its reader", () => {
  const path = freshPath();
  const { status } = spawnSync("mkfifo", ["-m", "600", path]);
  if (status !== 0) return console.log("skipped: there is no mkfifo");
  refused(path, "EINVAL", /cannot be opened \(ENXIO\)/);
});

test("a file of somebody else's is refused", () => {
  if (process.getuid?.() !== 0) return console.log("skipped: only root can give a file away");
  const path = freshPath();
  writeFileSync(path, "", { mode: 0o600 });
  spawnSync("chown", ["12345", path]);
  refused(path, "EACCES", /belongs to user 12345/);
});

test("a file that becomes unfit ends the log with a warning, and nothing is thrown", async () => {
  const path = freshPath();
  const log = named(path);
  log("c hs", 0, RANDOM, SECRET);
  rmSync(path);
  const target = freshPath();
  symlinkSync(target, path);
  const warned = warning("QZMQ_KEY_LOG_STOPPED");
  log("s hs", 0, RANDOM, SECRET);
  assert.match((await warned).message, /is a symbolic link/);
  assert.not(existsSync(target));
  // It does not begin again by itself.
  rmSync(path);
  log("s hs", 0, RANDOM, SECRET);
  assert.not(existsSync(path));
});

test("a log that was moved away goes on in a new file of the same mode", () => {
  mkdirSync(join(folder, "moved"));
  const path = join(folder, "moved", "log");
  const log = named(path);
  rmSync(path);
  log("c hs", 0, RANDOM, SECRET);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.is(readKeyLog(readFileSync(path, "utf8")).size, 1);
});

test.run();
