/** The second peer from the tests' side: starts it, hands it files and steps, collects what it reports. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const SOURCES = join(import.meta.dirname, "../../../interop/second-peer");
/** Milliseconds after which a peer is killed: ample, so that only one that hangs meets it. */
const LIMIT = 40_000;

/** Why the second peer cannot run here, or null. In continuous integration there is no excuse. */
export function whyNot(): string | null {
  const check = "import sys; sys.exit(sys.version_info < (3, 9))";
  const { status, error } = spawnSync("python3", ["-c", check]);
  if (status === 0) return null;
  const reason = error === undefined ? "python3 is older than 3.9" : "there is no python3";
  if (process.env["CI"] === "true") throw new Error(`the second peer must run here, but ${reason}`);
  return reason;
}

/** Files of one run of the tests; gone when the process ends. */
export const folder = mkdtempSync(join(tmpdir(), "qzmq-second-peer-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** Writes a text file and returns its path. */
export function file(text: string): string {
  const path = join(folder, `file-${++files}`);
  writeFileSync(path, text);
  return path;
}

/** A new path for whoever writes the file. */
export function freshPath(): string {
  return join(folder, `file-${++files}`);
}

/** Identities that Python made: root.crt, server.crt and .key, client.crt and .key with a passphrase, pins.txt. */
export function pythonIdentities(): { readonly passphrase: Uint8Array; path(name: string): string } {
  const made = join(folder, `identities-${++files}`);
  mkdirSync(made);
  const { status, stderr } = spawnSync("python3", [join(SOURCES, "make_identities.py"), made]);
  if (status !== 0) throw new Error(String(stderr));
  const passphrase = new TextEncoder().encode("passphräse".normalize("NFC"));
  return { passphrase, path: (name) => join(made, name) };
}

/** A line of the peer's report. */
export type Report = { readonly event: string } & Readonly<Record<string, unknown>>;

/** What a peer is and does: the configuration file of qzmq_peer.py, see README.md. */
export interface PeerOptions {
  readonly role: "client" | "server";
  readonly steps: readonly ({ readonly do: string } & Readonly<Record<string, unknown>>)[];
  readonly [option: string]: unknown;
}

/** A running Python peer. */
export class PythonPeer {
  readonly #child: ChildProcess;
  readonly #reports: Report[] = [];
  readonly #ended: Promise<Report[]>;
  readonly #port: Promise<number>;

  constructor(options: PeerOptions) {
    const config = file(JSON.stringify(options));
    this.#child = spawn("python3", [join(SOURCES, "qzmq_peer.py"), config], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LIMIT,
      env: { ...process.env, NODE: process.execPath, NODE_V8_COVERAGE: undefined },
    });
    let errors = "";
    this.#child.stderr!.on("data", (text: Buffer) => {
      errors += text;
    });
    const lines = createInterface({ input: this.#child.stdout! });
    this.#port = new Promise((resolve, reject) => {
      lines.on("line", (line) => {
        const report = JSON.parse(line) as Report;
        if (report.event === "listening") resolve(report["port"] as number);
        else this.#reports.push(report);
      });
      this.#child.on("close", () => reject(new Error("python3 ended before it listened")));
    });
    // Only those who ask for the endpoint care.
    this.#port.catch(() => {});
    this.#ended = once(this.#child, "close").then(([code]) => {
      const done = code === 0;
      if (!done)
        throw new Error(`python3 ended with ${code}: ${errors} after ${JSON.stringify(this.#reports)}`);
      return this.#reports;
    });
  }

  /** The endpoint, of a peer that listens. */
  async endpoint(): Promise<string> {
    return `tcp://127.0.0.1:${await this.#port}`;
  }

  /** All reports, when the process has ended well. Rejects with what Python said otherwise. */
  reports(): Promise<Report[]> {
    return this.#ended;
  }
}

/** The hash of a direction as Python computes it: for each message its number of frames u32, then each v32<frame>. */
export class MessageHash {
  readonly #hash = createHash("sha256");

  add(message: readonly Uint8Array[]): void {
    this.#hash.update(u32(message.length));
    for (const frame of message) this.#hash.update(u32(frame.length)).update(frame);
  }

  hex(): string {
    return this.#hash.digest("hex");
  }
}

function u32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}
