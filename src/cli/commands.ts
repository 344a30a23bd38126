/** All commands, and how a command line finds its own. */
import { suggestion } from "../config/suggestion.ts";
import { parse } from "./args.ts";
import { bench } from "./bench.ts";
import { certCa } from "./cert-ca.ts";
import { certIssue } from "./cert-issue.ts";
import { certRevoke } from "./cert-revoke.ts";
import { certShow } from "./cert-show.ts";
import { certVerify } from "./cert-verify.ts";
import type { Command, Io } from "./command.ts";
import { configCheck } from "./config-check.ts";
import { EXIT, Fault, type Mistake } from "./fault.ts";
import { overview, usage } from "./help.ts";
import { keygen } from "./keygen.ts";
import { ReaderGone } from "./output.ts";
import { pin } from "./pin.ts";
import { proxy } from "./proxy.ts";
import { status } from "./status.ts";
import { TALK_COMMANDS } from "./talk.ts";
import { tunnel } from "./tunnel.ts";
import { version } from "./version.ts";

/** In the order in which help lists them. */
export const COMMANDS: readonly Command[] = [
  keygen,
  certCa,
  certIssue,
  certShow,
  certVerify,
  certRevoke,
  pin,
  ...TALK_COMMANDS,
  proxy,
  configCheck,
  tunnel,
  status,
  bench,
  version,
];

/**
 * Runs a command line, without the program's name. Resolves with the exit code; what went wrong has been told on
 * standard error.
 */
export async function runCommandLine(argv: readonly string[], io: Io): Promise<number> {
  let place = "qzmq";
  try {
    const { command, rest } = commandOf(argv);
    if (command === null) {
      await io.out.write(`${helpOn(rest).join("\n")}\n`);
    } else {
      place = `qzmq ${command.name}`;
      const args = parse(rest, command.options, command.operands);
      if (args.has("help")) await io.out.write(`${usage(command).join("\n")}\n`);
      else await command.run(args, io);
    }
    await io.out.flush();
    return EXIT.ok;
  } catch (error) {
    if (error instanceof ReaderGone) return EXIT.ok;
    io.err(describe(place, error));
    return error instanceof Fault ? error.exit : EXIT.failed;
  }
}

/** The command that the first words name; `null` for help, with what help is wanted on. */
function commandOf(argv: readonly string[]): { command: Command | null; rest: readonly string[] } {
  const [first, second] = argv;
  if (first === undefined) throw new Fault("usage", "no command", "`qzmq help` lists the commands");
  if (first === "help" || first === "--help" || first === "-h") return { command: null, rest: argv.slice(1) };
  if (first === "--version" || first === "-V") return { command: version, rest: argv.slice(1) };
  const pair = `${first} ${second}`;
  const command = COMMANDS.find(({ name }) => name === first || name === pair);
  if (command !== undefined) return { command, rest: argv.slice(command.name.split(" ").length) };
  const family = COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
  if (family.length > 0 && (second === undefined || second === "--help"))
    return { command: null, rest: [first] };
  throw unknown(family.length > 0 && second !== undefined ? pair : first);
}

function helpOn(words: readonly string[]): string[] {
  if (words.length === 0) return overview(COMMANDS);
  const topic = words.join(" ");
  const found = COMMANDS.filter(({ name }) => name === topic || name.startsWith(`${topic} `));
  if (found.length === 0) throw unknown(topic);
  return found.flatMap((command, i) => (i === 0 ? usage(command) : ["", "", ...usage(command)]));
}

function unknown(name: string): Fault {
  const names = COMMANDS.flatMap((command) => [command.name, command.name.split(" ")[0]!]);
  return new Fault(
    "usage",
    `${JSON.stringify(name)}: no such command`,
    suggestion(name, [...names, "help"], "`qzmq help` lists the commands"),
  );
}

/** What is told of an error. Text of others in it cannot move the cursor. */
function describe(place: string, error: unknown): string {
  const printable = (text: string) =>
    text.replace(/[^\P{Cc}\n]/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
  if (error instanceof Fault) {
    const told = ({ message, mend }: Mistake) => `${message}\n  fix: ${mend}\n`;
    return printable(`${place}: ${told(error)}${error.more.map(told).join("")}`);
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return printable(
    `${place}: a mistake in qzmq itself: ${text}\n  fix: please report it, with these lines\n`,
  );
}
