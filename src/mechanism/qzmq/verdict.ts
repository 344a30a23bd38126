/** The verdict on a peer: who it is and how we know, or the one cause of its refusal. Types only. */
import type { SignatureName } from "../../crypto/provider.ts";
import type { Role } from "./certificate.ts";

/** Why a peer was refused. Local only: the wire says "auth" for all of them. */
export type RefusalCause =
  /** No certificate, or more than four. */
  | "chain-length"
  /** Octets that are no certificate. */
  | "malformed"
  /** A key whose algorithm is not allowed in this mode, or for this end entity in this handshake. */
  | "algorithm"
  /** Neither pinned nor under a trusted authority. */
  | "untrusted"
  /** A certificate whose issuer is not the next one of the chain. */
  | "issuer"
  /** An issuer that is no authority. */
  | "not-authority"
  /** More authorities below one than its path length allows. */
  | "path-length"
  /** A certificate of the chain, or the trusted authority's own, begins later than now. */
  | "not-yet-valid"
  /** A certificate of the chain, or the trusted authority's own, has ended. */
  | "expired"
  /** An end entity not certified for the role it plays. */
  | "usage"
  /** Not the name that was expected, or none was expected and no pin says who it is. */
  | "name"
  /** A certificate with an extension that must be understood and is not. */
  | "extension"
  /** A certificate that its issuer did not sign. */
  | "signature"
  /** A certificate or key that a revocation list names. */
  | "revoked"
  /** Lists are required, and the authority has none. */
  | "revocation-missing"
  /** Lists are required, and the authority's is beyond its next update. */
  | "revocation-expired"
  /** On resumption: the same key would today be accepted under another identity, or in another way. */
  | "identity-changed";

/** What a ticket keeps of one certificate (spec, "Tickets"). For a pinned key all but `keyId` is zero. */
export interface ChainRecord {
  /** Fingerprint of the certified key, 32 octets. */
  readonly keyId: Uint8Array;
  /** 32 octets. */
  readonly issuerKeyId: Uint8Array;
  /** 16 octets. */
  readonly serial: Uint8Array;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Who a peer is and how we know. `chain` has one to four records, end entity first; exactly one when pinned. */
export interface PeerRecord {
  readonly kind: "pinned" | "certified";
  /** The name beside the pin, or the pin in hex; or the subject of the verified certificate. */
  readonly identity: string;
  readonly chain: readonly ChainRecord[];
}

/** A peer that is believed, provided that it proves to hold the key. */
export interface AcceptedPeer extends PeerRecord {
  /** The end entity's key, to verify the handshake signature with. */
  readonly algorithm: SignatureName;
  readonly publicKey: Uint8Array;
  /** Its pin, 32 octets; equal to `chain[0].keyId`. */
  readonly fingerprint: Uint8Array;
}

/** A peer that is not. `detail` is for local events and logs; it holds no text of the peer's. */
export interface RefusedPeer {
  readonly kind: "refused";
  readonly cause: RefusalCause;
  readonly detail: string;
}

/** The outcome of looking at a peer's certificates. */
export type Verdict = AcceptedPeer | RefusedPeer;

/** Whom we expect at the other end. */
export interface Expected {
  readonly role: Role;
  /** Signature algorithms that the end entity's key may have in this handshake. */
  readonly algorithms: readonly SignatureName[];
  /**
   * `"any"` for a client. For a server the name it must answer to: `configured` by the user, and a pin with a name must
   * bear it too; or taken from the `endpoint`, and only certificates are held to it. `null`: only a pin will do.
   */
  readonly name: { readonly value: string; readonly from: "configured" | "endpoint" } | null | "any";
}
