/** {@link X25519} from what a back end brings; the checks that both make alike. */
import { isAllZero } from "../bytes/constant-time.ts";
import { requireLength } from "./inputs.ts";
import type { X25519 } from "./provider.ts";

/** Octets of secret keys, public keys and shared secrets (RFC 7748, section 5). */
const LENGTH = 32;

/**
 * Completes X25519 with its checks. Back ends refuse an all-zero secret by themselves; RFC 7748, section 6.1 is kept
 * here as well, so that a back end that does not is no danger.
 */
export function buildX25519(core: X25519): X25519 {
  return Object.freeze({
    publicKey(secretKey: Uint8Array): Uint8Array {
      requireLength(secretKey, LENGTH, "X25519 secret key");
      return core.publicKey(secretKey);
    },
    sharedSecret(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | null {
      requireLength(secretKey, LENGTH, "X25519 secret key");
      requireLength(publicKey, LENGTH, "X25519 public key");
      const secret = core.sharedSecret(secretKey, publicKey);
      return secret === null || isAllZero(secret) ? null : secret;
    },
  });
}
