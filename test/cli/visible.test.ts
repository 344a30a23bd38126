/** Names and texts that others chose, wherever the command line repeats them: none moves the cursor or turns text round. */
import { EventEmitter } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Args } from "../../src/cli/args.ts";
import type { Io } from "../../src/cli/command.ts";
import { watch } from "../../src/cli/endpoints.ts";
import { formatMessage } from "../../src/cli/format.ts";
import type { Socket } from "../../src/index.ts";
import { visible } from "../../src/observe/visible.ts";
import { call } from "./run.ts";

/** C0, DEL, C1, a line separator, each bidirectional control of Unicode, and one beyond 16 bits. */
const UNSEEN =
  "\u0001\u001b\r\n\t\u007f\u0080\u009b\u2028\u2029\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u{e0001}";
const NO_TROUBLE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;

const test = suite<{ folder: string }>("what others chose");
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "qzmq-visible-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test("each character that cannot be seen is escaped as in JSON, and no other", () => {
  for (const character of UNSEEN) {
    assert.match(visible(character), /^(\\u[0-9a-f]{4}){1,2}$/);
    assert.is(JSON.parse(`"${visible(character)}"`), character);
  }
  const plain = "a é \u05d0 \u4e2d \u{1f600} \\ \" '";
  assert.is(visible(plain), plain);
});

test("a message as JSON", () => {
  const line = formatMessage([Buffer.from(UNSEEN)], "json") as string;
  assert.match(line.slice(0, -1), NO_TROUBLE);
  assert.equal(JSON.parse(line), [UNSEEN]);
});

test("handshakes and names of peers", () => {
  const events = new EventEmitter();
  let err = "";
  const io = {
    err: (text) => {
      err += text;
    },
  } as Partial<Io> as Io;
  const args = { has: () => true } as Partial<Args> as Args;
  watch({ events } as unknown as Socket, args, io);
  const address = "tcp://a:1";
  events.emit("handshake:error:protocol", { address, error: new Error(UNSEEN) });
  events.emit("handshake", { address, facts: { peer: UNSEEN, suite: UNSEEN } });
  const lines = err.trimEnd().split("\n");
  assert.is(lines.length, 2, err);
  for (const line of lines) assert.match(line, NO_TROUBLE);
});

test("files, in results, warnings, mistakes and questions, as text and as JSON", async ({ folder }) => {
  const odd = join(folder, UNSEEN);
  mkdirSync(odd);
  const run = async (argv: string[], typed: string[] = []) => {
    const { out, err, asked } = await call(argv, { typed, now: 1_900_000_000 });
    for (const text of [out, err, asked]) for (const line of text.split("\n")) assert.match(line, NO_TROUBLE);
    return `${out}${err}${asked}`;
  };
  const key = join(odd, "k");
  const unseen = visible("\u202e\u2066");
  const told = async (argv: string[], typed?: string[]) =>
    assert.ok((await run(argv, typed)).includes(unseen), argv.join(" "));
  await told(["keygen", "--out", key, "--passphrase"], ["x\r", "x\r"]);
  await told(["cert", "show", `${key}.pub`]);
  await told(["cert", "show", "--json", `${key}.pub`]);
  await told(["cert", "show", `${key}.gone`]);
  const early = { now: 1_700_000_000 };
  const issue = ["cert", "issue", "--ca", join(odd, "ca"), "--pub", `${key}.pub`, "--name", "n"];
  for (const argv of [
    ["cert", "ca", "--out", join(odd, "ca"), "--name", "root"],
    [...issue, "--role", "server"],
  ]) {
    const { code, err } = await call(argv, early);
    assert.is(code, 0, err);
  }
  const link = { side: "server", listen: "tcp://127.0.0.1:1", connect: "tcp://127.0.0.1:2" };
  const links = { a: { ...link, client_auth: "none", identity: { key: "k.key", certificates: "k.crt" } } };
  const path = join(odd, "t.json");
  writeFileSync(path, JSON.stringify({ links }));
  await told(["config", "check", path], ["x\r"]);
  await told(["config", "check", path, "--json"], ["x\r"]);
  assert.match(await run(["config", "check", path], ["x\r"]), /the certificate of n has expired/);
});

test.run();
