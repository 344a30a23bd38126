/** Certificates whose signatures have verified, so that a chain that comes again costs a hash and no public-key operation. */
import type { CryptoProvider } from "../../crypto/provider.ts";
import { hex } from "./algorithm.ts";
import { type Certificate, verifyCertificate } from "./certificate.ts";

/** More certificates than this are not remembered; the oldest makes room. */
const MAX_REMEMBERED = 1024;

/**
 * Remembers that a signature verified, which no date and no list can change. All else that a certificate is judged by
 * is looked at each time. Belongs to one {@link Trust}, and goes with it.
 */
export class VerifiedCertificates {
  readonly #provider: CryptoProvider;
  /** SHA-256 of the fingerprint of the issuer's key and the certificate, whole, in hex. */
  readonly #known = new Set<string>();

  constructor(provider: CryptoProvider) {
    this.#provider = provider;
  }

  /** True when the signature of `certificate` under this issuer's key is known to be right. */
  has(certificate: Certificate, issuer: Certificate): boolean {
    return this.#known.has(this.#keyOf(certificate, issuer));
  }

  /** Verifies the signature, and remembers it when it is right. One public-key operation. */
  verify(certificate: Certificate, issuer: Certificate): boolean {
    if (!verifyCertificate(this.#provider, certificate, issuer)) return false;
    if (this.#known.size >= MAX_REMEMBERED) this.#known.delete(this.#known.values().next().value!);
    this.#known.add(this.#keyOf(certificate, issuer));
    return true;
  }

  #keyOf(certificate: Certificate, issuer: Certificate): string {
    return hex(this.#provider.hashes["SHA-256"].digest(issuer.keyId, certificate.encoded));
  }
}
