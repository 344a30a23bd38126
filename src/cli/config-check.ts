/** `qzmq config check`: whether a tunnel could run a configuration, without running it. */
import type { Configuration, LinkConfiguration } from "../config/configuration.ts";
import { showProblem } from "../config/parse.ts";
import type { Problem } from "../config/report.ts";
import { visible } from "../observe/visible.ts";
import { loadMaterials } from "../tunnel/materials.ts";
import type { Args } from "./args.ts";
import type { Command, Io } from "./command.ts";
import { passphraseSource, problemsFault, readConfiguration } from "./configuration.ts";
import { OPEN_OPTION } from "./passphrase.ts";
import { JSON_OPTION, print } from "./print.ts";

/** See the head of this file. */
export const configCheck: Command = {
  operands: { name: "FILE", min: 1, max: 1 },
  options: [OPEN_OPTION, JSON_OPTION],
  notes: [
    "FILE is YAML or JSON; spec/operation/configuration.md lists every key. All mistakes are told, each with its line",
    "and column. Warnings, such as of a certificate that has expired, do not make it fail.",
  ],
  run: (args, io) => check("", args.operands[0]!, args, io),
};

/** Checks a file and says what it holds. `place` names the option that gave it. Throws {@link Fault}. */
export async function check(place: string, path: string, args: Args, io: Io): Promise<void> {
  const { configuration, problems } = await readConfiguration(place, path);
  if (configuration === null) return refuse(path, problems, args, io);
  const passphrases = passphraseSource(args, io);
  try {
    const materials = await loadMaterials(configuration, null, passphrases.ask, io.now());
    materials.identities.dispose();
    if (materials.problems.length > 0) return await refuse(path, materials.problems, args, io);
    for (const warning of materials.warnings) {
      io.err(`${visible(showProblem(path, warning))}\n  fix: ${warning.mend}\n`);
    }
    await accept(path, configuration, materials.warnings, args, io);
  } finally {
    passphrases.forget();
  }
}

async function refuse(path: string, problems: readonly Problem[], args: Args, io: Io): Promise<never> {
  await print(args, io, { file: path, ok: false, problems }, []);
  throw problemsFault(path, problems);
}

async function accept(
  path: string,
  { links, status }: Configuration,
  warnings: readonly Problem[],
  args: Args,
  io: Io,
): Promise<void> {
  const shown = links.map(({ name, side, listen, connect, phase, mode, suites }) => ({
    ...{ name, side, listen, connect, phase, mode, suites },
  }));
  const served = status === null ? null : { address: status.address, port: status.port };
  await print(args, io, { file: path, ok: true, links: shown, status: served, warnings }, [
    `${path}: fine`,
    ...links.map(lineOf),
    status === null ? "no status" : `status on ${status.address} port ${status.port}`,
  ]);
}

function lineOf({ name, side, listen, connect, phase, mode, old }: LinkConfiguration): string {
  const [from, to] = side === "client" ? ["plain", "QZMQ"] : ["QZMQ", "plain"];
  const beside = old === null ? "" : `; old link ${phase === 4 ? "refused" : "open"} on ${old.listen}`;
  return `link ${name}: ${from} on ${listen}, ${to} to ${connect}; phase ${phase}, ${mode}${beside}`;
}
