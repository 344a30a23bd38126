/** Names of peers: subjects and alternative names in certificates, names in pin files (spec, "Names"). */

const NAME = /^[a-z0-9._:@/+-]{1,255}$/;
const LOOKS_LIKE_A_PIN = /^[0-9a-f]{64}$/;

/**
 * Whether `text` can name a peer: 1..255 of `a-z 0-9 . _ : @ / + -`, and not 64 hexadecimal digits, which is how a pin
 * without a name is reported: no authority can certify somebody as such a pin.
 */
export function isName(text: string): boolean {
  return NAME.test(text) && !LOOKS_LIKE_A_PIN.test(text);
}

/** What {@link isName} wants, for error messages. */
export const NAME_RULE = "1..255 of a-z 0-9 . _ : @ / + -, and not 64 hexadecimal digits";
