/** Key pairs of CURVE (RFC 26) as zeromq.js makes them. */
import { wipe } from "./bytes/constant-time.ts";
import { encodeZ85 } from "./bytes/z85.ts";
import { nodeX25519 } from "./crypto/node-curves.ts";
import { random } from "./crypto/random.ts";

const SECRET_KEY_LENGTH = 32;

/** A new key pair, 40 characters of Z85 each. The secret is a string, so it cannot be wiped. */
export function curveKeyPair(): { publicKey: string; secretKey: string } {
  const secret = random(SECRET_KEY_LENGTH);
  const pair = { publicKey: encodeZ85(nodeX25519(random).publicKey(secret)), secretKey: encodeZ85(secret) };
  wipe(secret);
  return pair;
}
