/**
 * Programs that know nothing of QZMQ, every pattern at once, through one tunnel process on each side, each of which is
 * killed and started again while they talk.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { firstLine } from "../../test/support/first-line.ts";
import { freeTcp } from "../../test/support/free-port.ts";
import { within } from "../../test/support/within.ts";

/** Reached only when something hangs. */
const LIMIT = 50_000;
/** The step in which the programs end by themselves. */
const END = "at the end";
/** Messages that each receiver sees before a tunnel process is killed. */
const WARM = 100;

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
  children.delete(child);
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "close");
}

/** One end of a conversation, as it has reported so far. */
export class Part {
  /** Numbers in the order in which they were received. */
  readonly got: number[] = [];
  readonly faults: string[] = [];
  sent = 0;
  last = false;

  heard(said: { readonly got?: number; readonly sent?: number; readonly last?: true }): void {
    if (said.got !== undefined) this.got.push(said.got);
    else if (said.sent !== undefined) this.sent = said.sent;
    else if (said.last) this.last = true;
    else this.faults.push(JSON.stringify(said));
  }
}

/** By role. */
export type Parts = ReadonlyMap<string, Part>;

/** A process that plays several parts, each with its endpoint. */
function startProgram(
  language: Language,
  roles: readonly (readonly [string, string])[],
  parts: Map<string, Part>,
): ChildProcess {
  for (const [role] of roles) parts.set(role, new Part());
  const child = start(language.command, roles.flat());
  createInterface({ input: child.stdout! }).on("line", (line) => {
    const { role, ...said } = JSON.parse(line) as { role: string };
    parts.get(role)!.heard(said);
  });
  return child;
}

/** Those that connect, and those that bind: the same number has the same link. */
const CONNECTING = [
  ["push", 0],
  ["sub", 1],
  ["pair:connect", 2],
  ["req", 3],
  ["dealer:one", 4],
  ["dealer:two", 4],
] as const;
const BINDING = [
  ["pull", 0],
  ["pub", 1],
  ["pair:bind", 2],
  ["rep", 3],
  ["router", 4],
] as const;
/** Who receives, and whose numbers: DEALER and REQ get their own back. */
const FLOWS = [
  ["push", "pull"],
  ["pub", "sub"],
  ["pair:connect", "pair:bind"],
  ["pair:bind", "pair:connect"],
  ["req", "req"],
  ["dealer:one", "dealer:one"],
  ["dealer:two", "dealer:two"],
] as const;

/** How often each connection is cut. */
export const CUTS = 2;

/** Runs it all; returns what the programs saw, all of them ended. `folder` is for ipc paths. */
export async function throughCuts(language: Language, folder: string): Promise<Parts> {
  const parts = new Map<string, Part>();
  const processes: ChildProcess[] = [];
  let step = "at the start";
  /** Because a process has ended by itself, or because it is all over. */
  const stop = new AbortController();
  const add = (name: string, child: ChildProcess): void => {
    processes.push(child);
    child.once("close", (code, signal) => {
      if (children.has(child) && step !== END) stop.abort(new Error(`${name} ended with ${code ?? signal}`));
    });
  };
  const until = async (what: string, condition: () => boolean): Promise<void> => {
    const end = performance.now() + LIMIT;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`${what}: not so within ${LIMIT} ms`);
      await pause(5);
      stop.signal.throwIfAborted();
    }
  };
  const flows = async (when: string): Promise<void> => {
    step = when;
    const marks = FLOWS.map(([from, to]) => [to, parts.get(from)!.sent, parts.get(to)!.got.length] as const);
    for (const [to, mark, before] of marks) {
      const { got } = parts.get(to)!;
      const enough = before + (to === "req" ? 20 : WARM);
      await until(`${to} receives`, () => got.length >= enough && got.some((number) => number >= mark));
    }
  };
  // A PAIR of libzmq has its former peer until it has read all of that one's messages, and neither takes nor closes the
  // connection of a next peer meanwhile: it stays silent for ever, with or without a tunnel.
  const readUp = async (): Promise<void> => {
    const count = (): number => [...parts.values()].reduce((sum, { got }) => sum + got.length, 0);
    for (let before = -1; before !== count(); await pause(500)) before = count();
  };
  const tunnel = async (side: "client" | "server", endpoints: readonly string[]): Promise<ChildProcess> => {
    stop.signal.throwIfAborted();
    const name = `the ${side}'s tunnel process`;
    const child = start([process.execPath, join(import.meta.dirname, "tunnel.js")], [side, ...endpoints]);
    add(name, child);
    const line = await firstLine(child, name);
    if (line !== "ready") throw new Error(`${name} says ${line}`);
    return child;
  };
  const run = async (): Promise<void> => {
    const plain = async (name: string): Promise<string> =>
      language.transport === "tcp" ? freeTcp() : `ipc://${join(folder, name)}`;
    const near: string[] = [];
    const far: string[] = [];
    const clientLinks: string[] = [];
    const serverLinks: string[] = [];
    for (const [i] of BINDING.entries()) {
      near.push(await plain(`near${i}`));
      far.push(await plain(`far${i}`));
      const secured = await freeTcp();
      clientLinks.push(near[i]!, secured);
      serverLinks.push(secured, far[i]!);
    }
    const binding = BINDING.map(([role, link]) => [role, far[link]!] as const);
    const connecting = CONNECTING.map(([role, link]) => [role, near[link]!] as const);
    add("the program that binds", startProgram(language, binding, parts));
    add("the program that connects", startProgram(language, connecting, parts));
    const server = await tunnel("server", serverLinks);
    const client = await tunnel("client", clientLinks);
    await flows("at first");
    await kill(server);
    await readUp();
    await tunnel("server", serverLinks);
    await flows("after the server's tunnel was killed");
    await kill(client);
    await readUp();
    await tunnel("client", clientLinks);
    await flows("after the client's tunnel was killed");
    step = END;
    for (const program of processes.slice(0, 2)) program.stdin!.write("stop\n");
    for (const [, to] of FLOWS) await until(`${to} hears the last`, () => parts.get(to)!.last);
  };
  try {
    await within(LIMIT, run(), "the whole conversation");
  } catch (error) {
    const counts = [...parts].map(([role, { sent, got }]) => `${role} sent ${sent}, got ${got.length}`);
    throw new Error(`${step}: ${(error as Error).message}; ${counts.join("; ")}`, { cause: error });
  } finally {
    stop.abort(new Error("it is over"));
    for (const child of processes) await kill(child);
  }
  return parts;
}
