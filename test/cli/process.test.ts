/** The command as a process: exit codes, signals, pipes, and what it says of itself. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { abandon } from "../../src/cli/endpoints.ts";
import { Pull, Push, qzmq, type Socket } from "../../src/index.ts";
import { within } from "../support/within.ts";
import { Children } from "./child.ts";
import { call } from "./run.ts";

interface Context {
  folder: string;
  at: (name: string) => string;
  children: Children;
  sockets: Socket[];
}
const test = suite<Context>("the command as a process");
test.before.each((context) => {
  const folder = mkdtempSync(join(tmpdir(), "qzmq-cli-"));
  context.folder = folder;
  context.at = (name) => `ipc://${join(folder, name)}`;
  context.children = new Children();
  context.sockets = [];
});
test.after.each(async ({ folder, children, sockets }) => {
  await children.end();
  for (const socket of sockets) abandon(socket);
  rmSync(folder, { recursive: true });
});

const LIMIT = 20_000;

test("messages pass between processes, with exit code 0", async ({ at, children }) => {
  const pull = children.start(["pull", "--bind", at("s"), "--count", "3"]);
  const push = children.start(["push", "--connect", at("s")]);
  push.process.stdin.end("a\nb\nc\n");
  assert.is(await within(LIMIT, push.end, "push"), 0);
  assert.is(await within(LIMIT, pull.end, "pull"), 0);
  assert.is(pull.out, "a\nb\nc\n");
});

test("exit codes: 1 failed, 2 wrong command line, 3 timeout", async ({ at, children }) => {
  for (const [argv, code] of [
    [["cert", "show", "/nonexistent"], 1],
    [["keygen", "--nonsense"], 2],
    [["pull", "--bind", at("s"), "--timeout", "10"], 3],
    [["version"], 0],
  ] as const) {
    const child = children.start(argv);
    assert.is(await within(LIMIT, child.end, argv.join(" ")), code);
    if (code !== 0) assert.match(child.err, /\n {2}fix: .*\n$/);
  }
});

test("waiting for what a process never printed ends with that process, and says what it did print", async ({
  children,
}) => {
  const child = children.start(["keygen", "--nonsense"]);
  const waited = child.printed(/never/).then(
    () => "",
    (error: Error) => error.message,
  );
  assert.match(
    await within(LIMIT, waited, "a failure"),
    /^ended with 2, never said \/never\/, but: .*--nonsense/s,
  );
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends pull cleanly, and removes its socket`, async ({ folder, at, children }) => {
    const pull = children.start(["pull", "--bind", at("s"), "--verbose"]);
    await within(LIMIT, pull.printed(/bound/), "the bind");
    assert.equal(readdirSync(folder), ["s"]);
    pull.process.kill(signal);
    assert.is(await within(LIMIT, pull.end, "pull"), 0);
    assert.equal(readdirSync(folder), []);
  });
}

test("an interrupt while messages are left is a failure, and a second one ends at once", async ({
  at,
  children,
}) => {
  const push = children.start(["push", "--connect", at("nobody"), "--verbose", "x"]);
  await within(LIMIT, push.printed(/tries again/), "the first attempt");
  push.process.kill("SIGINT");
  assert.is(await within(LIMIT, push.end, "push"), 1);
  assert.match(push.err, /interrupted: messages are left/);

  // Standard input stays open and a message is left: the first interrupt waits a second for a peer.
  const twice = children.start(["push", "--connect", at("nobody"), "--verbose"]);
  twice.process.stdin.write("x\n");
  await within(LIMIT, twice.printed(/tries again/), "the first attempt");
  twice.process.kill("SIGINT");
  setTimeout(() => twice.process.kill("SIGTERM"), 50);
  // The second may come when the wait is over already, on a slow machine.
  assert.ok([130, 1].includes((await within(LIMIT, twice.end, "push")) as number));
});

test("a reader that goes away ends sub and pull without a word", async ({ at, children, sockets }) => {
  const push = new Push({ sendHighWaterMark: 10 });
  sockets.push(push);
  await push.bind(at("s"));
  const pull = children.start(["pull", "--connect", at("s")], { read: false });
  await push.send("first");
  pull.process.stdout.destroy();
  const flood = (async () => {
    for (;;) await push.send(Buffer.alloc(10_000));
  })().catch(() => {});
  assert.is(await within(LIMIT, pull.end, "pull"), 0);
  assert.is(pull.err, "");
  push.linger = 0;
  push.close();
  await flood;
});

test("input that nobody takes waits, and arrives in whole", async ({ at, children, sockets }) => {
  const push = children.start(["push", "--bind", at("s")]);
  const line = `${"x".repeat(999)}\n`;
  const count = 20_000;
  push.process.stdin.end(line.repeat(count));
  const pull = new Pull();
  sockets.push(pull);
  pull.connect(at("s"));
  for (let i = 0; i < count; i++) assert.is((await pull.receive())[0]!.length, 999);
  assert.is(await within(LIMIT, push.end, "push"), 0);
});

test("output that nobody reads holds messages back, and arrives in whole", async ({
  at,
  children,
  sockets,
}) => {
  const push = new Push({ sendHighWaterMark: 100 });
  sockets.push(push);
  await push.bind(at("s"));
  const pull = children.start(["pull", "--connect", at("s"), "--count", "20000"], { read: false });
  let sent = 0;
  const sending = (async () => {
    for (; sent < 20_000; sent++) await push.send(Buffer.alloc(999, "x"));
  })();
  let octets = 0;
  pull.process.stdout.on("data", (data: Buffer) => {
    octets += data.length;
  });
  const closed = new Promise((resolve) => pull.process.once("close", resolve));
  await within(LIMIT, sending, "the sending");
  await within(LIMIT, closed, "pull");
  assert.is(octets, 20_000 * 1000);
});

test("a password comes from a descriptor", async ({ folder, at, children }) => {
  const file = join(folder, "password");
  writeFileSync(file, "pass phrase\r\n");
  const plain = ["--plain-username", "u", "--plain-password-fd", "3"];
  const pull = children.start(["pull", "--bind", at("s"), "--count", "1", "--plain-server", ...plain], {
    fd3: file,
  });
  const push = children.start(["push", "--connect", at("s"), ...plain, "x"], { fd3: file });
  assert.is(await within(LIMIT, push.end, "push"), 0);
  assert.is(await within(LIMIT, pull.end, "pull"), 0);
});

test("a passphrase comes from a descriptor, and opens the key again", async ({ folder, children }) => {
  const file = join(folder, "passphrase");
  writeFileSync(file, "correct horse");
  const base = join(folder, "ca");
  const made = children.start(["cert", "ca", "--out", base, "--name", "root", "--passphrase-fd", "3"], {
    fd3: file,
  });
  assert.is(await within(LIMIT, made.end, "cert ca"), 0, made.err);
  assert.match(readFileSync(`${base}.key`, "utf8"), /PRIVATE KEY/);
  const list = join(folder, "crl");
  const argv = ["cert", "revoke", "--ca", base, "--list", list, "--passphrase-fd", "3"];
  const opened = children.start(argv, { fd3: file });
  assert.is(await within(LIMIT, opened.end, "cert revoke"), 0, opened.err);
  writeFileSync(file, "wrong horse");
  const refused = children.start(argv, { fd3: file });
  assert.is(await within(LIMIT, refused.end, "cert revoke"), 1);
  assert.match(refused.err, /ca\.key: private key: wrong passphrase/);
});

test("version and help", async () => {
  const { out } = await call(["version", "--json"]);
  assert.equal(Object.keys(JSON.parse(out)), ["qzmq", "libzmq", "node", "crypto"]);
  assert.is(JSON.parse(out).qzmq, qzmq.version);
  assert.match((await call(["--version"])).out, /^qzmq +\d/);

  const { out: overview } = await call(["help"]);
  const names = [...overview.matchAll(/^ {2}((?:cert |config )?[a-z]+) {2}/gm)].map((match) => match[1]!);
  assert.is(names.length, 23);
  assert.is((await call(["--help"])).out, overview);
  for (const name of names) {
    const { code, out: text } = await call(["help", ...name.split(" ")]);
    assert.is(code, 0);
    assert.ok(text.startsWith(`qzmq ${name}: `));
    assert.match(text, new RegExp(`\\nUsage: qzmq ${name} \\[options\\]`));
    assert.is((await call([...name.split(" "), "--help"])).out, text);
    for (const line of text.split("\n")) assert.ok(line.length <= 130, line);
  }
  assert.match((await call(["help", "cert"])).out, /qzmq cert ca:.*qzmq cert revoke:/s);
});

test("options that help names are options", async () => {
  const { out } = await call(["help", "keygen"]);
  for (const option of [
    "--out NAME",
    "--sig ALGORITHM",
    "--passphrase ",
    "--passphrase-fd N",
    "--force",
    "--json",
  ]) {
    assert.ok(out.includes(option), option);
  }
});

test("the program can be run by its file alone", () => {
  const { bin } = JSON.parse(readFileSync(join(import.meta.dirname, "../../../package.json"), "utf8"));
  const main = join(import.meta.dirname, "../../..", bin.qzmq);
  assert.match(readFileSync(main, "utf8"), /^#!\/usr\/bin\/env node\n/);
  assert.match(spawnSync(process.execPath, [main, "help"], { encoding: "utf8" }).stdout, /^qzmq: /);
});

test.run();
