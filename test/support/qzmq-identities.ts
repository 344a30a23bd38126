/** Identities for tests, from fixed seeds: pinned keys and certified ones. */
import type { CryptoProvider, SignatureName } from "../../src/crypto/provider.ts";
import { cryptoProvider } from "../../src/crypto/select.ts";
import {
  type Certificate,
  END_OF_TIME,
  issueCertificate,
  type Role,
} from "../../src/mechanism/qzmq/certificate.ts";
import { bareIdentity, type Identity, makeIdentity } from "../../src/mechanism/qzmq/identity.ts";
import { localSigner } from "../../src/mechanism/qzmq/signer.ts";

/** The back end that tests use unless they compare several. */
export const provider: CryptoProvider = cryptoProvider("auto");

/** A signer whose seed is 32 times the same octet; signs deterministically. */
export function testSigner(octet: number, algorithm: SignatureName) {
  return localSigner(provider, algorithm, new Uint8Array(32).fill(octet), null);
}

/** A bare key's identity, to be pinned. */
export function testIdentity(octet: number, algorithm: SignatureName = "ML-DSA-44"): Promise<Identity> {
  return bareIdentity(provider, testSigner(octet, algorithm));
}

/** A self-issued authority's certificate. */
export function testAuthority(octet: number, algorithm: SignatureName = "ML-DSA-44"): Promise<Certificate> {
  const signer = testSigner(octet, algorithm);
  return issueCertificate(
    provider,
    {
      ...{
        serial: new Uint8Array(16).fill(octet),
        subject: `authority-${octet}`,
        alternativeNames: [],
        extensions: [],
      },
      ...{ usage: { kind: "authority", pathLength: 1 }, notBefore: 0, notAfter: END_OF_TIME },
      ...{ algorithm, publicKey: signer.publicKey },
    },
    signer,
  );
}

/** An end entity under {@link testAuthority} of octet `authority`. */
export async function certifiedIdentity(
  octet: number,
  subject: string,
  roles: readonly Role[],
  authority: number,
  fields: { readonly notAfter?: number; readonly algorithm?: SignatureName } = {},
): Promise<Identity> {
  const algorithm = fields.algorithm ?? "ML-DSA-44";
  const signer = testSigner(octet, algorithm);
  const certificate = await issueCertificate(
    provider,
    {
      ...{ serial: new Uint8Array(16).fill(octet), subject, alternativeNames: [], extensions: [] },
      ...{ usage: { kind: "end-entity", roles }, notBefore: 0, notAfter: fields.notAfter ?? END_OF_TIME },
      ...{ algorithm, publicKey: signer.publicKey },
    },
    testSigner(authority, "ML-DSA-44"),
  );
  return makeIdentity(signer, [certificate]);
}
