/** What this library has beyond zeromq.js: the members of the export `qzmq`. */
import { resolve } from "node:path";
import { wipe } from "./bytes/constant-time.ts";
import type { SignatureName } from "./crypto/provider.ts";
import { hex } from "./mechanism/qzmq/algorithm.ts";
import { type Certificate, END_OF_TIME, issueCertificate } from "./mechanism/qzmq/certificate.ts";
import { bareIdentity, type Identity, makeIdentity } from "./mechanism/qzmq/identity.ts";
import { localSigner, type Signer } from "./mechanism/qzmq/signer.ts";
import { identitySigner } from "./net/adaptive-signer.ts";
import { type IdentityFiles, loadIdentity as loadFromFiles } from "./net/identity-files.ts";
import { PROVIDER } from "./security.ts";
import { isEarly as isEarlyMessage } from "./wire/message.ts";

export type { SignatureName } from "./crypto/provider.ts";
export { PeerError, UsageError } from "./errors.ts";
export type { Certificate, CertificateFields, Usage } from "./mechanism/qzmq/certificate.ts";
export type { Counters } from "./mechanism/qzmq/counters.ts";
export type { Identity } from "./mechanism/qzmq/identity.ts";
export type { Pin } from "./mechanism/qzmq/pins.ts";
export type { RevocationList } from "./mechanism/qzmq/revocation.ts";
export type { Signer } from "./mechanism/qzmq/signer.ts";
export { type Suite, suiteByName } from "./mechanism/qzmq/suite.ts";
export { TicketStore } from "./mechanism/qzmq/ticket-store.ts";
export { Trust } from "./mechanism/qzmq/trust.ts";
export type { PromRegistry } from "./metrics/prom-client.ts";
export {
  type ClientSecurityOptions,
  client,
  type SecureConnection,
  Security,
  type ServerSecurityOptions,
  server,
  type TrustInput,
} from "./security.ts";
export { type Metrics, metrics, type SecuritySnapshot } from "./socket-metrics.ts";

/** Version of this package; the main entry's `version` names the libzmq whose behaviour it follows. */
export const version = "0.1.0";

/** How an identity's private key signs. Once no socket shows it any more, `await identity.signer.dispose?.()` wipes it. */
export interface SignerPlace {
  /**
   * By default at once while few handshakes wait, and off the event loop while many do, so that traffic goes on: in the
   * runtime's own threads where it has ML-DSA, else in a thread that starts when it is needed and ends when it is not.
   * `true`: always in a thread, which ends with `dispose`. `false`: no thread is ever started.
   */
  readonly worker?: boolean;
}

/** A new private key in this process, and its bare identity: for peers that pin it, and for an authority to certify. */
export async function generateIdentity(
  algorithm: SignatureName = "ML-DSA-44",
  place: SignerPlace = {},
): Promise<Identity> {
  const seed = PROVIDER.random(32);
  try {
    return await bareIdentity(PROVIDER, identitySigner(PROVIDER, algorithm, seed, place.worker));
  } finally {
    wipe(seed);
  }
}

/** Reads an identity from files; see {@link IdentityFiles}. Rejects with `UsageError`, naming the file and the fault. */
export function loadIdentity(files: IdentityFiles, place: SignerPlace = {}): Promise<Identity> {
  const { key, certificates, ...rest } = files;
  const absolute = {
    ...rest,
    key: resolve(key),
    ...(certificates === undefined ? {} : { certificates: resolve(certificates) }),
  };
  return loadFromFiles(PROVIDER, absolute, (algorithm, seed) =>
    identitySigner(PROVIDER, algorithm, seed, place.worker),
  );
}

/** An authority: a key that certifies others. */
export interface Authority {
  readonly signer: Signer;
  /** Its self-issued certificate, for {@link TrustInput}. */
  readonly certificate: Certificate;
}

/** What a certificate says. Dates are Unix seconds. */
export interface Subject {
  /** Its name: lower case, 1..255 octets. */
  readonly name: string;
  readonly alternativeNames?: readonly string[];
  /** What the holder may be; default both. */
  readonly roles?: readonly ("server" | "client")[];
  readonly notBefore?: number;
  readonly notAfter?: number;
}

/** A new authority, its key in this process. */
export async function generateAuthority(
  name: string,
  algorithm: SignatureName = "ML-DSA-65",
): Promise<Authority> {
  const seed = PROVIDER.random(32);
  const signer = localSigner(PROVIDER, algorithm, seed, PROVIDER.random);
  wipe(seed);
  const certificate = await issueCertificate(
    PROVIDER,
    {
      serial: PROVIDER.random(16),
      subject: name,
      alternativeNames: [],
      usage: { kind: "authority", pathLength: 0 },
      notBefore: 0,
      notAfter: END_OF_TIME,
      algorithm,
      publicKey: signer.publicKey,
      extensions: [],
    },
    signer,
  );
  return { signer, certificate };
}

/** Certifies an identity's key; the result shows the certificate in place of the bare key. */
export async function certify(authority: Authority, identity: Identity, subject: Subject): Promise<Identity> {
  const certificate = await issueCertificate(
    PROVIDER,
    {
      serial: PROVIDER.random(16),
      subject: subject.name,
      alternativeNames: subject.alternativeNames ?? [],
      usage: { kind: "end-entity", roles: subject.roles ?? ["server", "client"] },
      notBefore: subject.notBefore ?? 0,
      notAfter: subject.notAfter ?? END_OF_TIME,
      algorithm: identity.signer.algorithm,
      publicKey: identity.signer.publicKey,
      extensions: [],
    },
    authority.signer,
  );
  return makeIdentity(identity.signer, [certificate]);
}

/**
 * Whether a received message came as early data, in the first flight of a resumed connection: with `earlyDelivery`
 * `immediate` it may be a replay of one that was, or will be, delivered too.
 */
export function isEarly(message: readonly Buffer[]): boolean {
  return isEarlyMessage(message);
}

/** The pin of an identity: 64 hex digits that a peer may trust instead of an authority. */
export function pinOf(identity: Identity): string {
  return hex(identity.fingerprint);
}
