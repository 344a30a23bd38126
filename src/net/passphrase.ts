/** What a passphrase is, wherever it comes from: UTF-8 in Unicode normal form C (spec, "Files"). */
import { utf8 } from "../bytes/writer.ts";

/** Octets of the longest passphrase. */
export const LONGEST_PASSPHRASE = 1024;

/** The passphrase in normal form, a copy, the caller's to wipe. Throws `RangeError` for none, a long one, or no UTF-8. */
export function passphraseOf(octets: Uint8Array): Uint8Array {
  if (octets.length === 0) throw new RangeError("an empty passphrase");
  if (octets.length > LONGEST_PASSPHRASE)
    throw new RangeError(`a passphrase over ${LONGEST_PASSPHRASE} octets`);
  if (octets.every((octet) => octet < 0x80)) return new Uint8Array(octets);
  try {
    return utf8(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets).normalize("NFC"));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new RangeError("a passphrase that is not UTF-8");
  }
}

/** What comes before the line end, LF or CR LF, if there is one. */
export function withoutLineEnd(octets: Uint8Array): Uint8Array {
  let { length } = octets;
  if (octets[length - 1] === 0x0a) length--;
  if (octets[length - 1] === 0x0d) length--;
  return octets.subarray(0, length);
}
