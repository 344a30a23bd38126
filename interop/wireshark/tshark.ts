/** tshark from the tests' side: whether it can run here, runs over a capture, and the packets it saw. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "../../test/support/within.ts";

/** Where the Lua files are: not built, so beside the sources. */
export const SOURCES = join(import.meta.dirname, "../../../interop/wireshark");
const LIMIT = 50_000;

export const folder = mkdtempSync(join(tmpdir(), "qzmq-wireshark-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Why tshark cannot run here, or null. */
export function whyNot(): string | null {
  const { status, stdout } = spawnSync("tshark", ["--version"], { encoding: "utf8" });
  if (status !== 0) return "there is no tshark";
  return / with Lua/.test(stdout.replaceAll("\n", " ")) ? null : "tshark was built without Lua";
}

/** What tshark wrote. Its complaints about Lua are an error here, whatever its exit code. */
export interface Output {
  readonly out: string;
  readonly err: string;
}

/** Runs tshark with settings of its own, not the user's. Throws when it fails, or when Lua does. */
export async function tshark(args: readonly string[], home = folder): Promise<Output> {
  const child = spawn("tshark", [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: join(home, ".config") },
  });
  const text = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    text.out += piece;
  });
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    text.err += piece;
  });
  try {
    const [code] = (await within(LIMIT, once(child, "close"), "tshark")) as [number];
    if (code !== 0) throw new Error(`tshark ended with ${code}: ${text.err}`);
    if (/lua/i.test(text.err) || /Lua Error/.test(text.out)) throw new Error(`Lua: ${text.err || text.out}`);
    return text;
  } finally {
    child.kill("SIGKILL");
  }
}

/** A packet's values by field name, in the order of the packet; absent fields are empty. */
export type Row = Readonly<Record<string, readonly string[]>>;

/** What to dissect, and how. */
export interface Dissection {
  readonly capture: string;
  readonly keyLog?: string;
  /** Display filter. */
  readonly filter?: string;
  /** Ports for the dissector's preference, where heuristics cannot tell. */
  readonly ports?: string;
  /** Two passes, as in the graphical program. */
  readonly twice?: boolean;
}

/** Between values, none of which holds it. */
const BETWEEN = "|";

export function scriptArgs({ capture, keyLog, ports, twice }: Dissection): string[] {
  return [
    ...["-X", `lua_script:${join(SOURCES, "qzmq.lua")}`, "-r", capture],
    ...(keyLog === undefined ? [] : ["-o", `qzmq.keylog_file:${keyLog}`]),
    ...(ports === undefined ? [] : ["-o", `zmtp31.tcp_ports:${ports}`]),
    ...(twice === true ? ["-2"] : []),
  ];
}

/** Dissects a capture into rows. Throws when Lua made a mistake. */
export async function dissect(dissection: Dissection, fields: readonly string[]): Promise<Row[]> {
  const all = [...fields, "_ws.expert.message", "frame.number"];
  const { out } = await tshark([
    ...scriptArgs(dissection),
    ...[
      "-Y",
      dissection.filter ?? "zmtp31",
      "-T",
      "fields",
      "-E",
      `aggregator=${BETWEEN}`,
      "-E",
      "separator=/t",
    ],
    ...all.flatMap((field) => ["-e", field]),
  ]);
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const values = line.split("\t");
      const row = Object.fromEntries(
        all.map((field, i) => [field, values[i] === "" ? [] : (values[i] ?? "").split(BETWEEN)]),
      );
      const bad = row["_ws.expert.message"]!.find((text) =>
        /Lua Error|Malformed Packet|Dissector bug/i.test(text),
      );
      if (bad !== undefined) throw new Error(`packet ${row["frame.number"]}: ${bad}`);
      return row;
    });
}

/** All values of a field, packet by packet. */
export function valuesOf(rows: readonly Row[], field: string): string[] {
  return rows.flatMap((row) => row[field]!);
}
