/** Which suites a command offers or accepts: `--suite`, `--aead`, `--mode`, `--pq-only`. */
import { KEM_WORDS, suitesOfWish, type Wish, wishOf } from "../config/suites.ts";
import { MAX_SUITES, octetByName, type Suite } from "../mechanism/qzmq/suite.ts";
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

/** The suites, the most preferred first; never none. Throws {@link Fault}. */
export function suitesOf(args: Args): readonly Suite[] {
  const mode = modeOf(args);
  const text = args.text("aead");
  const aead = text === undefined ? undefined : aeadOf(text);
  const wishes = args.has("suite") ? args.texts("suite").map(wished) : [{}];
  const suites = wishes
    .flatMap((wish: Wish) => suitesOfWish(aead === undefined ? wish : { aead, ...wish }, mode))
    .filter(({ octets }) => aead === undefined || octets[2] === aead);
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
function wished(text: string): Wish {
  try {
    return wishOf(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Fault(
      "usage",
      `--suite ${text}: no such suite`,
      `use ${KEM_WORDS}; or a whole one such as x25519+mlkem768/mldsa44/aes256gcm/sha256`,
    );
  }
}

function aeadOf(text: string): number {
  const octet = octetByName(2, text);
  if (octet !== undefined) return octet;
  throw new Fault("usage", `--aead ${text}: no such AEAD`, "use aes256gcm or chacha20poly1305");
}
