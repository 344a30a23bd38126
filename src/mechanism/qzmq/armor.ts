/** Text armour for files: base64 between a BEGIN and an END line, in the manner of RFC 7468 (spec, "Files"). */
import { LayoutError } from "../../bytes/reader.ts";

/** What a block holds. A chain is several certificate blocks, end entity first. */
export type ArmorLabel = "QZMQ PRIVATE KEY" | "QZMQ PUBLIC KEY" | "QZMQ CERTIFICATE" | "QZMQ REVOCATION LIST";

/** One block of an armoured file. */
export interface ArmorBlock {
  readonly label: ArmorLabel;
  readonly octets: Uint8Array;
}

/** No file is longer, in characters: more than the largest revocation list takes. */
export const MAX_ARMOR = 8 * 1024 * 1024;
const MAX_BLOCKS = 256;
const LINE = 64;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const BEGIN = /^-----BEGIN ([A-Z ]+)-----$/;
const LABELS: readonly string[] = [
  "QZMQ PRIVATE KEY",
  "QZMQ PUBLIC KEY",
  "QZMQ CERTIFICATE",
  "QZMQ REVOCATION LIST",
] satisfies readonly ArmorLabel[];

/** One block as text: 64 characters on each line but the last, every line ended by a line feed. */
export function armor(label: ArmorLabel, octets: Uint8Array): string {
  const base64 = Buffer.from(octets).toString("base64");
  const lines = [`-----BEGIN ${label}-----`];
  for (let at = 0; at < base64.length; at += LINE) lines.push(base64.slice(at, at + LINE));
  lines.push(`-----END ${label}-----`, "");
  return lines.join("\n");
}

/**
 * Parses an armoured file, strictly: blocks exactly as {@link armor} writes them, and between them only blank lines and
 * comments that begin with `#`. Lines may end with CR LF. Throws {@link LayoutError}, with the line where it can.
 */
export function dearmor(text: string): ArmorBlock[] {
  if (text.length > MAX_ARMOR) throw new LayoutError(`over ${MAX_ARMOR} characters`);
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  const blocks: ArmorBlock[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.trim() === "" || line.startsWith("#")) continue;
    const label = BEGIN.exec(line)?.[1];
    if (!isLabel(label)) throw new LayoutError(`line ${i + 1}: want -----BEGIN QZMQ ...-----`);
    if (blocks.length === MAX_BLOCKS) throw new LayoutError(`over ${MAX_BLOCKS} blocks`);
    const end = lines.indexOf(`-----END ${label}-----`, i + 1);
    if (end < 0) throw new LayoutError(`line ${i + 1}: no -----END ${label}----- follows`);
    blocks.push({ label, octets: decodeBody(lines.slice(i + 1, end), i + 1) });
    i = end;
  }
  return blocks;
}

function isLabel(label: string | undefined): label is ArmorLabel {
  return label !== undefined && LABELS.includes(label);
}

function decodeBody(lines: readonly string[], before: number): Uint8Array {
  for (const [i, line] of lines.entries()) {
    const last = i === lines.length - 1;
    if (last ? line.length === 0 || line.length > LINE : line.length !== LINE) {
      throw new LayoutError(`line ${before + i + 1}: want ${LINE} characters on each line but the last`);
    }
    if (!BASE64.test(line)) throw new LayoutError(`line ${before + i + 1}: not base64`);
  }
  const base64 = lines.join("");
  const octets = Buffer.from(base64, "base64");
  // Only what comes back the same was padded right, and without bits of no octet.
  if (octets.toString("base64") !== base64)
    throw new LayoutError(`line ${before + lines.length}: not base64`);
  return new Uint8Array(octets);
}
