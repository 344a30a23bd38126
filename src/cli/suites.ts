/** Which suites a command offers or accepts: `--suite`, `--aead`, `--mode`, `--pq-only`. */
import { defaultSuites, MAX_SUITES, type Suite, suiteAllowed, suiteByName } from "../mechanism/qzmq/suite.ts";
import type { Args, OptionSpec } from "./args.ts";
import { Fault } from "./fault.ts";
import { MODE_OPTIONS, modeOf } from "./names.ts";

/** For commands whose sockets speak QZMQ. */
export const SUITE_OPTIONS: readonly OptionSpec[] = [
  ...MODE_OPTIONS,
  {
    name: "suite",
    kind: "values",
    value: "SUITE",
    about: "hybrid768, hybrid1024, mlkem768, mlkem1024, x25519, or KEM/signature/AEAD/hash; the best first",
  },
  { name: "aead", kind: "value", value: "AEAD", about: "aes256gcm or chacha20poly1305; default both" },
];

/** Suites that are whole but for one part, of each kind that the parts of a suite are bound to. */
const AROUND_KEM = ["mldsa65/aes256gcm/sha384", "ed25519/aes256gcm/sha256"];
const AROUND_AEAD = ["mlkem768/mldsa44", "sha256"];

/** The suites, the most preferred first; never none. Throws {@link Fault}. */
export function suitesOf(args: Args): readonly Suite[] {
  const mode = modeOf(args);
  const all = defaultSuites(mode);
  const wanted = args.has("suite") ? args.texts("suite").flatMap((text) => named(text, all)) : all;
  const aead = args.text("aead");
  const keeps = aead === undefined ? null : aeadOf(aead);
  const suites = wanted.filter(
    (suite) => suiteAllowed(suite, mode) && (keeps === null || suite.aead === keeps),
  );
  if (suites.length === 0) {
    throw new Fault(
      "usage",
      `--suite and --aead leave no suite in mode ${mode}`,
      "name others, or choose another --mode",
    );
  }
  return [...new Map(suites.map((suite) => [suite.name, suite])).values()].slice(0, MAX_SUITES);
}

/** A whole suite, or all of the mode's with that KEM. */
function named(text: string, all: readonly Suite[]): readonly Suite[] {
  if (/[/,]/.test(text)) return [parsed(text, [text])];
  const { kem } = parsed(
    text,
    AROUND_KEM.map((rest) => `${text}/${rest}`),
  );
  return all.filter((suite) => suite.kem === kem);
}

function aeadOf(text: string): Suite["aead"] {
  const [before, after] = AROUND_AEAD;
  try {
    return suiteByName(`${before}/${text}/${after}`).aead;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Fault("usage", `--aead ${text}: no such AEAD`, "use aes256gcm or chacha20poly1305");
  }
}

function parsed(text: string, candidates: readonly string[]): Suite {
  for (const candidate of candidates) {
    try {
      return suiteByName(candidate);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new Fault(
    "usage",
    `--suite ${text}: no such suite`,
    "use hybrid768, hybrid1024, mlkem768, mlkem1024, x25519, or a whole one such as x25519+mlkem768/mldsa44/aes256gcm/sha256",
  );
}
