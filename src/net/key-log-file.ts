/**
 * The key log: a file that the secrets of connections are appended to, so that a capture of their traffic can be read
 * (spec/operation/keylog.md). It takes two switches, the caller's and the environment's, and warns.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { wipe } from "../bytes/constant-time.ts";
import { utf8 } from "../bytes/writer.ts";
import { UsageError } from "../errors.ts";
import type { KeyLog, LoggedLabel } from "../mechanism/qzmq/key-log.ts";

/** The environment variable that names the file. */
export const KEY_LOG_VARIABLE = "QZMQKEYLOGFILE";

/** First words of the lines; that of `c ap` and `s ap` is followed by the epoch. */
const NAMES: Readonly<Record<LoggedLabel, string>> = {
  "c early": "QZMQ_CLIENT_EARLY_TRAFFIC_SECRET",
  "c hs": "QZMQ_CLIENT_HANDSHAKE_TRAFFIC_SECRET",
  "s hs": "QZMQ_SERVER_HANDSHAKE_TRAFFIC_SECRET",
  "c ap": "QZMQ_CLIENT_TRAFFIC_SECRET_",
  "s ap": "QZMQ_SERVER_TRAFFIC_SECRET_",
};

const NOT_OWNER = 0o077;

/**
 * A key log into the file that {@link KEY_LOG_VARIABLE} names, for a caller that was asked for one. Emits a process
 * warning of code `QZMQ_KEY_LOG`. Throws {@link UsageError} `EINVAL` when the variable is not set, or names something
 * else than a regular file under one name; `EACCES` when the file is another user's or others may touch it.
 */
export function keyLogOfEnvironment(): KeyLog {
  const path = process.env[KEY_LOG_VARIABLE] ?? "";
  if (path === "") {
    throw new UsageError(
      "EINVAL",
      `keyLog: set the environment variable ${KEY_LOG_VARIABLE} to the path of a file, or leave keyLog out`,
    );
  }
  closeSync(openLog(path));
  warn(
    `QZMQ writes the secrets of its connections into ${path}: whoever reads that file reads the traffic`,
    "QZMQ_KEY_LOG",
  );
  let broken = false;
  return (label, epoch, clientRandom, secret) => {
    if (broken) return;
    try {
      appendLine(path, label, epoch, clientRandom, secret);
    } catch (error) {
      // What helps debugging must not break what is debugged.
      broken = true;
      warn(`QZMQ key log stopped: ${(error as Error).message}`, "QZMQ_KEY_LOG_STOPPED");
    }
  };
}

/** One write for each line, so that lines of several processes do not mix; no handle outlives it. */
function appendLine(
  path: string,
  label: LoggedLabel,
  epoch: number,
  clientRandom: Uint8Array,
  secret: Uint8Array,
): void {
  const name = NAMES[label];
  const head = utf8(`${name.endsWith("_") ? name + epoch : name} `);
  const line = new Uint8Array(head.length + 2 * clientRandom.length + 1 + 2 * secret.length + 1);
  line.set(head);
  writeHex(line, head.length, clientRandom);
  line[head.length + 2 * clientRandom.length] = 0x20;
  writeHex(line, head.length + 2 * clientRandom.length + 1, secret);
  line[line.length - 1] = 0x0a;
  try {
    const file = openLog(path);
    try {
      if (writeSync(file, line) < line.length) throw new Error(`${path}: a line was cut short`);
    } finally {
      closeSync(file);
    }
  } finally {
    wipe(line);
  }
}

/** Hexadecimal digits without a string on the way, which could not be overwritten. */
function writeHex(into: Uint8Array, at: number, octets: Uint8Array): void {
  const digits = "0123456789abcdef";
  octets.forEach((octet, i) => {
    into[at + 2 * i] = digits.charCodeAt(octet >> 4);
    into[at + 2 * i + 1] = digits.charCodeAt(octet & 15);
  });
}

/** Opens to append, makes the file when it is not there. What is checked is the open file. */
function openLog(path: string): number {
  // Windows lacks the last two. Without O_NONBLOCK, opening a FIFO waits for a reader.
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let file: number;
  try {
    file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const what = code === "ELOOP" ? "is a symbolic link" : `cannot be opened (${code})`;
    throw fault(code === "EACCES" || code === "EPERM" ? "EACCES" : "EINVAL", path, what);
  }
  try {
    check(path, file);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function check(path: string, file: number): void {
  const { mode, uid, nlink } = fstatSync(file);
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw fault("EINVAL", path, "is not a regular file");
  // Windows has neither owner nor mode.
  if (process.getuid === undefined) return;
  if (nlink !== 1) throw fault("EINVAL", path, "has another name (hard link) or none");
  if (uid !== process.getuid()) throw fault("EACCES", path, `belongs to user ${uid}`);
  if ((mode & NOT_OWNER) !== 0) {
    const octal = (mode & 0o777).toString(8).padStart(4, "0");
    throw fault("EACCES", path, `has mode ${octal}, and must be its owner's alone (chmod 600)`);
  }
}

function fault(code: "EINVAL" | "EACCES", path: string, what: string): UsageError {
  return new UsageError(code, `keyLog: ${path} ${what}`);
}

function warn(message: string, code: string): void {
  process.emitWarning(message, { type: "QzmqSecurityWarning", code });
}
