/** A small public-key infrastructure for tests, the same in each run: keys from names, signatures without randomness. */
import { utf8 } from "../../../src/bytes/writer.ts";
import type { Random, SignatureName } from "../../../src/crypto/provider.ts";
import { cryptoProvider } from "../../../src/crypto/select.ts";
import {
  type Certificate,
  type CertificateFields,
  issueCertificate,
} from "../../../src/mechanism/qzmq/certificate.ts";
import { localSigner, type Signer } from "../../../src/mechanism/qzmq/signer.ts";

export const provider = cryptoProvider("auto");
/** The time of tests, Unix seconds, and the dates of its certificates. */
export const NOW = 1_800_000_000;
export const NOT_BEFORE = NOW - 1000;
export const NOT_AFTER = NOW + 1000;

/** 32 octets that belong to a name. */
export const seedOf = (name: string): Uint8Array => provider.hashes["SHA-256"].digest(utf8(name));

/** The key that belongs to a name. */
export function key(name: string, algorithm: SignatureName = "ML-DSA-44"): Signer {
  return localSigner(provider, algorithm, seedOf(name), null);
}

/** Octets that differ from call to call, and not from run to run. */
export function counting(): Random {
  let calls = 0;
  return (length) => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      out.set(seedOf(`random ${calls++}`).subarray(0, Math.min(32, length - at)), at);
    }
    return out;
  };
}

/** A certificate for `subject`'s key: a server's and client's, unless `change` says otherwise. */
export function certify(
  subject: string,
  issuer: string,
  change: Partial<CertificateFields> = {},
  issuerAlgorithm: SignatureName = "ML-DSA-44",
): Promise<Certificate> {
  const algorithm = change.algorithm ?? "ML-DSA-44";
  const fields: CertificateFields = {
    serial: seedOf(`serial ${subject} ${issuer}`).subarray(0, 16),
    subject,
    alternativeNames: [],
    usage: { kind: "end-entity", roles: ["server", "client"] },
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    algorithm,
    publicKey: key(subject, algorithm).publicKey,
    extensions: [],
  };
  return issueCertificate(provider, { ...fields, ...change }, key(issuer, issuerAlgorithm));
}

/** An authority's certificate, self-issued unless there is an issuer. */
export function authority(
  subject: string,
  issuer: string = subject,
  change: Partial<CertificateFields> = {},
): Promise<Certificate> {
  return certify(subject, issuer, { usage: { kind: "authority", pathLength: 3 }, ...change });
}

/** A copy of `bytes` with one bit of the octet at `at` turned over. */
export function flip(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  const out = bytes.slice();
  out[at]! ^= 1 << bit;
  return out;
}
