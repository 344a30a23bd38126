/** The configuration file that a command is given: read, parsed, and what is wrong with it told. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
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
import { systemFault } from "./trouble.ts";

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
  let file: number;
  try {
    // Without O_NONBLOCK, opening a FIFO waits for a writer.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw systemFault(place, path, error);
  }
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory()) throw systemFault(place, path, { code: "EISDIR" });
    if (!stats.isFile())
      throw new Fault("failed", `${at(place, path)}: is no regular file`, "give the path of a file");
    if (stats.size > MAX_FILE) {
      throw new Fault(
        "failed",
        `${at(place, path)}: over ${MAX_FILE} octets`,
        "see that it is the right file",
      );
    }
    const octets = readFileSync(file);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(octets);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new Fault("failed", `${at(place, path)}: not UTF-8`, "save it as UTF-8");
    }
  } finally {
    closeSync(file);
  }
}
