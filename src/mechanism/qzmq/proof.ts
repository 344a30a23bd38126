/**
 * Proofs of verification. A connection cannot be constructed without one of each, and only the checks in this file can
 * make them: forgetting a check does not compile.
 */
import { equalSecret } from "../../bytes/constant-time.ts";
import type { CryptoProvider } from "../../crypto/provider.ts";
import { PeerError } from "../../errors.ts";
import type { AcceptedPeer, PeerRecord } from "./verdict.ts";

/** The peer is who its record says, or is anonymous where that is allowed. */
export class PeerProven {
  /** `null` for an anonymous client. */
  readonly peer: PeerRecord | null;

  private constructor(peer: PeerRecord | null) {
    this.peer = peer;
  }

  /**
   * By the handshake signature of an accepted certificate or pin. One public-key operation.
   * Throws {@link PeerError} `ERR_QZMQ_AUTH`.
   */
  static bySignature(
    provider: CryptoProvider,
    peer: AcceptedPeer,
    message: Uint8Array,
    context: Uint8Array,
    signature: Uint8Array,
  ): PeerProven {
    if (!provider.signatures[peer.algorithm].verify(peer.publicKey, message, context, signature)) {
      throw new PeerError("ERR_QZMQ_AUTH", "Handshake signature does not verify");
    }
    return new PeerProven(peer);
  }

  /** By a MAC under the PSK that only this peer, as recorded, was given. Throws {@link PeerError} `ERR_QZMQ_AUTH`. */
  static byPsk(peer: PeerRecord | null, expected: Uint8Array, received: Uint8Array): PeerProven {
    if (expected.length === 0 || !equalSecret(expected, received)) {
      throw new PeerError("ERR_QZMQ_AUTH", "MAC under the pre-shared key does not verify");
    }
    return new PeerProven(peer);
  }

  /** A client without a certificate. Throws {@link PeerError} `ERR_QZMQ_AUTH` where one is required. */
  static anonymous(clientAuth: "none" | "optional" | "required"): PeerProven {
    if (clientAuth === "required") throw new PeerError("ERR_QZMQ_AUTH", "Client without a certificate");
    return new PeerProven(null);
  }
}

/** The peer has the same keys and saw the same transcript. */
export class KeysConfirmed {
  private constructor() {
    Object.freeze(this);
  }

  /** By its verify_data. Throws {@link PeerError} `ERR_QZMQ_AUTH`. */
  static check(expected: Uint8Array, received: Uint8Array): KeysConfirmed {
    if (!equalSecret(expected, received)) throw new PeerError("ERR_QZMQ_AUTH", "verify_data does not verify");
    return new KeysConfirmed();
  }
}
