/** Errors of the library in the words of the command line: what, where, and the mend. */
import { fileTrouble, needsPassphrase, systemTrouble } from "../config/file-trouble.ts";
import { UsageError } from "../errors.ts";
import { readSmallFile } from "../net/small-file.ts";
import { at, Fault } from "./fault.ts";

/** A system error about `path`; `place` names the option. */
export function systemFault(place: string, path: string, error: unknown): Fault {
  const { what, mend } = systemTrouble(error);
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
    const { what, mend } = fileTrouble(path, error);
    throw new Fault("failed", `${at(place, path)}: ${what}`, mend);
  }
}

/** What is in a file of `limit` octets at most. Throws {@link Fault}. */
export function readFile(place: string, path: string, limit: number): Uint8Array {
  try {
    return readSmallFile(path, limit);
  } catch (error) {
    if (!(error instanceof RangeError)) throw systemFault(place, path, error);
    const mend = /regular file/.test(error.message)
      ? "give the path of a file"
      : "see that it is the right file";
    throw new Fault("failed", `${at(place, path)}: ${error.message}`, mend);
  }
}

/** A key log that was asked for and cannot be written. */
export function keyLogFault({ message }: UsageError): Fault {
  return new Fault(
    "failed",
    message.replace(/^keyLog/, "--keylog"),
    "name in QZMQKEYLOGFILE a file of mode 600 that is yours alone, or one that is not there yet",
  );
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
