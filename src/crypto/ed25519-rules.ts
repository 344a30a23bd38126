/**
 * What QZMQ asks of Ed25519 beyond the curve arithmetic, so that every back end accepts the same signatures: the
 * message that is signed, and the public keys that are refused (spec, "Signatures").
 */

/** context || 0x00 || message. */
export function ed25519Message(context: Uint8Array, message: Uint8Array): Uint8Array {
  const out = new Uint8Array(context.length + 1 + message.length);
  out.set(context);
  out.set(message, context.length + 1);
  return out;
}

/** The prime 2^255 - 19. */
const P = 2n ** 255n - 19n;
/** One of the two y that points of order 8 have; the other is its negative. */
const Y_ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
/** y of every point whose order divides 8, the sign of x left aside. */
const SMALL_ORDER_Y: readonly bigint[] = [0n, 1n, P - 1n, Y_ORDER_8, P - Y_ORDER_8];

/**
 * True unless the 32 octets encode y without reducing it (RFC 8032, section 5.1.3, step 1) or a point of small order,
 * under which one signature fits many messages. Whether there is a point at all is left to the back end. The one
 * other non-canonical form, x = 0 with its sign set, occurs in points of small order only.
 */
export function isAcceptableKey(publicKey: Uint8Array): boolean {
  let y = 0n;
  for (let i = 31; i >= 0; i--) y = (y << 8n) | BigInt(i === 31 ? publicKey[i]! & 0x7f : publicKey[i]!);
  return y < P && !SMALL_ORDER_Y.includes(y);
}
