/** The configuration file that a command is given: read, parsed, and what is wrong with it told. */
import { dirname, resolve } from "node:path";
import type { Configuration } from "../config/configuration.ts";
import { type Parsed, parseConfiguration, showProblem } from "../config/parse.ts";
import type { Problem } from "../config/report.ts";
import { MAX_FILE } from "../config/tree.ts";
import type { AskPassphrase } from "../tunnel/identities.ts";
import { NoPassphrase } from "../tunnel/materials.ts";
import type { Args } from "./args.ts";
import type { Io } from "./command.ts";
import { at, Fault } from "./fault.ts";
import { oldPassphrase } from "./passphrase.ts";
import { readFile } from "./trouble.ts";

const LF = 0x0a;

/** Reads and parses it. `place` names the option that gave the path. Throws {@link Fault} when it cannot be read. */
export function readConfiguration(place: string, path: string): Promise<Parsed> {
  return parseConfiguration(textOf(place, path), { file: path, folder: dirname(resolve(path)) });
}

/** The configuration in it. Throws {@link Fault}, telling all problems. */
export async function configurationOf(place: string, path: string): Promise<Configuration> {
  const { configuration, problems } = await readConfiguration(place, path);
  if (configuration === null) throw problemsFault(path, problems);
  return configuration;
}

/** At least one problem as a failure. */
export function problemsFault(path: string, problems: readonly Problem[]): Fault {
  const [first, ...more] = problems.map((problem) => ({
    message: showProblem(path, problem),
    mend: problem.mend,
  }));
  return new Fault("failed", first!.message, first!.mend, more);
}

/**
 * Asks for passphrases as the command line says, while a command begins. A descriptor gives one passphrase for all
 * keys; `forget` wipes it, and from then on nobody can be asked.
 */
export function passphraseSource(args: Args, io: Io): { readonly ask: AskPassphrase; forget(): void } {
  let over = false;
  let given: Uint8Array | null = null;
  return {
    async ask(keyFile) {
      if (over) {
        throw new NoPassphrase(
          "is under a passphrase, which nobody can be asked for while the tunnel runs",
          "name a passphrase_file beside the key, or start the tunnel again",
        );
      }
      try {
        if (!args.has("passphrase-fd")) return await oldPassphrase(args, io, keyFile);
        given ??= await oldPassphrase(args, io, keyFile);
        return given.slice();
      } catch (error) {
        if (!(error instanceof Fault) || error.exit === 130) throw error;
        throw new NoPassphrase(error.message, `${error.mend}; or name a passphrase_file beside the key`);
      }
    },
    forget() {
      over = true;
      given?.fill(0);
    },
  };
}

function textOf(place: string, path: string): string {
  const octets = readFile(place, path, MAX_FILE);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const line = octets.subarray(0, whereUtf8Ends(octets)).reduce((n, octet) => n + Number(octet === LF), 1);
    throw new Fault("failed", `${at(place, path)}:${line}: not UTF-8`, "save it as UTF-8");
  }
}

/** How many octets come before the first that is not UTF-8. */
function whereUtf8Ends(octets: Uint8Array): number {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(octets);
  const encoder = new TextEncoder();
  // What was replaced does not come back the same.
  const again = encoder.encode(text);
  const end = octets.findIndex((octet, i) => octet !== again[i]);
  return end === -1 ? octets.length : end;
}
