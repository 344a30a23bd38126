/** {@link X25519} from what a back end brings; the checks that both make alike. */
import { isAllZero } from "../bytes/constant-time.ts";
import { Held } from "./held.ts";
import { requireLength, withRandomness } from "./inputs.ts";
import type { Random, X25519, X25519KeyPair } from "./provider.ts";

/** Octets of secret keys, public keys and shared secrets (RFC 7748, section 5). */
const LENGTH = 32;

/** What a back end brings. Lengths have been checked before. */
export interface X25519Core<K> {
  /** Its form of a secret key; octets are copied. */
  load(secretKey: Uint8Array): K;
  /** From this source by the runtime's own means, `undefined` when it has none for it. */
  draw?(source: Random): { readonly publicKey: Uint8Array; readonly secretKey: K } | undefined;
  publicKey(secretKey: K): Uint8Array;
  /** May be all zeros, or `null` in its place. */
  sharedSecret(secretKey: K, publicKey: Uint8Array): Uint8Array | null;
  erase(secretKey: K): void;
}

/**
 * Completes X25519 with its checks. Back ends refuse an all-zero secret by themselves; RFC 7748, section 6.1 is kept
 * here as well, so that a back end that does not is no danger.
 */
export function buildX25519<K>(core: X25519Core<K>): X25519 {
  function generate(source: Uint8Array | Random): X25519KeyPair {
    const drawn = typeof source === "function" ? core.draw?.(source) : undefined;
    const secretKey = drawn?.secretKey ?? withRandomness(source, core.load, LENGTH, "X25519 secret key");
    const held = new Held(secretKey, core.erase);
    return {
      publicKey: drawn?.publicKey ?? core.publicKey(secretKey),
      sharedSecret(publicKey) {
        requireLength(publicKey, LENGTH, "X25519 public key");
        const secret = core.sharedSecret(held.get(), publicKey);
        return secret === null || isAllZero(secret) ? null : secret;
      },
      wipe: () => held.wipe(),
    };
  }

  function using<T>(secretKey: Uint8Array, use: (pair: X25519KeyPair) => T): T {
    const pair = generate(secretKey);
    try {
      return use(pair);
    } finally {
      pair.wipe();
    }
  }

  return Object.freeze({
    publicKey: (secretKey: Uint8Array) => using(secretKey, (pair) => pair.publicKey),
    sharedSecret: (secretKey: Uint8Array, publicKey: Uint8Array) =>
      using(secretKey, (pair) => pair.sharedSecret(publicKey)),
    generate,
  });
}
