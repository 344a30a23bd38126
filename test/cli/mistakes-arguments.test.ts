/** Mistakes in the command line itself, and in where files are to go. */
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Broken, type Case, inFolders, judgeAll, standardFiles } from "./broken.ts";
import { call } from "./run.ts";

const test = suite<Broken>("mistakes: arguments");
inFolders(test, standardFiles);

const CASES: readonly Case[] = [
  // The command line.
  { line: "", code: 2, says: ["no such command"], fix: "qzmq help" },
  { line: "frobnicate", code: 2, says: ['"frobnicate"'], fix: "qzmq help" },
  { line: "keygn --out @x", code: 2, says: ['"keygn"'], fix: 'did you mean "keygen"?' },
  { line: "cert isue", code: 2, says: ['"cert isue"'], fix: 'did you mean "cert issue"?' },
  { line: "help certs", code: 2, says: ['"certs"'], fix: 'did you mean "cert"?' },
  { line: "keygen", code: 2, says: ["qzmq keygen: --out is missing"], fix: "--out NAME" },
  { line: "keygen --out", code: 2, says: ["--out has no value"], fix: "--out NAME" },
  {
    line: "keygen --out --force",
    code: 2,
    says: ["--out has no value: --force follows"],
    fix: "--out=--force",
  },
  { line: "keygen --out @x --out @y", code: 2, says: ["--out is given twice"], fix: "leave one" },
  { line: "keygen --out @x --forse", code: 2, says: ["--forse"], fix: 'did you mean "--force"?' },
  { line: "keygen --out @x -f", code: 2, says: ["-f: no such option"], fix: 'did you mean "--force"?' },
  {
    line: "bench latency -suite=mlkem1024",
    code: 2,
    says: ["-suite: no such option"],
    fix: 'mean "--suite"',
  },
  { line: "bench latency -pq-only=true", code: 2, says: ["-pq-only: no such"], fix: 'mean "--pq-only"' },
  { line: "keygen --out @x --force=yes", code: 2, says: ["--force takes no value"], fix: "--force alone" },
  { line: "keygen --out @x extra", code: 2, says: ['"extra"'], fix: "leave it out" },
  { line: "keygen --out @x --sig constructor", code: 2, says: ["constructor: no such"], fix: "mldsa44" },
  { line: "keygen --out @x --sig rsa", code: 2, says: ["--sig rsa"], fix: "mldsa44" },
  {
    line: "keygen --out @x --passphrase=hunter2",
    code: 2,
    says: ["on the command line"],
    fix: "file descriptor",
  },
  {
    line: "keygen --out @x --passphrase hunter2",
    code: 2,
    says: ["on the command line"],
    fix: "file descriptor",
  },
  {
    line: "keygen --out @x --password hunter2",
    code: 2,
    says: ["on the command line"],
    fix: "file descriptor",
  },
  { line: "keygen --out @x --passphrase", code: 2, says: ["no terminal"], fix: "--passphrase-fd N" },
  {
    line: "keygen --out @x --passphrase-fd x",
    code: 2,
    says: ["--passphrase-fd x: not a whole number"],
    fix: "number",
  },
  {
    line: "keygen --out @x --passphrase-fd 9999",
    code: 1,
    says: ["--passphrase-fd 9999: cannot be read"],
    fix: "9999<",
  },
  {
    line: "keygen --out @x --passphrase --passphrase-fd 3",
    ...{ code: 2, says: ["--passphrase and --passphrase-fd"], fix: "leave one" },
  },
  // Where files go.
  { line: "keygen --out @a", code: 1, says: ["--out", "a.key: exists already"], fix: "--force" },
  {
    line: "keygen --out @b",
    ...{ code: 1, says: ["b.pub: exists already"], fix: "--force", damage: (at) => rmSync(at("b.key")) },
  },
  { line: "cert ca --out @other --name x", code: 1, says: ["other.key: exists already"], fix: "--force" },
  {
    line: "keygen --out @missing/k",
    code: 1,
    says: ["missing/k.key: no such file or folder"],
    fix: "folder",
  },
  { line: "keygen --out @a.key/k", code: 1, says: ["a.key/k.key"], fix: "check the path" },
  {
    line: "keygen --out @dangling",
    ...{ code: 1, says: ["dangling.key: exists already"], fix: "--force" },
    damage: (at) => symlinkSync(at("nowhere"), at("dangling.key")),
  },
  {
    line: "keygen --out @d --force",
    ...{ code: 1, says: ["d.key"], fix: "path" },
    damage: (at) => mkdirSync(at("d.key")),
  },
  {
    // The key that is there must not be lost for a certificate that cannot be written.
    line: "cert ca --out @ca --name root --force",
    ...{ code: 1, says: ["ca.crt: is a folder"], fix: "path" },
    damage: (at) => {
      rmSync(at("ca.crt"));
      mkdirSync(at("ca.crt"));
    },
  },
];
judgeAll(test, CASES);

test("no command at all", async () => {
  const { code, err } = await call([]);
  assert.is(code, 2);
  assert.match(err, /^qzmq: no command\n {2}fix: `qzmq help`/);
});

test("what others wrote cannot move the cursor, begin a line, or turn text round", async () => {
  const { err } = await call(["cert", "show", "x\u001b[2J\u0085\u202e\u2066\u200f\n  fix: y"]);
  assert.match(err, /x\\u001b\[2J\\u0085\\u202e\\u2066\\u200f\\u000a {2}fix: y: no such file/);
});

test.run();
