/** Words of command lines: algorithms under all their spellings, dates, hexadecimal digits. */
import type { SignatureName } from "../crypto/provider.ts";
import type { Mode } from "../mechanism/qzmq/algorithm.ts";
import { isName, NAME_RULE } from "../mechanism/qzmq/name.ts";
import type { Args, OptionSpec } from "./args.ts";
import { Fault } from "./fault.ts";

/** Spellings freed of case and punctuation; Dilithium's old numbers were the security categories 2, 3 and 5. */
const SIGNATURES: Readonly<Record<string, SignatureName>> = {
  mldsa44: "ML-DSA-44",
  mldsa2: "ML-DSA-44",
  mldsa65: "ML-DSA-65",
  mldsa3: "ML-DSA-65",
  mldsa87: "ML-DSA-87",
  mldsa5: "ML-DSA-87",
  ed25519: "Ed25519",
};

/** For commands that make a key. */
export const SIG_OPTION: OptionSpec = {
  name: "sig",
  kind: "value",
  value: "ALGORITHM",
  about: "mldsa44, mldsa65, mldsa87 (also mldsa2, mldsa3, mldsa5, ML-DSA-44 ...), or ed25519",
};

/** For commands that judge by a mode. */
export const MODE_OPTIONS: readonly OptionSpec[] = [
  { name: "mode", kind: "value", value: "MODE", about: "hybrid (default), pq-only, or classical" },
  { name: "pq-only", kind: "flag", about: "the same as --mode pq-only" },
];

/** The algorithm of `--sig`. Throws {@link Fault}. */
export function signatureOf(args: Args, otherwise: SignatureName): SignatureName {
  const text = args.text("sig");
  if (text === undefined) return otherwise;
  const name = text.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (Object.hasOwn(SIGNATURES, name)) return SIGNATURES[name]!;
  throw new Fault(
    "usage",
    `--sig ${text}: no such algorithm`,
    `use one of ${Object.keys(SIGNATURES).join(", ")}`,
  );
}

/** The mode of `--mode` and `--pq-only`. Throws {@link Fault}. */
export function modeOf(args: Args): Mode {
  args.atMostOneOf("mode", "pq-only");
  if (args.has("pq-only")) return "pq-only";
  return args.choice<Mode>("mode", ["hybrid", "pq-only", "classical"], "hybrid");
}

/** A peer's name, in lower case. `place` names the option. Throws {@link Fault}. */
export function nameOf(place: string, text: string): string {
  if (isName(text)) return text;
  throw new Fault("usage", `${place} ${JSON.stringify(text)}: no name`, `use ${NAME_RULE}`);
}

/** Octets from exactly `length` octets of hexadecimal digits. Throws {@link Fault}. */
export function octetsOf(place: string, text: string, length: number): Uint8Array {
  if (/^[0-9a-fA-F]*$/.test(text) && text.length === 2 * length)
    return new Uint8Array(Buffer.from(text, "hex"));
  throw new Fault(
    "usage",
    `${place} ${text}: not ${2 * length} hexadecimal digits`,
    "copy it from `qzmq cert show` or `qzmq pin`",
  );
}

/** Unix seconds of a date, `2027-01-31` or `2027-01-31T12:00:00Z`. Throws {@link Fault}. */
export function dateOf(place: string, text: string): number {
  const whole = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(whole) ? Date.parse(whole) : Number.NaN;
  // A day that its month does not have moves on to the next one.
  if (ms >= 0 && showDate(ms / 1000) === whole) return ms / 1000;
  throw new Fault(
    "usage",
    `${place} ${text}: no date`,
    "write 2027-01-31, or 2027-01-31T12:00:00Z; time is UTC, from 1970 on",
  );
}

/** A time as {@link dateOf} reads it; beyond the calendar `never`. */
export function showDate(seconds: number): string {
  return seconds > 253_402_300_799 ? "never" : new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}

/** For commands that secure connections. */
export const KEY_LOG_OPTION: OptionSpec = {
  name: "keylog",
  kind: "flag",
  about: "debugging: write the secrets into the file of QZMQKEYLOGFILE",
};
