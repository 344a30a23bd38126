/** Key pairs that node:crypto draws by itself. */

import type { KeyObject } from "node:crypto";
import * as crypto from "node:crypto";

/** DER of a SubjectPublicKeyInfo (RFC 5280), as node:crypto names it. */
export const SPKI = { format: "der", type: "spki" } as const;

/** The types this is compiled against know neither the younger names nor half of a key pair encoded. */
type Draw = (
  name: string,
  options: { readonly publicKeyEncoding: typeof SPKI },
) => { readonly publicKey: Buffer; readonly privateKey: KeyObject };

/**
 * A fresh key pair by node:crypto's name of the algorithm. `publicKey` is the last `publicKeyLength` octets of its
 * encoding, which is made in the same call: exported from a `KeyObject` it would cost as much as the pair itself.
 */
export function drawKeyPair(
  name: string,
  publicKeyLength: number,
): { readonly publicKey: Uint8Array; readonly secretKey: KeyObject } {
  const { publicKey, privateKey } = (crypto.generateKeyPairSync as unknown as Draw)(name, {
    publicKeyEncoding: SPKI,
  });
  return { publicKey: new Uint8Array(publicKey.subarray(-publicKeyLength)), secretKey: privateKey };
}
