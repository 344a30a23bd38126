/** What is wrong with a file that somebody named, in words, and the mend. */
import { LayoutError } from "../bytes/reader.ts";
import { UsageError } from "../errors.ts";
import { KeyFileError } from "../mechanism/qzmq/keyfile.ts";

/** `what` goes behind the file's path and a colon. */
export interface FileTrouble {
  readonly what: string;
  readonly mend: string;
}

const SYSTEM: Readonly<Record<string, readonly [what: string, mend: string]>> = {
  ENOENT: ["no such file or folder", "check the path, and that its folder exists"],
  ENOTDIR: ["a part of the path is no folder", "check the path"],
  EISDIR: ["is a folder", "give the path of a file"],
  EACCES: ["permission denied", "check who may read and write it and its folder"],
  EPERM: ["permission denied", "check who may read and write it and its folder"],
  EROFS: ["the file system is read-only", "choose another folder"],
  ENOSPC: ["the disk is full", "make room, or choose another disk"],
  ELOOP: ["too many symbolic links", "check the path"],
  ENAMETOOLONG: ["the name is too long", "choose a shorter one"],
};

/** Of an error of the system. */
export function systemTrouble(error: unknown): FileTrouble {
  const { code = "unknown error" } = error as NodeJS.ErrnoException;
  const [what, mend] = SYSTEM[code] ?? [code, "check the path and its file system"];
  return { what, mend };
}

/** Of an error that reading a key, a certificate, a list or a pin file gave. */
export function fileTrouble(path: string, error: UsageError): FileTrouble {
  const { cause, message } = error;
  if (isSystemError(cause)) return systemTrouble(cause);
  const what = message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
  return { what, mend: fileMend(path, what, cause) };
}

function fileMend(path: string, message: string, cause: unknown): string {
  if (message.includes("chmod")) return `chmod 600 ${path}`;
  if (message.includes("belongs to user")) return "copy it as its user, or change its owner (chown)";
  if (message.includes("wanted")) return "name the right file; `qzmq cert show FILE` tells what a file holds";
  if (message.includes("regular file")) return "give the path of a file";
  if (cause instanceof KeyFileError && cause.reason === "passphrase-wrong") {
    return "try the passphrase again; a damaged file must come back from a backup";
  }
  if (/pin|name of/.test(message) && cause instanceof LayoutError) {
    return "write on that line a pin from `qzmq pin`, and after a comma a name if wanted";
  }
  return "name the right file, take it from a backup, or make it again";
}

/** Whether the open failed for want of a passphrase. */
export function needsPassphrase(error: unknown): boolean {
  return (
    error instanceof UsageError &&
    error.cause instanceof KeyFileError &&
    error.cause.reason === "passphrase-needed"
  );
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";
}
