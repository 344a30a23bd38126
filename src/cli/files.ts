/** Files that a command makes: whole or not at all, with safe modes, nothing replaced unasked. */
import { closeSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { OptionSpec } from "./args.ts";
import { Fault } from "./fault.ts";
import { systemFault } from "./trouble.ts";

/** For commands that make files. */
export const FORCE_OPTION: OptionSpec = { name: "force", kind: "flag", about: "replace files that exist" };

/** One file to be made. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
  /** `secret` is for its owner alone (0600), `public` for all to read (0644). */
  readonly secrecy: "secret" | "public";
}

/**
 * Makes all of the files or none. `new` refuses to replace any, even one that appears meanwhile. `place` names the
 * option that gave the paths. Throws {@link Fault}.
 */
export function writeFiles(place: string, files: readonly NewFile[], how: "new" | "replace"): void {
  if (how === "new") for (const { path } of files) refuseExisting(place, path);
  const made: string[] = [];
  const fresh = (path: string) => `${path}.${process.pid}.new`;
  try {
    for (const file of files) writeFresh(place, file, fresh(file.path));
    for (const { path } of files) {
      settle(place, fresh(path), path, how);
      if (how === "new") made.push(path);
    }
  } catch (error) {
    for (const path of made) rmSync(path, { force: true });
    throw error;
  } finally {
    for (const { path } of files) rmSync(fresh(path), { force: true });
  }
}

function writeFresh(place: string, { path, text, secrecy }: NewFile, fresh: string): void {
  try {
    const file = openSync(fresh, "wx", secrecy === "secret" ? 0o600 : 0o644);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw systemFault(place, path, error);
  }
}

/**
 * Gives the finished file its name. A rename replaces whatever is there, so the name is first claimed by an empty file,
 * which only one can make; a link would do too, but not on every file system.
 */
function settle(place: string, fresh: string, path: string, how: "new" | "replace"): void {
  try {
    if (how === "new") closeSync(openSync(path, "wx", 0o600));
    renameSync(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw exists(place, path);
    throw systemFault(place, path, error);
  }
}

function refuseExisting(place: string, path: string): void {
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  } catch (error) {
    throw systemFault(place, path, error);
  }
  throw exists(place, path);
}

function exists(place: string, path: string): Fault {
  return new Fault(
    "failed",
    `${place} ${path}: exists already, and is not overwritten`,
    "choose another name, or add --force to replace it",
  );
}
