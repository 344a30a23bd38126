/** Passphrases and passwords: from a terminal that does not echo, or from a file descriptor; never from an argument. */
import { readSync } from "node:fs";
import { wipe } from "../bytes/constant-time.ts";
import { utf8 } from "../bytes/writer.ts";
import { LONGEST_PASSPHRASE, passphraseOf, withoutLineEnd } from "../net/passphrase.ts";
import { visible } from "../observe/visible.ts";
import type { Args, OptionSpec } from "./args.ts";
import type { Io, Terminal } from "./command.ts";
import { Fault } from "./fault.ts";

/** For commands that open a private key. */
export const OPEN_OPTION: OptionSpec = {
  name: "passphrase-fd",
  kind: "value",
  value: "N",
  about: "read the key's passphrase from file descriptor N instead of the terminal",
};

/** For commands that make a private key. */
export const PROTECT_OPTIONS: readonly OptionSpec[] = [
  { name: "passphrase", kind: "flag", about: "ask at the terminal for a passphrase that protects the key" },
  { ...OPEN_OPTION, about: "read the passphrase that protects the key from file descriptor N" },
];

const MAX_FD = 1_000_000;
const ENTER: readonly string[] = ["\r", "\n", "\u0004"];

/**
 * The passphrase to protect a new key with, UTF-8 in normal form C, the caller's to wipe; `null` when none was asked
 * for. Throws {@link Fault}.
 */
export async function newPassphrase(args: Args, io: Io): Promise<Uint8Array | null> {
  args.atMostOneOf("passphrase", "passphrase-fd");
  const fd = args.integer("passphrase-fd", 0, MAX_FD);
  if (fd !== undefined) return fromDescriptor("--passphrase-fd", fd);
  if (!args.has("passphrase")) return null;
  const first = await ask(io, "New passphrase: ", "--passphrase-fd");
  const second = await ask(io, "The same again: ", "--passphrase-fd");
  const same = Buffer.compare(first, second) === 0;
  wipe(second);
  if (same) return first;
  wipe(first);
  throw new Fault("failed", "the terminal: the two passphrases differ", "run it again; nothing was written");
}

/** The passphrase of an existing key: from `--passphrase-fd`, else from the terminal. Throws {@link Fault}. */
export async function oldPassphrase(args: Args, io: Io, path: string): Promise<Uint8Array> {
  const fd = args.integer("passphrase-fd", 0, MAX_FD);
  if (fd !== undefined) return fromDescriptor("--passphrase-fd", fd);
  return ask(io, `Passphrase of ${path}: `, "--passphrase-fd");
}

/**
 * The passphrase that a file descriptor holds, to its end, without the line end after it. `place` names the option.
 * Throws {@link Fault}.
 */
export function fromDescriptor(place: string, fd: number): Uint8Array {
  const buffer = new Uint8Array(LONGEST_PASSPHRASE + 2);
  try {
    let length = 0;
    for (let n = -1; n !== 0 && length < buffer.length; length += n) {
      n = readDescriptor(place, fd, buffer.subarray(length));
    }
    return normalize(`${place} ${fd}`, withoutLineEnd(buffer.subarray(0, length)));
  } finally {
    wipe(buffer);
  }
}

function readDescriptor(place: string, fd: number, into: Uint8Array): number {
  try {
    return readSync(fd, into);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Fault(
      "failed",
      `${place} ${fd}: cannot be read (${code})`,
      `open it when you call, such as: ${place} ${fd} ${fd}< FILE`,
    );
  }
}

function normalize(place: string, octets: Uint8Array): Uint8Array {
  try {
    return passphraseOf(octets);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Fault("failed", `${place}: ${error.message}`, "give another one: UTF-8, and not empty");
  }
}

/** Asks at the terminal without echo. `instead` is the option for programs. Throws {@link Fault}. */
export async function ask(io: Io, prompt: string, instead: string): Promise<Uint8Array> {
  const terminal = io.terminal();
  if (terminal === null) {
    throw new Fault(
      "usage",
      `${prompt.replace(/: $/, "")}: there is no terminal to ask at`,
      `pass it with ${instead} N`,
    );
  }
  try {
    terminal.input.setRawMode?.(true);
    terminal.write(visible(prompt));
    return normalize("the terminal", await readLine(terminal));
  } finally {
    terminal.input.setRawMode?.(false);
    terminal.write("\n");
    terminal.close();
  }
}

/** One line of a terminal in raw mode, where erasing and interrupting are up to us. */
async function readLine({ input }: Terminal): Promise<Uint8Array> {
  let line = "";
  const decoder = new TextDecoder();
  for await (const chunk of input) {
    for (const character of decoder.decode(chunk as Uint8Array, { stream: true })) {
      if (ENTER.includes(character)) return utf8(line);
      if (character === "\u0003") throw new Fault("interrupted", "interrupted", "nothing was written");
      if (character === "\u007f" || character === "\b") line = [...line].slice(0, -1).join("");
      else line += character;
    }
    if (line.length > LONGEST_PASSPHRASE) break;
  }
  return utf8(line);
}
