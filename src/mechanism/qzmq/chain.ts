/** Verification of a certificate chain under a trusted authority (spec, "Chains"). Pure; the clock is an argument. */
import { equalSecret } from "../../bytes/constant-time.ts";
import { hex, type Mode, signaturesOfMode } from "./algorithm.ts";
import { type Certificate, CRITICAL_EXTENSION } from "./certificate.ts";
import type { Revocations } from "./revocation.ts";
import type { ChainRecord, Expected, RefusalCause, RefusedPeer, Verdict } from "./verdict.ts";
import type { VerifiedCertificates } from "./verified.ts";

/** What a chain is judged by. */
export interface ChainRules {
  readonly mode: Mode;
  /** Trusted authorities by key id in hex. */
  readonly authorities: ReadonlyMap<string, Certificate>;
  readonly revocations: Revocations;
  /** True when an authority without a current list fails. */
  readonly revocationRequired: boolean;
  /** Tolerance for differing clocks, seconds. */
  readonly skew: number;
}

/** A refusal, with words for the local log. */
export function refused(cause: RefusalCause, detail: string): RefusedPeer {
  return { kind: "refused", cause, detail };
}

/** Whether a certificate is within its dates, give or take the skew; the cause when not. */
export function checkDates(
  dates: { readonly notBefore: number; readonly notAfter: number },
  now: number,
  skew: number,
): "not-yet-valid" | "expired" | null {
  if (now + skew < dates.notBefore) return "not-yet-valid";
  return now - skew > dates.notAfter ? "expired" : null;
}

/** What lists say of a chain under `authority`: the key ids and serials of its certificates; `null` when nothing. */
export function checkRevocation(
  chain: readonly Pick<ChainRecord, "keyId" | "serial">[],
  authority: string,
  rules: ChainRules,
  now: number,
): RefusalCause | null {
  const { revocations } = rules;
  if (revocations.hasPin(authority)) return "revoked";
  for (const { keyId, serial } of chain) {
    if (revocations.hasPin(hex(keyId)) || revocations.hasSerial(authority, hex(serial))) return "revoked";
  }
  return rules.revocationRequired ? revocations.lack(authority, now, rules.skew) : null;
}

/**
 * Judges decoded certificates, end entity first: the shortest way to a trusted authority, then everything that costs
 * nothing, then signatures from the authority down. Yields before each signature that `verified` does not know;
 * certificates beyond the trusted issuer are not looked at.
 */
export function* verifyChain(
  verified: VerifiedCertificates,
  certificates: readonly Certificate[],
  expected: Expected,
  rules: ChainRules,
  now: number,
): Generator<void, Verdict, void> {
  const path = findAuthority(certificates, rules);
  if ("cause" in path) return path;
  const { chain, authority } = path;
  const refusal =
    checkAuthorities(chain, authority, rules) ??
    checkAllDates([...chain, authority], rules, now) ??
    checkEndEntity(chain[0]!, expected);
  if (refusal !== null) return refusal;
  const revocation = checkRevocation(chain, hex(authority.keyId), rules, now);
  if (revocation !== null) return refused(revocation, "see the authority's revocation list");
  for (let i = chain.length - 1; i >= 0; i--) {
    const [certificate, issuer] = [chain[i]!, chain[i + 1] ?? authority];
    if (verified.has(certificate, issuer)) continue;
    yield;
    if (!verified.verify(certificate, issuer)) {
      return refused("signature", `certificate ${i} is not signed by its issuer`);
    }
  }
  const { subject, algorithm, publicKey, keyId } = chain[0]!;
  return {
    kind: "certified",
    identity: subject,
    ...{ algorithm, publicKey, fingerprint: keyId },
    chain: chain.map(({ keyId, issuerKeyId, serial, notBefore, notAfter }) => {
      return { keyId, issuerKeyId, serial, notBefore, notAfter };
    }),
  };
}

function findAuthority(
  certificates: readonly Certificate[],
  rules: ChainRules,
): RefusedPeer | { readonly chain: readonly Certificate[]; readonly authority: Certificate } {
  for (const [i, certificate] of certificates.entries()) {
    const authority = rules.authorities.get(hex(certificate.issuerKeyId));
    if (authority !== undefined) return { chain: certificates.slice(0, i + 1), authority };
    const next = certificates[i + 1];
    if (next !== undefined && !equalSecret(certificate.issuerKeyId, next.keyId)) {
      return refused("issuer", `certificate ${i} is not issued by certificate ${i + 1}`);
    }
  }
  return refused("untrusted", "the key is not pinned, and no trusted authority issued its certificates");
}

function checkAuthorities(
  chain: readonly Certificate[],
  authority: Certificate,
  rules: ChainRules,
): RefusedPeer | null {
  const allowed = signaturesOfMode(rules.mode);
  for (const [i, { usage, algorithm, extensions }] of [...chain, authority].entries()) {
    if (!allowed.includes(algorithm))
      return refused("algorithm", `certificate ${i}: ${algorithm} in mode ${rules.mode}`);
    if (extensions.some(({ type }) => type >= CRITICAL_EXTENSION)) {
      return refused("extension", `certificate ${i} has a critical extension, and none is known`);
    }
    if (i === 0) continue;
    if (usage.kind !== "authority") return refused("not-authority", `certificate ${i} may not issue`);
    // Certificates 1 to i - 1 are the authorities below this one.
    if (usage.pathLength < i - 1) {
      return refused(
        "path-length",
        `certificate ${i} allows ${usage.pathLength} authorities below it, not ${i - 1}`,
      );
    }
  }
  return null;
}

function checkAllDates(chain: readonly Certificate[], rules: ChainRules, now: number): RefusedPeer | null {
  for (const [i, certificate] of chain.entries()) {
    const cause = checkDates(certificate, now, rules.skew);
    if (cause !== null)
      return refused(cause, `certificate ${i} of ${chain.length}, the authority's included`);
  }
  return null;
}

function checkEndEntity(leaf: Certificate, expected: Expected): RefusedPeer | null {
  if (leaf.usage.kind !== "end-entity" || !leaf.usage.roles.includes(expected.role)) {
    return refused("usage", `the certificate is not for a ${expected.role}`);
  }
  if (expected.name === "any") return null;
  if (expected.name === null) return refused("name", "certified, but nothing says which name to expect");
  const wanted = expected.name.value;
  if (leaf.subject === wanted || leaf.alternativeNames.includes(wanted)) return null;
  return refused("name", `the certificate is not for ${JSON.stringify(wanted)}`);
}
