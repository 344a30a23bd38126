/** What a peer shows of itself: a signer, and the certificates that speak for its key. */
import type { CryptoProvider } from "../../crypto/provider.ts";
import type { Certificate } from "./certificate.ts";
import type { Signer } from "./signer.ts";

/** Our own identity. `chain` goes on the wire as it is: end entity first, 1..4, the authority's own certificate left out. */
export interface Identity {
  readonly signer: Signer;
  readonly chain: readonly Certificate[];
  /** Fingerprint of the signer's key, 32 octets; our pin. */
  readonly fingerprint: Uint8Array;
}

/** Joins a signer with its certificates. Throws `RangeError` when the first is not for the signer's key, or one does not issue the one before. */
export declare function makeIdentity(signer: Signer, chain: readonly Certificate[]): Identity;

/** The identity of a key without certificates: one self-issued certificate, for peers that pin the key. */
export declare function bareIdentity(provider: CryptoProvider, signer: Signer): Promise<Identity>;
