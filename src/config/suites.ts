/** Which suites a wish stands for: a KEM's name, a whole suite, or some of its four parts. */
import type { Mode } from "../mechanism/qzmq/algorithm.ts";
import {
  defaultSuites,
  hasClassicalPart,
  MAX_SUITES,
  octetByName,
  parseSuite,
  type Suite,
  suiteAllowed,
  suiteByName,
} from "../mechanism/qzmq/suite.ts";

/** The parts of a suite in their order. */
export const PARTS = ["kem", "sig", "aead", "hash"] as const;

/** Octets of the parts that are wished for; those that are left out may be anything. */
export type Wish = { readonly [P in (typeof PARTS)[number]]?: number };

/** What command lines and configuration call the KEMs. */
export const KEM_WORDS = "hybrid768, hybrid1024, mlkem768, mlkem1024, or x25519";

/** The wish that one word or a whole suite between slashes stands for. Throws `RangeError`. */
export function wishOf(text: string): Wish {
  if (!/[/,]/.test(text)) {
    const kem = octetByName(0, text);
    if (kem !== undefined) return { kem };
    throw new RangeError(`${JSON.stringify(text)} is no suite`);
  }
  const [kem, sig, aead, hash] = suiteByName(text).octets as unknown as [number, number, number, number];
  return { kem, sig, aead, hash };
}

/** The suites of `mode` that have all that is wished for, the most preferred first, 16 at most; empty when none has. */
export function suitesOfWish(wish: Wish, mode: Mode): readonly Suite[] {
  const wanted = PARTS.map((part) => wish[part]);
  const whole = wanted.every((octet) => octet !== undefined);
  const fits = ({ octets }: Suite) => wanted.every((octet, i) => octet === undefined || octet === octets[i]);
  const preferred = defaultSuites(mode).filter(fits);
  if (preferred.length > 0 && !whole) return preferred;
  return everySuite()
    .filter((suite) => fits(suite) && suiteAllowed(suite, mode))
    .slice(0, MAX_SUITES);
}

/** Why {@link suitesOfWish} found none, and what to do about it. */
export function unmet(wish: Wish, mode: Mode): { readonly why: string; readonly mend: string } {
  const { kem = 0, sig = 0, aead = 0, hash = 0 } = wish;
  const classical = hasClassicalPart(Uint8Array.of(kem, sig, aead, hash));
  if (mode === "pq-only" && classical) {
    return {
      why: "a suite with a classical part, which pq-only excludes",
      mend: "choose kem mlkem768 or mlkem1024 and an mldsa sig, or leave pq-only out",
    };
  }
  if ((kem === 1 || sig === 1) && mode !== "classical") {
    return {
      why: "a classical suite, which does not resist a quantum computer",
      mend: "choose kem x25519+mlkem768; or say mode: classical if that is what you want",
    };
  }
  if (kem === 3 || kem === 5) {
    return {
      why: "no such combination: a kem with mlkem1024 goes with sig mldsa65 or mldsa87, and with hash sha384",
      mend: "set sig: mldsa65 and hash: sha384, or choose kem x25519+mlkem768",
    };
  }
  return {
    why: "no such combination: kem x25519 goes with sig ed25519 and with nothing else",
    mend: "set kem: x25519+mlkem768 and sig: mldsa44",
  };
}

/** All valid combinations, by their octets. */
function everySuite(): readonly Suite[] {
  const found: Suite[] = [];
  for (let kem = 1; kem <= 5; kem++) {
    for (let sig = 1; sig <= 4; sig++) {
      for (let rest = 0; rest < 4; rest++) {
        const suite = parseSuite(Uint8Array.of(kem, sig, 1 + (rest >> 1), 1 + (rest & 1)));
        if (suite !== null) found.push(suite);
      }
    }
  }
  return found;
}
