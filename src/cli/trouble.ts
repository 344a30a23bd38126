/** Errors of the library in the words of the command line: what, where, and the mend. */
import { LayoutError } from "../bytes/reader.ts";
import { UsageError } from "../errors.ts";
import { KeyFileError } from "../mechanism/qzmq/keyfile.ts";
import { at, Fault } from "./fault.ts";

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

/** A system error about `path`; `place` names the option. */
export function systemFault(place: string, path: string, error: unknown): Fault {
  const { code = "unknown error" } = error as NodeJS.ErrnoException;
  const [what, mend] = SYSTEM[code] ?? [code, "check the path and its file system"];
  return new Fault("failed", `${at(place, path)}: ${what}`, mend);
}

/**
 * Runs what reads the file that an option names, and says in its errors which option and what to do. The want of a
 * passphrase goes through as it is, for {@link needsPassphrase}.
 */
export function reading<T>(place: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof UsageError) || needsPassphrase(error)) throw error;
    const { cause } = error;
    if (isSystemError(cause)) throw systemFault(place, path, cause);
    throw new Fault("failed", at(place, error.message), fileMend(path, error.message, cause));
  }
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

const ENDPOINT_FORM = "write tcp://host:port, tcp://*:port to bind everywhere, or ipc://path";
const ENDPOINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there: end it, or choose another address",
  EADDRNOTAVAIL: "bind an address of this machine, such as 127.0.0.1, or * for all",
  EACCES: "choose a port from 1024 on, or a folder that you may write to",
  ENOENT: "make the folder first",
  ENAMETOOLONG: "choose a shorter path: the system allows 107 octets",
  EINVAL: ENDPOINT_FORM,
  EPROTONOSUPPORT: ENDPOINT_FORM,
};
const WRONG_ENDPOINT = ["EINVAL", "EPROTONOSUPPORT", "ENAMETOOLONG"];

/** Why binding or connecting to an endpoint failed. */
export function endpointFault(place: string, address: string, error: unknown): Fault {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const mend = ENDPOINTS[code] ?? "check the address and the network";
  return new Fault(
    WRONG_ENDPOINT.includes(code) ? "usage" : "failed",
    `${place} ${address}: ${message}`,
    mend,
  );
}
