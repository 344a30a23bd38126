/** Certificates: a small strict binary layout, signed by an authority or by their own key (spec, "Certificates"). */
import type { CryptoProvider, SignatureName } from "../../crypto/provider.ts";
import type { Signer } from "./signer.ts";

/** No certificate is longer, in octets. */
export const MAX_CERTIFICATE = 12_288;
/** No certificate ends later than this, in Unix seconds; it also says "never". */
export const END_OF_TIME = Number.MAX_SAFE_INTEGER;

/** The two ends of a connection. */
export type Role = "server" | "client";

/** What a certified key may be used for: to issue (`pathLength` 0..3 more authorities may follow below), or to speak. */
export type Usage =
  | { readonly kind: "authority"; readonly pathLength: number }
  | { readonly kind: "end-entity"; readonly roles: readonly Role[] };

/** An extension; one whose type is 0x8000 or above must be understood by whoever relies on the certificate. */
export interface CertificateExtension {
  readonly type: number;
  readonly data: Uint8Array;
}

/** What an issuer decides about a certificate. */
export interface CertificateFields {
  /** 16 octets, unique for its issuer; random. */
  readonly serial: Uint8Array;
  /** The identity, a name (see `parseName`). */
  readonly subject: string;
  /** Further names that the key may answer to; sorted and freed of repetitions when encoded. At most 64. */
  readonly alternativeNames: readonly string[];
  readonly usage: Usage;
  /** First and last second of validity, Unix time. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly algorithm: SignatureName;
  readonly publicKey: Uint8Array;
  /** Sorted by type when encoded. */
  readonly extensions: readonly CertificateExtension[];
}

/** A decoded certificate. Decoding proves the form only: nothing here is to be believed before a chain has verified. */
export interface Certificate extends CertificateFields {
  /** The whole certificate as it travels. */
  readonly encoded: Uint8Array;
  /** The part of `encoded` under the signature: everything before the signature's length. */
  readonly signed: Uint8Array;
  /** Fingerprint of the certified key, 32 octets: its pin. */
  readonly keyId: Uint8Array;
  /** Fingerprint of the issuer's key, 32 octets; equal to `keyId` when self-issued. */
  readonly issuerKeyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** Parses one certificate that must fill `bytes` exactly; copies. Throws {@link LayoutError} for any other octets. */
export declare function decodeCertificate(provider: CryptoProvider, bytes: Uint8Array): Certificate;

/** Issues a certificate. Throws or rejects with `RangeError` for fields that no decoder would accept. */
export declare function issueCertificate(
  provider: CryptoProvider,
  fields: CertificateFields,
  issuer: Signer,
): Promise<Certificate>;

/** The certificate in which a bare key travels: self-issued, both roles, no end, all else fixed. */
export declare function selfIssue(provider: CryptoProvider, signer: Signer): Promise<Certificate>;

/** Whether `certificate` carries a signature of that issuer's key. One public-key operation. */
export declare function verifyCertificate(
  provider: CryptoProvider,
  certificate: Certificate,
  issuer: { readonly algorithm: SignatureName; readonly publicKey: Uint8Array },
): boolean;
