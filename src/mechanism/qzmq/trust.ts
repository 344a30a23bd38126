/** Whom we believe: pins, authorities and revocation lists, and the verdict on a peer's certificates. */
import type { CryptoProvider, SignatureName } from "../../crypto/provider.ts";
import type { Mode } from "./algorithm.ts";
import type { Certificate, Role } from "./certificate.ts";

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
  | "path-length"
  | "not-yet-valid"
  | "expired"
  /** An end entity not certified for the role it plays. */
  | "usage"
  /** Not the name that was expected, or no name was expected and no pin says who it is. */
  | "name"
  /** A certificate with an extension that must be understood and is not. */
  | "extension"
  | "signature"
  | "revoked"
  /** Lists are required, and the authority's is missing or beyond its next update. */
  | "revocation-missing"
  | "revocation-expired"
  /** On resumption: the same key would today be accepted under another identity, or in another way. */
  | "identity-changed";

/** What a ticket keeps of one certificate (spec, "Tickets"). For a pinned key all but `keyId` is zero. */
export interface ChainRecord {
  readonly keyId: Uint8Array;
  readonly issuerKeyId: Uint8Array;
  readonly serial: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Who a peer is and how we know. `chain` has one to four records, end entity first. */
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

/** A peer that is not. `detail` is for local events and logs; it holds no peer-controlled text. */
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
   * For a server: the name it must answer to. `configured` was given by the user, and a pin with a name must bear it
   * too; `endpoint` came out of the endpoint, and only certificates are held to it. `null`: only a pin will do.
   * For a client: `"any"`.
   */
  readonly name: { readonly value: string; readonly from: "configured" | "endpoint" } | null | "any";
}

/** A pinned key: 32 octets and the name it goes by, `null` for the pin in hex. */
export interface Pin {
  readonly fingerprint: Uint8Array;
  readonly name: string | null;
}

/** A signed revocation list; see revocation.ts. */
export interface RevocationList {
  readonly encoded: Uint8Array;
  readonly signed: Uint8Array;
  readonly issuerKeyId: Uint8Array;
  readonly number: number;
  readonly nextUpdate: number;
  readonly serials: readonly Uint8Array[];
  readonly pins: readonly Uint8Array[];
  readonly signature: Uint8Array;
}

/** What a {@link Trust} is made of. At least one pin or one authority. */
export interface TrustOptions {
  readonly mode: Mode;
  readonly pins?: readonly Pin[];
  /** Self-issued certificates of authorities. */
  readonly authorities?: readonly Certificate[];
  /** At most one for each authority, signed by it. */
  readonly revocationLists?: readonly RevocationList[];
  /** `required` refuses peers while their authority's list is missing or expired; default `optional`. */
  readonly revocation?: "required" | "optional";
  /** Tolerance for differing clocks, seconds; default 300, at most 3600. */
  readonly clockSkew?: number;
}

/** Whom we believe, as an immutable value: a reload makes another one. `now` is Unix time in seconds throughout. */
export declare class Trust {
  /** Throws `RangeError` when nothing is trusted, or an authority or list is unfit. */
  constructor(provider: CryptoProvider, options: TrustOptions);
  readonly mode: Mode;
  /** 32 octets, the same for the same mode, pins, authorities and policy; revocation lists do not count. For ticket keys. */
  readonly digest: Uint8Array;
  /** True when some authority is trusted, so that a server needs a name to be checked against. */
  readonly hasAuthorities: boolean;
  /** Judges a peer. Trust look-up first, then signatures, root first; at most one public-key operation for each `next()`. */
  verify(
    certificates: readonly Uint8Array[],
    expected: Expected,
    now: number,
  ): Generator<void, Verdict, void>;
  /** The same in one go. */
  verifyAtOnce(certificates: readonly Uint8Array[], expected: Expected, now: number): Verdict;
  /** Whether a recorded peer would still be accepted, as the same; null when so. No public-key operation. */
  recheck(peer: PeerRecord, now: number): RefusalCause | null;
  /** The same trust with newer lists. Throws `RangeError` when the number of one goes back, or a list is unfit. */
  withRevocationLists(lists: readonly RevocationList[]): Trust;
}
