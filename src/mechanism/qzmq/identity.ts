/** What a peer shows of itself: a signer, and the certificates that speak for its key. */
import { equalSecret } from "../../bytes/constant-time.ts";
import type { CryptoProvider } from "../../crypto/provider.ts";
import { type Certificate, selfIssue } from "./certificate.ts";
import type { Signer } from "./signer.ts";

/** More certificates than this never travel for one peer. */
export const MAX_CHAIN = 4;

/** Our own identity. `chain` goes on the wire as it is: end entity first, 1..4. */
export interface Identity {
  readonly signer: Signer;
  readonly chain: readonly Certificate[];
  /** Fingerprint of the signer's key, 32 octets; our pin. */
  readonly fingerprint: Uint8Array;
}

/**
 * Joins a signer with its certificates: end entity first, each issued by the next. The authority's own certificate at
 * the end is left out, since whoever trusts it has it. Throws `RangeError` for a chain that no peer could follow.
 */
export function makeIdentity(signer: Signer, chain: readonly Certificate[]): Identity {
  const [leaf] = chain;
  if (leaf === undefined) throw new RangeError("an identity has at least one certificate");
  if (leaf.algorithm !== signer.algorithm || !equalSecret(leaf.publicKey, signer.publicKey)) {
    throw new RangeError("the first certificate is not for the signer's key");
  }
  if (leaf.usage.kind !== "end-entity") throw new RangeError("the first certificate is an authority's");
  for (let i = 0; i + 1 < chain.length; i++) {
    if (!equalSecret(chain[i]!.issuerKeyId, chain[i + 1]!.keyId)) {
      throw new RangeError(`certificate ${i + 1} of ${chain.length} is not issued by the one after it`);
    }
  }
  const last = chain[chain.length - 1]!;
  const rooted = chain.length > 1 && equalSecret(last.issuerKeyId, last.keyId);
  const sent = rooted ? chain.slice(0, -1) : chain.slice();
  if (sent.length > MAX_CHAIN) throw new RangeError(`a chain has at most ${MAX_CHAIN} certificates`);
  return { signer, chain: sent, fingerprint: leaf.keyId };
}

/** The identity of a key without certificates: one self-issued certificate, for peers that pin the key. */
export async function bareIdentity(provider: CryptoProvider, signer: Signer): Promise<Identity> {
  return makeIdentity(signer, [await selfIssue(provider, signer)]);
}
