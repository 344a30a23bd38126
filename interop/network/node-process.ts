/** A node as the process that it is: started, talked to, killed, and what it has printed. */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { within } from "../../test/support/within.ts";

/** One line that a node has printed. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string };

/** Ample: reached only when something hangs. */
const PATIENCE = 60_000;

/** One node, from start to start. */
export class NodeProcess {
  readonly name: string;
  /** Everything that all its processes printed; also in the file NAME.log. */
  readonly lines: LogLine[] = [];
  readonly #folder: string;
  readonly #waiting = new Set<() => void>();
  #child: ChildProcess | null = null;
  #ended: Promise<number | string> = Promise.resolve(0);

  /** `folder` holds its configuration, NAME.json. */
  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.name = name;
  }

  /** Starts a process; resolves when it says that it has started. */
  async start(): Promise<void> {
    const since = this.lines.length;
    const script = join(import.meta.dirname, "node.js");
    const child = spawn(process.execPath, [script, join(this.#folder, `${this.name}.json`)], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    // It may be killed while it is talked to.
    child.stdin.on("error", () => {});
    child.stderr.on("data", (text: Buffer) => this.#record(text.toString()));
    createInterface({ input: child.stdout }).on("line", (line) => this.#heard(line));
    this.#ended = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        resolve(code ?? signal ?? "");
        this.#notify();
      });
    });
    const early = this.#ended.then((code) => {
      throw new Error(`${this.name} ended with ${code}; see ${this.#logFile}`);
    });
    early.catch(() => {});
    await Promise.race([this.saw(({ event }) => event === "started", "its start", since), early]);
  }

  /** The first line after the first `since` ones for which `fits` holds; waits for it. */
  async saw(fits: (line: LogLine) => boolean, what: string, since = 0): Promise<LogLine> {
    const found = async () => {
      for (;;) {
        const line = this.lines.slice(since).find(fits);
        if (line !== undefined) return line;
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    };
    return within(PATIENCE, found(), `${this.name}: ${what} (see ${this.#logFile})`);
  }

  /** Gives it a command, as somebody at its terminal would. */
  command(line: "rotate" | "recheck" | "reconnect"): void {
    this.#child?.stdin?.write(`${line}\n`);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#ended;
  }

  /** Ends it in good order; its exit code. */
  async stop(): Promise<number | string> {
    this.#child?.stdin?.end();
    return within(PATIENCE, this.#ended, `the end of ${this.name}`);
  }

  get #logFile(): string {
    return join(this.#folder, `${this.name}.log`);
  }

  #record(text: string): void {
    appendFileSync(this.#logFile, text);
  }

  #heard(text: string): void {
    this.#record(`${text}\n`);
    this.lines.push(JSON.parse(text) as LogLine);
    this.#notify();
  }

  #notify(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
