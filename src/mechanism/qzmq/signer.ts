/** Signing keys. The protocol asks a {@link Signer}, and never sees where the private key is. */
import { utf8 } from "../../bytes/writer.ts";
import type { CryptoProvider, Random, SignatureName } from "../../crypto/provider.ts";

/** Contexts of every signature in QZMQ/1, octets to pass to {@link Signer.sign} (spec, "Signatures"). */
export const SIGNATURE_CONTEXTS = {
  server: utf8("QZMQ/1 server"),
  client: utf8("QZMQ/1 client"),
  certificate: utf8("QZMQ/1 certificate"),
  revocation: utf8("QZMQ/1 revocation"),
} as const;

/** A private key that can sign, wherever it is kept: in this process, in a worker thread, in an HSM or a KMS. */
export interface Signer {
  readonly algorithm: SignatureName;
  /** The public key, of the algorithm's length. */
  readonly publicKey: Uint8Array;
  /**
   * A signature of the algorithm's length over `message` under `context` (at most 255 octets). At once or later; a
   * rejected promise fails the one handshake that asked for it. `message` is valid until the promise settles.
   * `waiting`, default 0, is how many other costly operations wait for the calling thread: a signer that can sign
   * elsewhere should when there are some, and need not when there are none.
   */
  sign(message: Uint8Array, context: Uint8Array, waiting?: number): Uint8Array | Promise<Uint8Array>;
  /**
   * Ends the signer: what is held of the private key is overwritten, its thread, if it has one, ends. Signing afterwards
   * throws or rejects. May be called again. Whoever made an identity disposes of its signer when the last socket that
   * shows it is closed. Absent where there is nothing to end.
   */
  dispose?(): void | Promise<void>;
  /**
   * Lets go of what only makes signing faster, such as a thread: nobody is expected to sign soon. Signing goes on
   * working. Called when a socket's `security` that shows the identity is disposed of.
   */
  rest?(): void | Promise<void>;
}

/** A signer whose private key is in this process. */
export interface LocalSigner extends Signer {
  /** Whether the runtime itself signs off the calling thread, which this signer makes use of while others wait. */
  readonly native: boolean;
  dispose(): void;
}

/**
 * A signer from a private key's 32-octet `seed`, which is copied. `random` makes signatures hedged (FIPS 204, section
 * 3.4); where the runtime signs off the calling thread, the provider's own source makes `sign` do so, and return a
 * promise, while others wait. `null` makes signatures deterministic, for vectors. Throws `RangeError` for a seed of
 * another length.
 */
export function localSigner(
  provider: CryptoProvider,
  algorithm: SignatureName,
  seed: Uint8Array,
  random: Random | null,
): LocalSigner {
  const key = provider.signatures[algorithm].key(seed);
  const later = random === provider.random ? key.signAsync : undefined;
  return {
    algorithm,
    publicKey: key.publicKey,
    native: later !== undefined,
    // At once costs less: no other thread has to be told and heard.
    sign: (message, context, waiting = 0) =>
      later === undefined || waiting === 0
        ? key.sign(message, context, random)
        : later(message, context, random),
    dispose: () => key.wipe(),
  };
}
