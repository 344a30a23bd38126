/** Key pairs of CURVE (RFC 26) as zeromq.js makes them. */
import { wipe } from "./bytes/constant-time.ts";
import { encodeZ85 } from "./bytes/z85.ts";
import { cryptoProvider } from "./crypto/select.ts";

const SECRET_KEY_LENGTH = 32;

/** A new key pair, 40 characters of Z85 each. The secret is a string, so it cannot be wiped. */
export function curveKeyPair(): { publicKey: string; secretKey: string } {
  const { random, x25519 } = cryptoProvider("auto");
  const secret = random(SECRET_KEY_LENGTH);
  const pair = { publicKey: encodeZ85(x25519.publicKey(secret)), secretKey: encodeZ85(secret) };
  wipe(secret);
  return pair;
}
