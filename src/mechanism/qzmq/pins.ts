/** Pins, and the file that lists them: one "pin, name" on a line (spec, "Pins"). */
import { LayoutError } from "../../bytes/reader.ts";
import { hex } from "./algorithm.ts";
import { isName, NAME_RULE } from "./name.ts";

/** More pins than this in one file are refused. */
export const MAX_PINS = 65_536;

/** A pinned key. */
export interface Pin {
  /** 32 octets. */
  readonly fingerprint: Uint8Array;
  /** What the key's holder is called; `null` for the pin in hex. */
  readonly name: string | null;
}

const FINGERPRINT = /^[0-9a-f]{64}$/;

/** The identity of whoever holds the pinned key: its name, or the pin in hex. */
export function identityOfPin(pin: Pin): string {
  return pin.name ?? hex(pin.fingerprint);
}

/**
 * Parses a pin file: lines of 64 lower-case hexadecimal digits, and optionally a comma and a name; `#` begins a comment
 * line; blank lines and blanks around a part do not count. One name may have several pins, one pin only one line.
 * Throws {@link LayoutError} with the number of the offending line.
 */
export function parsePins(text: string): Pin[] {
  const pins: Pin[] = [];
  const seen = new Set<string>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const comma = line.indexOf(",");
    const digits = (comma < 0 ? line : line.slice(0, comma)).trim();
    const name = comma < 0 ? null : line.slice(comma + 1).trim();
    if (!FINGERPRINT.test(digits)) throw lineError(index, "want a pin of 64 lower-case hexadecimal digits");
    if (name !== null && !isName(name)) throw lineError(index, `want a name of ${NAME_RULE}`);
    if (seen.has(digits)) throw lineError(index, "this pin was listed before");
    if (pins.length === MAX_PINS) throw lineError(index, `over ${MAX_PINS} pins`);
    seen.add(digits);
    pins.push({ fingerprint: new Uint8Array(Buffer.from(digits, "hex")), name });
  }
  return pins;
}

/** One line of a pin file for each pin, as {@link parsePins} reads it. */
export function formatPins(pins: readonly Pin[]): string {
  return pins
    .map(({ fingerprint, name }) => `${hex(fingerprint)}${name === null ? "" : `, ${name}`}\n`)
    .join("");
}

function lineError(index: number, message: string): LayoutError {
  return new LayoutError(`line ${index + 1}: ${message}`);
}
