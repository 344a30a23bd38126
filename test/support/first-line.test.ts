/** The first line of a child process, or why there is none. */
import { type ChildProcess, spawn } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { firstLine } from "./first-line.ts";
import { within } from "./within.ts";

function running(program: string): ChildProcess {
  return spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "ignore"] });
}

/** Far less than a process that waits in vain would be given, and ample for one to start and end. */
const said = (child: ChildProcess): Promise<string> =>
  within(20_000, firstLine(child, "the child"), "a word");

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `no failure but ${value}`,
    (error: Error) => error.message,
  );
}

test("a process that goes on after its first line", async () => {
  const child = running("console.log('ready'); console.log('more'); setInterval(() => {}, 1000)");
  assert.is(await said(child), "ready");
  child.kill("SIGKILL");
});

test("one that ends right after it, with or without a line feed", async () => {
  assert.is(await said(running("process.stdout.write('ready\\n')")), "ready");
  assert.is(await said(running("process.stdout.write('ready')")), "ready");
});

test("one that ends without a word, by itself or by a signal, and one that cannot be started", async () => {
  assert.is(
    await failure(said(running("process.exit(3)"))),
    "the child ended with 3 before it said anything",
  );
  const child = running("process.kill(process.pid, 'SIGKILL')");
  assert.is(await failure(said(child)), "the child ended with SIGKILL before it said anything");
  assert.match(await failure(said(spawn("/no/such/program"))), /ENOENT/);
});

test.run();
