/**
 * What QZMQ asks of Ed25519 beyond the curve arithmetic, so that every back end accepts the same signatures: the
 * message that is signed, and the points that are refused (spec, "Signatures").
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
 * True unless the 32 octets encode a y that is not reduced (RFC 8032, section 5.1.3, step 1) or a point of small
 * order. Whether there is a point at all is left to the back end. The one other non-canonical form, x = 0 with its
 * sign set, occurs in points of small order only.
 */
export function isAcceptablePoint(octets: Uint8Array): boolean {
  let y = BigInt(octets[31]! & 0x7f);
  for (let i = 30; i >= 0; i--) y = (y << 8n) | BigInt(octets[i]!);
  return y < P && !SMALL_ORDER_Y.includes(y);
}

/**
 * Both points of a verification, the public key A and the R of the signature. Under an A of small order one signature
 * fits many messages; an R of small order no honest signer makes, and some runtimes refuse it while others do not.
 */
export function hasAcceptablePoints(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return isAcceptablePoint(publicKey) && isAcceptablePoint(signature.subarray(0, 32));
}
