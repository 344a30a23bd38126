/**
 * Programs that know nothing of QZMQ, every pattern at once, through one tunnel process on each side, each of which is
 * killed and started again while they talk.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as net from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { within } from "../../test/support/within.ts";

/** Reached only when something hangs. */
const LIMIT = 50_000;
/** Messages that each receiver sees before a tunnel process is killed. */
const WARM = 300;

/** How to start a program in some language. */
export interface Language {
  readonly command: readonly string[];
  readonly transport: "tcp" | "ipc";
}

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

function start(command: readonly string[], args: readonly string[]): ChildProcess {
  const child = spawn(command[0]!, [...command.slice(1), ...args], { stdio: ["pipe", "pipe", "inherit"] });
  children.add(child);
  // A process that has ended by itself needs no telling.
  child.stdin!.on("error", () => {});
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  children.delete(child);
}

/** A program and what it has reported so far. */
export class Program {
  /** Numbers in the order in which they were received. */
  readonly got: number[] = [];
  readonly faults: string[] = [];
  sent = 0;
  last = false;
  up = false;
  readonly child: ChildProcess;

  constructor(language: Language, role: string, endpoint: string) {
    this.child = start(language.command, [role, endpoint]);
    createInterface({ input: this.child.stdout! }).on("line", (line) => this.#heard(line));
  }

  stop(): void {
    this.child.stdin!.write("stop\n");
  }

  #heard(line: string): void {
    const said = JSON.parse(line) as { got?: number; sent?: number; last?: true; up?: true };
    if (said.got !== undefined) this.got.push(said.got);
    else if (said.sent !== undefined) this.sent = said.sent;
    else if (said.last) this.last = true;
    else if (said.up) this.up = true;
    else this.faults.push(line);
  }
}

async function startTunnel(side: "client" | "server", endpoints: readonly string[]): Promise<ChildProcess> {
  const child = start([process.execPath, join(import.meta.dirname, "tunnel.js")], [side, ...endpoints]);
  const [line] = (await once(createInterface({ input: child.stdout! }), "line")) as [string];
  if (line !== "ready") throw new Error(`a tunnel process says ${line}`);
  return child;
}

/** A TCP endpoint on which nobody listens. Both tunnel processes must find it again after a restart. */
async function freeTcp(): Promise<string> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `tcp://127.0.0.1:${port}`;
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + LIMIT;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what}: not so within ${LIMIT} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Roles, the bound one second. Each pattern has a link of its own. */
const PATTERNS = {
  "PUSH to PULL": ["push", "pull"],
  "PUB to SUB": ["sub", "pub"],
  PAIR: ["pair:connect", "pair:bind"],
  "REQ to REP": ["req", "rep"],
  "DEALER to ROUTER": ["dealer:one", "router"],
} as const;

/** By role; a second dealer, `dealer:two`, shares the router. */
export type Programs = ReadonlyMap<string, Program>;

/** How often each connection is cut. */
export const CUTS = 2;

/** Runs it all; returns what the programs saw, all of them ended. `folder` is for ipc paths. */
export async function throughCuts(language: Language, folder: string): Promise<Programs> {
  const programs = new Map<string, Program>();
  const tunnels: ChildProcess[] = [];
  const clientLinks: string[] = [];
  const serverLinks: string[] = [];
  const plain = async (name: string): Promise<string> =>
    language.transport === "tcp" ? freeTcp() : `ipc://${join(folder, name)}`;
  const run = async (): Promise<void> => {
    for (const [i, [connecting, binding]] of Object.values(PATTERNS).entries()) {
      const [near, secured, far] = [await plain(`near${i}`), await freeTcp(), await plain(`far${i}`)];
      clientLinks.push(near, secured);
      serverLinks.push(secured, far);
      programs.set(binding, new Program(language, binding, far));
      programs.set(connecting, new Program(language, connecting, near));
      if (binding === "router") programs.set("dealer:two", new Program(language, "dealer:two", near));
    }
    const all = [...programs.values()];
    const receivers = ["pull", "sub", "pair:connect", "pair:bind", "req", "dealer:one", "dealer:two"].map(
      (role) => ({ role, ...receiverOf(programs, role) }),
    );
    const flows = async (when: string): Promise<void> => {
      const marks = receivers.map(({ role, from, to }) => ({ role, to, mark: from.sent, least: to.got.length }));
      for (const { role, to, mark, least } of marks) {
        const enough = role === "req" ? 20 : WARM;
        await until(
          `${role} receives ${when}`,
          () => to.got.length >= least + enough && to.got.some((number) => number >= mark),
        );
      }
    };

    let server = await startTunnel("server", serverLinks);
    let client = await startTunnel("client", clientLinks);
    tunnels.push(server, client);
    await flows("at first");
    await kill(server);
    server = await startTunnel("server", serverLinks);
    tunnels.push(server);
    await flows("after the server's tunnel was killed");
    await kill(client);
    client = await startTunnel("client", clientLinks);
    tunnels.push(client);
    await flows("after the client's tunnel was killed");
    for (const program of all) program.stop();
    for (const { role, to } of receivers) await until(`${role} hears the last`, () => to.last);
  };
  try {
    await within(LIMIT, run(), "the whole conversation");
  } finally {
    for (const { child } of programs.values()) {
      child.stdin!.end();
      await kill(child);
    }
    for (const tunnel of tunnels) await kill(tunnel);
  }
  return programs;
}

/** Whose numbers `role` receives: DEALER and REQ get their own back. */
function receiverOf(programs: Programs, role: string): { readonly from: Program; readonly to: Program } {
  const senders: Readonly<Record<string, string>> = {
    pull: "push",
    sub: "pub",
    "pair:connect": "pair:bind",
    "pair:bind": "pair:connect",
  };
  return { from: programs.get(senders[role] ?? role)!, to: programs.get(role)! };
}
