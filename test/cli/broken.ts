/**
 * Cases of mistakes at the command line: what to break, what to run, and what the message must hold. Each case is run
 * in a folder of its own, which must be as it was afterwards.
 */
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { armor, dearmor } from "../../src/mechanism/qzmq/armor.ts";
import { call, type World } from "./run.ts";

/** A folder with files, copied for each case. */
export interface Broken {
  folder: string;
}

type Snapshot = ReadonlyMap<string, { readonly text: string; readonly mode: number }>;

/** Words of a command line; `@` begins the path of a file of the folder. */
export function argvOf(line: string, folder: string): string[] {
  return line.split(" ").map((word) => word.replace(/^@/, `${folder}/`));
}

/** Every file of a folder with its text and mode; folders by their mode. */
function snapshot(folder: string): Snapshot {
  return new Map(
    readdirSync(folder).map((name) => {
      const path = join(folder, name);
      const stats = lstatSync(path);
      return [name, { text: stats.isFile() ? readFileSync(path, "latin1") : "", mode: stats.mode & 0o777 }];
    }),
  );
}

/** One mistake. */
export interface Case {
  readonly line: string;
  readonly code: number;
  /** What the message must hold: the file or option, and the place. */
  readonly says: readonly (string | RegExp)[];
  readonly fix: string | RegExp;
  /** Damages the folder first. */
  readonly damage?: (at: (name: string) => string) => void;
  readonly world?: World;
}

/** Rewrites a file. */
export function change(path: string, edit: (text: string) => string): void {
  writeFileSync(path, edit(readFileSync(path, "latin1")));
}

/** The file's first block, with changed octets in the same armour. */
export function changeOctets(path: string, edit: (octets: Uint8Array) => Uint8Array): void {
  change(path, (text) => {
    const [{ label, octets }] = dearmor(text) as [ReturnType<typeof dearmor>[number]];
    return armor(label, edit(octets));
  });
}

/** Gives each test of a suite a copy of the folder that `fill` made once. */
export function inFolders(test: Test<Broken>, fill: (folder: string) => Promise<void>): void {
  let prepared: Snapshot;
  test.before(async () => {
    const folder = mkdtempSync(join(tmpdir(), "qzmq-cli-"));
    await fill(folder);
    prepared = snapshot(folder);
    rmSync(folder, { recursive: true });
  });
  test.before.each((context) => {
    context.folder = mkdtempSync(join(tmpdir(), "qzmq-cli-"));
    for (const [name, { text, mode }] of prepared) {
      writeFileSync(join(context.folder, name), text, { mode, encoding: "latin1" });
    }
  });
  test.after.each(({ folder }) => rmSync(folder, { recursive: true }));
}

/** Runs command lines that must succeed. */
export async function runAll(lines: readonly string[], folder: string, world: World = {}): Promise<void> {
  for (const line of lines) {
    const { code, err } = await call(argvOf(line, folder), world);
    assert.is(code, 0, err);
  }
}

/** An authority, another one, two keys of which one is certified, a locked key, a revocation list and a pin file. */
export async function standardFiles(folder: string): Promise<void> {
  await runAll(
    [
      "cert ca --out @ca --name root --sig mldsa44 --days 100",
      "cert ca --out @other --name other --sig mldsa44",
      "keygen --out @a",
      "keygen --out @b",
      "cert issue --ca @ca --pub @a.pub --name broker --role server",
      "cert revoke --ca @other --list @other.crl",
      "pin @a.pub --name broker --add @pins",
    ],
    folder,
  );
  await runAll(["keygen --out @locked --passphrase"], folder, { typed: ["secret\r", "secret\r"] });
}

/** A test for each case. */
export function judgeAll(test: Test<Broken>, cases: readonly Case[]): void {
  for (const [index, mistake] of cases.entries()) {
    test(`${index}: qzmq ${mistake.line}`, ({ folder }) => judge(mistake, folder));
  }
}

/** Runs a case and judges everything about it. */
export async function judge({ line, code, says, fix, damage, world }: Case, folder: string): Promise<void> {
  damage?.((name) => join(folder, name));
  const before = snapshot(folder);
  const argv = line.includes("ipc://@")
    ? line.replaceAll("ipc://@", `ipc://${folder}/`).split(" ")
    : argvOf(line, folder);
  const result = await call(argv, world);
  assert.is(result.code, code, result.err);
  const [message, mend, ...rest] = result.err.trimEnd().split(/\n {2}fix: /);
  assert.equal(rest, []);
  for (const part of says) {
    if (typeof part === "string") assert.ok(message!.includes(part), result.err);
    else assert.match(message!, part);
  }
  if (typeof fix === "string") assert.ok(mend?.includes(fix), result.err);
  else assert.match(mend!, fix);
  assert.is(result.out, "");
  assert.not.match(result.err, /hunter2|mistake in qzmq/);
  assert.equal(snapshot(folder), before);
}
