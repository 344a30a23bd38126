/**
 * What this library does, in half a minute. Separate processes exchange real traffic over tcp: first over QZMQ, with
 * keys and certificates made by the `qzmq` command, a rotation and a resumption; then in plain ZMTP with libzmq (npm
 * `zeromq`), in both directions. `make demo` runs it; exit code 0 means that everything went as it should.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const CLI = join(here, "../../src/cli/main.js");
/** Each exchange is over long before; a peer that hangs is a failure. */
const TIME_LIMIT = 60_000;

interface Running {
  /** Resolves with the endpoint when the process has bound it. */
  readonly bound: Promise<string>;
  readonly ended: Promise<number>;
}

/** Starts a process that plays a role; what it says is printed behind `name`. */
function start(name: string, script: string, ...args: string[]): Running {
  const child = spawn(process.execPath, [join(here, script), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: TIME_LIMIT,
  });
  const bound = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      process.stdout.write(`  ${name.padEnd(12)} | ${line}\n`);
      if (line.startsWith("bound ")) resolve(line.slice("bound ".length));
    });
  });
  const ended = once(child, "close").then(([code]) => Number(code ?? 1));
  return { bound, ended };
}

let failures = 0;

/** A process that binds and one that connects; `begin` gets a role and an endpoint. */
async function exchange(
  title: string,
  server: (endpoint: string) => Running,
  client: (endpoint: string) => Running,
): Promise<void> {
  process.stdout.write(`\n${title}\n`);
  const first = server("tcp://127.0.0.1:*");
  const endpoint = await Promise.race([first.bound, first.ended.then(() => null)]);
  const codes = endpoint === null ? [1] : await Promise.all([first.ended, client(endpoint).ended]);
  if (codes.some((code) => code !== 0)) failures++;
}

/** Runs the `qzmq` command as an operator would. */
function qzmq(command: string): void {
  process.stdout.write(`  $ qzmq ${command}\n`);
  execFileSync(process.execPath, [CLI, ...command.split(" ")], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

const folder = mkdtempSync(join(tmpdir(), "qzmq-demo-"));
try {
  process.stdout.write("Keys and certificates (ML-DSA)\n");
  qzmq("cert ca --out ca --name demo-ca");
  qzmq("keygen --out server");
  qzmq("cert issue --ca ca --pub server.pub --name server.example --role server");
  qzmq("keygen --out client");
  qzmq("cert issue --ca ca --pub client.pub --name client-7 --role client");

  const secured = (role: string) => (endpoint: string) =>
    start(role, "secure-peer.js", role, endpoint, folder);
  await exchange(
    "REP <-> REQ over QZMQ: a rotation, then a resumed connection",
    secured("rep"),
    secured("req"),
  );
  await exchange("PUB <-> SUB over QZMQ", secured("pub"), secured("sub"));
  await exchange("PUSH <-> PULL over QZMQ", secured("push"), secured("pull"));
  await exchange("Clients that must be refused", secured("rep"), secured("intruders"));
} finally {
  rmSync(folder, { recursive: true });
}

for (const [server, client] of [
  ["qzmq", "zeromq"],
  ["zeromq", "qzmq"],
] as const) {
  for (const [binder, connecter] of [
    ["pub", "sub"],
    ["rep", "req"],
    ["push", "pull"],
  ] as const) {
    const name = (library: string): string => (library === "zeromq" ? "libzmq" : library);
    await exchange(
      `${binder.toUpperCase()} (${name(server)}) <-> ${connecter.toUpperCase()} (${name(client)})`,
      (endpoint) => start(`${binder} ${name(server)}`, "peer.js", server, binder, endpoint),
      (endpoint) => start(`${connecter} ${name(client)}`, "peer.js", client, connecter, endpoint),
    );
  }
}
process.stdout.write(
  failures === 0 ? "\nEverything went as it should.\n" : `\n${failures} exchanges FAILED.\n`,
);
process.exitCode = failures === 0 ? 0 : 1;
