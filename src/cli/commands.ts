/** All commands, and how a command line finds its own. */
import { suggestion } from "../config/suggestion.ts";
import { visible } from "../observe/visible.ts";
import { parse } from "./args.ts";
import type { Entry, Io } from "./command.ts";
import { EXIT, Fault, type Mistake } from "./fault.ts";
import { overview, usage } from "./help.ts";
import { ReaderGone } from "./output.ts";

/** In the order in which help lists them. What a command needs is loaded when it is called. */
const COMMANDS: readonly Entry[] = [
  {
    name: "keygen",
    summary: "make a signing key: NAME.key (private, mode 0600) and NAME.pub",
    load: async () => (await import("./keygen.ts")).keygen,
  },
  {
    name: "cert ca",
    summary: "make an authority: NAME.key, NAME.pub and its certificate NAME.crt",
    load: async () => (await import("./cert-ca.ts")).certCa,
  },
  {
    name: "cert issue",
    summary: "certify a public key: server, client, or a further authority",
    load: async () => (await import("./cert-issue.ts")).certIssue,
  },
  {
    name: "cert show",
    summary: "show certificates, keys (never the private part) and revocation lists",
    load: async () => (await import("./cert-show.ts")).certShow,
  },
  {
    name: "cert verify",
    summary: "check a chain of certificates as a peer would",
    load: async () => (await import("./cert-verify.ts")).certVerify,
  },
  {
    name: "cert revoke",
    summary: "add certificates or keys to an authority's revocation list, or renew it",
    load: async () => (await import("./cert-revoke.ts")).certRevoke,
  },
  {
    name: "pin",
    summary: "print the pin of a key or certificate, as a line of a pin file",
    load: async () => (await import("./pin.ts")).pin,
  },
  {
    name: "push",
    summary: "send each message to one of the peers, in turn",
    load: async () => (await import("./talk.ts")).TALK.push,
  },
  {
    name: "pull",
    summary: "print messages of all peers",
    load: async () => (await import("./talk.ts")).TALK.pull,
  },
  {
    name: "pub",
    summary: "send messages to all who subscribed",
    load: async () => (await import("./talk.ts")).TALK.pub,
  },
  {
    name: "sub",
    summary: "print messages of publishers",
    load: async () => (await import("./talk.ts")).TALK.sub,
  },
  {
    name: "req",
    summary: "send requests, print their replies",
    load: async () => (await import("./talk.ts")).TALK.req,
  },
  {
    name: "rep",
    summary: "print requests, answer from standard input, with themselves, or always the same",
    load: async () => (await import("./talk.ts")).TALK.rep,
  },
  {
    name: "dealer",
    summary: "send and print messages at the same time",
    load: async () => (await import("./talk.ts")).TALK.dealer,
  },
  {
    name: "router",
    summary: "the same with many peers, each message beginning with the peer's identity",
    load: async () => (await import("./talk.ts")).TALK.router,
  },
  {
    name: "send",
    summary: "send only, on a socket of any type that can",
    load: async () => (await import("./talk.ts")).TALK.send,
  },
  {
    name: "recv",
    summary: "receive only, on a socket of any type that can",
    load: async () => (await import("./talk.ts")).TALK.recv,
  },
  {
    name: "proxy",
    summary: "run a broker: queue, forwarder or streamer",
    load: async () => (await import("./proxy.ts")).proxy,
  },
  {
    name: "config check",
    summary: "check a tunnel's configuration, and the keys and certificates that it names",
    load: async () => (await import("./config-check.ts")).configCheck,
  },
  {
    name: "tunnel",
    summary: "carry plain ZeroMQ connections of other programs over QZMQ, and back",
    load: async () => (await import("./tunnel.ts")).tunnel,
  },
  {
    name: "status",
    summary: "show what a running tunnel carries",
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "bench",
    summary: "measure throughput (PUSH to PULL) or latency (REQ to REP) in this process",
    load: async () => (await import("./bench.ts")).bench,
  },
  {
    name: "version",
    summary: "print versions: of qzmq, the libzmq it follows, Node.js, and where its cryptography comes from",
    load: async () => (await import("./version.ts")).version,
  },
];

/**
 * Runs a command line, without the program's name. Resolves with the exit code; what went wrong has been told on
 * standard error.
 */
export async function runCommandLine(argv: readonly string[], io: Io): Promise<number> {
  let place = "qzmq";
  try {
    const { entry, rest } = entryOf(argv);
    if (entry === null) {
      await io.out.write(`${(await helpOn(rest)).join("\n")}\n`);
    } else {
      place = `qzmq ${entry.name}`;
      const command = await entry.load();
      const args = parse(rest, command.options, command.operands);
      if (args.has("help")) await io.out.write(`${usage(entry, command).join("\n")}\n`);
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
function entryOf(argv: readonly string[]): { entry: Entry | null; rest: readonly string[] } {
  const [first, second] = argv;
  if (first === undefined) throw new Fault("usage", "no command", "`qzmq help` lists the commands");
  if (first === "help" || first === "--help" || first === "-h") return { entry: null, rest: argv.slice(1) };
  const word = first === "--version" || first === "-V" ? "version" : first;
  const pair = `${first} ${second}`;
  const entry = COMMANDS.find(({ name }) => name === word || name === pair);
  if (entry !== undefined) return { entry, rest: argv.slice(entry.name.split(" ").length) };
  const family = COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
  if (family.length > 0 && (second === undefined || second === "--help"))
    return { entry: null, rest: [first] };
  throw unknown(family.length > 0 && second !== undefined ? pair : first);
}

async function helpOn(words: readonly string[]): Promise<string[]> {
  if (words.length === 0) return overview(COMMANDS);
  const topic = words.join(" ");
  const found = COMMANDS.filter(({ name }) => name === topic || name.startsWith(`${topic} `));
  if (found.length === 0) throw unknown(topic);
  const texts = await Promise.all(found.map(async (entry) => usage(entry, await entry.load())));
  return texts.flatMap((text, i) => (i === 0 ? text : ["", "", ...text]));
}

function unknown(name: string): Fault {
  const names = COMMANDS.flatMap(({ name: known }) => [known, known.split(" ")[0]!]);
  return new Fault(
    "usage",
    `${JSON.stringify(name)}: no such command`,
    suggestion(name, [...names, "help"], "`qzmq help` lists the commands"),
  );
}

/** What is told of an error, {@link visible}. */
function describe(place: string, error: unknown): string {
  const lines = (...all: string[]) => all.map((line) => `${visible(line)}\n`).join("");
  if (error instanceof Fault) {
    const told = ({ message, mend }: Mistake, before = "") => lines(`${before}${message}`, `  fix: ${mend}`);
    return `${told(error, `${place}: `)}${error.more.map((one) => told(one)).join("")}`;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const mistake = `${place}: a mistake in qzmq itself: ${text}`.split("\n");
  return lines(...mistake, "  fix: please report it, with these lines");
}
