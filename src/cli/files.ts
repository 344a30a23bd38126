/** Files that a command makes: whole or not at all, with safe modes, nothing replaced unasked. */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { random } from "../crypto/random.ts";
import { hex } from "../mechanism/qzmq/algorithm.ts";
import type { OptionSpec } from "./args.ts";
import { Fault } from "./fault.ts";
import { systemFault } from "./trouble.ts";

/** For commands that make files. */
export const FORCE_OPTION: OptionSpec = { name: "force", kind: "flag", about: "replace files that exist" };

/** One file to be made. */
export interface NewFile {
  readonly path: string;
  readonly text: string | Uint8Array;
  /** `secret` is for its owner alone (0600), `public` for all to read (0644). */
  readonly secrecy: "secret" | "public";
  /** Instead of that. */
  readonly mode?: number;
}

/**
 * Makes all of the files or none. `new` refuses to replace any, even one that appears meanwhile; `replace` never
 * replaces a folder. `place` names the option that gave the paths. Throws {@link Fault}.
 */
export function writeFiles(place: string, files: readonly NewFile[], how: "new" | "replace"): void {
  // Before the first one has its name: the others' failure must not cost what was there.
  for (const { path } of files) refuse(place, path, how);
  const made: string[] = [];
  // What a run that was killed has left must not be in the way of another, be its process's number the same.
  const mark = hex(random(8));
  const fresh = (path: string) => `${path}.${mark}.new`;
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

function writeFresh(place: string, { path, text, secrecy, mode }: NewFile, fresh: string): void {
  try {
    const file = openSync(fresh, "wx", secrecy === "secret" ? 0o600 : 0o644);
    try {
      if (mode !== undefined) fchmodSync(file, mode);
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw systemFault(place, path, error);
  }
}

/** Gives the finished file its name, so that whoever is killed leaves it whole or not at all. */
function settle(place: string, fresh: string, path: string, how: "new" | "replace"): void {
  try {
    if (how === "new") link(fresh, path);
    else renameSync(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw exists(place, path);
    throw systemFault(place, path, error);
  }
}

/** Unlike a rename this replaces nothing. Throws EEXIST, and other errors of the system. */
function link(fresh: string, path: string): void {
  try {
    linkSync(fresh, path);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw error;
  }
  // A file system without links, say: an empty file, which only one can make, holds the name for a moment.
  closeSync(openSync(path, "wx", 0o600));
  try {
    renameSync(fresh, path);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/**
 * Puts other text into a public file that is there: into the file itself where the path is a symbolic link, and with
 * the mode that it had. Never half of it. Throws {@link Fault}.
 */
export function updateFile(place: string, path: string, text: string | Uint8Array): void {
  try {
    const real = realpathSync(path);
    const mode = statSync(real).mode & 0o777;
    writeFiles(place, [{ path: real, text, secrecy: "public", mode }], "replace");
  } catch (error) {
    throw error instanceof Fault ? error : systemFault(place, path, error);
  }
}

function refuse(place: string, path: string, how: "new" | "replace"): void {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || (how === "replace" && !stats.isDirectory())) return;
  } catch (error) {
    throw systemFault(place, path, error);
  }
  throw how === "new" ? exists(place, path) : systemFault(place, path, { code: "EISDIR" });
}

function exists(place: string, path: string): Fault {
  return new Fault(
    "failed",
    `${place} ${path}: exists already, and is not overwritten`,
    "choose another name, or add --force to replace it",
  );
}
