/**
 * What this library does, in half a minute: separate processes exchange real traffic over tcp, with each other and with
 * libzmq (npm `zeromq`), in both directions. `make demo` runs it; exit code 0 means that everything arrived.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PEER = join(dirname(fileURLToPath(import.meta.url)), "peer.js");
/** The whole demonstration is over long before; a peer that hangs is a failure. */
const TIME_LIMIT = 20_000;

interface Running {
  readonly child: ChildProcess;
  /** Resolves with the endpoint when the process has bound it. */
  readonly bound: Promise<string>;
  readonly ended: Promise<number>;
}

function start(library: string, role: string, endpoint: string): Running {
  const child = spawn(process.execPath, [PEER, library, role, endpoint], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: TIME_LIMIT,
  });
  const name = `${role.padEnd(4)} ${library === "zeromq" ? "libzmq" : library}`.padEnd(12);
  const bound = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout! }).on("line", (line) => {
      process.stdout.write(`  ${name} | ${line}\n`);
      if (line.startsWith("bound ")) resolve(line.slice("bound ".length));
    });
  });
  const ended = once(child, "close").then(([code]) => Number(code ?? 1));
  return { child, bound, ended };
}

/** Runs a binding and a connecting process; true when both succeeded. */
async function exchange(binder: [string, string], connecter: [string, string]): Promise<boolean> {
  const [server, client] = [binder, connecter].map(([library]) =>
    library === "zeromq" ? "libzmq" : library,
  );
  process.stdout.write(
    `\n${binder[1].toUpperCase()} (${server}) <-> ${connecter[1].toUpperCase()} (${client})\n`,
  );
  const first = start(binder[0], binder[1], "tcp://127.0.0.1:*");
  const endpoint = await Promise.race([first.bound, first.ended.then(() => null)]);
  if (endpoint === null) return false;
  const second = start(connecter[0], connecter[1], endpoint);
  const codes = await Promise.all([first.ended, second.ended]);
  return codes.every((code) => code === 0);
}

const ours = "qzmq";
const libzmq = "zeromq";
let failures = 0;
for (const [server, client] of [
  [ours, ours],
  [ours, libzmq],
  [libzmq, ours],
] as const) {
  if (!(await exchange([server, "pub"], [client, "sub"]))) failures++;
  if (!(await exchange([server, "rep"], [client, "req"]))) failures++;
  if (!(await exchange([server, "push"], [client, "pull"]))) failures++;
}
process.stdout.write(failures === 0 ? "\nEverything arrived.\n" : `\n${failures} exchanges FAILED.\n`);
process.exitCode = failures === 0 ? 0 : 1;
