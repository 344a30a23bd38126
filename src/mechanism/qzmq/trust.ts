/** Whom we believe: pins, authorities and revocation lists (spec, "Trust"). */
import { LayoutError } from "../../bytes/reader.ts";
import { utf8, Writer } from "../../bytes/writer.ts";
import type { CryptoProvider } from "../../crypto/provider.ts";
import { hex, type Mode, signaturesOfMode } from "./algorithm.ts";
import { type Certificate, CRITICAL_EXTENSION, decodeCertificate, verifyCertificate } from "./certificate.ts";
import { type ChainRules, checkDates, checkRevocation, refused, verifyChain } from "./chain.ts";
import { MAX_CHAIN } from "./identity.ts";
import { identityOfPin, type Pin } from "./pins.ts";
import { type RevocationList, Revocations, verifyRevocationList } from "./revocation.ts";
import type { Expected, PeerRecord, RefusalCause, Verdict } from "./verdict.ts";
import { VerifiedCertificates } from "./verified.ts";

/** Default of {@link TrustOptions.clockSkew}, seconds. */
export const DEFAULT_CLOCK_SKEW = 300;
const MAX_CLOCK_SKEW = 3600;

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
  /** Tolerance for differing clocks, whole seconds; default 300, at most 3600. */
  readonly clockSkew?: number;
}

/** Whom we believe, as an immutable value: a reload makes another one. `now` is Unix time in seconds throughout. */
export class Trust {
  /** 32 octets, the same for the same mode, pins, authorities and policy; revocation lists do not count. For ticket keys. */
  readonly digest: Uint8Array;
  readonly #provider: CryptoProvider;
  readonly #pins: ReadonlyMap<string, Pin>;
  readonly #rules: ChainRules;
  readonly #verified: VerifiedCertificates;

  /** Throws `RangeError` when nothing is trusted, or when an authority, a pin or a list is unfit. */
  constructor(provider: CryptoProvider, options: TrustOptions) {
    const {
      mode,
      pins = [],
      authorities = [],
      revocationLists = [],
      clockSkew: skew = DEFAULT_CLOCK_SKEW,
    } = options;
    if (pins.length + authorities.length === 0)
      throw new RangeError("nothing is trusted: give pins or authorities");
    if (!Number.isInteger(skew) || skew < 0 || skew > MAX_CLOCK_SKEW) {
      throw new RangeError(`clockSkew: 0..${MAX_CLOCK_SKEW} whole seconds, not ${skew}`);
    }
    this.#provider = provider;
    this.#verified = new VerifiedCertificates(provider);
    this.#pins = indexPins(pins);
    const byKey = indexAuthorities(provider, authorities, mode);
    this.#rules = {
      ...{ mode, skew, authorities: byKey },
      revocations: new Revocations(verifiedLists(provider, revocationLists, byKey)),
      revocationRequired: options.revocation === "required",
    };
    this.digest = digestOf(provider, this.#pins, this.#rules);
  }

  get mode(): Mode {
    return this.#rules.mode;
  }

  /** True when some authority is trusted, so that certificates can be accepted and names matter. */
  get hasAuthorities(): boolean {
    return this.#rules.authorities.size > 0;
  }

  /**
   * Judges a peer by its certificates as they travelled, end entity first. The look-up of trust comes first, then
   * signatures from the authority down; each `next()` does at most one public-key operation. The verdict is about the
   * key: that the peer holds it is for the handshake's signature to show.
   */
  *verify(
    certificates: readonly Uint8Array[],
    expected: Expected,
    now: number,
  ): Generator<void, Verdict, void> {
    if (certificates.length === 0 || certificates.length > MAX_CHAIN) {
      return refused("chain-length", `${certificates.length} certificates, allowed 1..${MAX_CHAIN}`);
    }
    const decoded: Certificate[] = [];
    try {
      for (const octets of certificates) decoded.push(decodeCertificate(this.#provider, octets));
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error;
      return refused("malformed", `certificate ${decoded.length}: ${error.message}`);
    }
    const leaf = decoded[0]!;
    if (
      !expected.algorithms.includes(leaf.algorithm) ||
      !signaturesOfMode(this.mode).includes(leaf.algorithm)
    ) {
      return refused("algorithm", `a key of ${leaf.algorithm} is not allowed here`);
    }
    const pin = this.#pins.get(hex(leaf.keyId));
    if (pin !== undefined) return this.#pinned(pin, leaf, expected, now);
    return yield* verifyChain(this.#verified, decoded, expected, this.#rules, now);
  }

  /** {@link Trust.verify} in one go. */
  verifyAtOnce(certificates: readonly Uint8Array[], expected: Expected, now: number): Verdict {
    const steps = this.verify(certificates, expected, now);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /** Whether a recorded peer would be accepted today, and as the same; `null` when so. No public-key operation. */
  recheck(peer: PeerRecord, now: number): RefusalCause | null {
    const pin = this.#pins.get(hex(peer.chain[0]!.keyId));
    if (peer.kind === "pinned") {
      if (pin === undefined) return "untrusted";
      if (identityOfPin(pin) !== peer.identity) return "identity-changed";
      return this.#pinRevoked(pin, now);
    }
    // A pin goes before certificates: this key would be known by the pin's name now.
    if (pin !== undefined) return "identity-changed";
    const authority = this.#rules.authorities.get(hex(peer.chain[peer.chain.length - 1]!.issuerKeyId));
    if (authority === undefined) return "untrusted";
    for (const dates of [...peer.chain, authority]) {
      const cause = checkDates(dates, now, this.#rules.skew);
      if (cause !== null) return cause;
    }
    return checkRevocation(peer.chain, hex(authority.keyId), this.#rules, now);
  }

  /**
   * Another trust in place of this one, such as after its files changed. An authority that both trust, and for which
   * `options` has no list, keeps the list it has. Throws `RangeError` as the constructor does, and when the number of
   * a list goes back, or stands for other contents than before.
   */
  renew(options: TrustOptions): Trust {
    const lists = [...(options.revocationLists ?? [])];
    const given = new Set(lists.map(({ issuerKeyId }) => hex(issuerKeyId)));
    for (const list of lists) {
      const former = this.#rules.revocations.listOf(hex(list.issuerKeyId));
      if (former !== undefined) refuseOlder(former, list);
    }
    for (const { keyId } of options.authorities ?? []) {
      const former = this.#rules.revocations.listOf(hex(keyId));
      if (former !== undefined && !given.has(hex(keyId))) lists.push(former);
    }
    return new Trust(this.#provider, { ...options, revocationLists: lists });
  }

  #pinned(pin: Pin, leaf: Certificate, expected: Expected, now: number): Verdict {
    const revocation = this.#pinRevoked(pin, now);
    if (revocation !== null) return refused(revocation, "the key is pinned; see the revocation lists");
    const { name } = expected;
    if (
      name !== null &&
      name !== "any" &&
      name.from === "configured" &&
      pin.name !== null &&
      pin.name !== name.value
    ) {
      return refused("name", `the key is pinned for ${pin.name}, not for ${JSON.stringify(name.value)}`);
    }
    const none = { issuerKeyId: new Uint8Array(32), serial: new Uint8Array(16), notBefore: 0, notAfter: 0 };
    const { algorithm, publicKey, keyId } = leaf;
    return {
      kind: "pinned",
      identity: identityOfPin(pin),
      ...{ algorithm, publicKey, fingerprint: keyId, chain: [{ keyId, ...none }] },
    };
  }

  /** Any list may name a pin, so all of them must be current where lists are required. */
  #pinRevoked(pin: Pin, now: number): RefusalCause | null {
    const { revocations, revocationRequired, authorities, skew } = this.#rules;
    if (revocations.hasPin(hex(pin.fingerprint))) return "revoked";
    if (!revocationRequired) return null;
    for (const authority of authorities.keys()) {
      const lack = revocations.lack(authority, now, skew);
      if (lack !== null) return lack;
    }
    return null;
  }
}

function indexPins(pins: readonly Pin[]): Map<string, Pin> {
  const index = new Map<string, Pin>();
  for (const pin of pins) {
    const key = hex(pin.fingerprint);
    if (pin.fingerprint.length !== 32)
      throw new RangeError(`a pin has 32 octets, not ${pin.fingerprint.length}`);
    if (index.has(key)) throw new RangeError(`pin ${key} is given twice`);
    index.set(key, pin);
  }
  return index;
}

function indexAuthorities(
  provider: CryptoProvider,
  authorities: readonly Certificate[],
  mode: Mode,
): Map<string, Certificate> {
  const index = new Map<string, Certificate>();
  for (const authority of authorities) {
    const { subject, keyId, algorithm, usage, extensions } = authority;
    const unfit = (why: string) => new RangeError(`authority ${subject}: ${why}`);
    if (usage.kind !== "authority") throw unfit("its certificate does not let it issue");
    if (!signaturesOfMode(mode).includes(algorithm))
      throw unfit(`${algorithm} is not allowed in mode ${mode}`);
    if (hex(keyId) !== hex(authority.issuerKeyId)) throw unfit("its certificate is not self-issued");
    if (extensions.some(({ type }) => type >= CRITICAL_EXTENSION))
      throw unfit("it has an unknown critical extension");
    if (!verifyCertificate(provider, authority, authority))
      throw unfit("its certificate's signature is wrong");
    if (index.has(hex(keyId))) throw unfit("its key is given twice");
    index.set(hex(keyId), authority);
  }
  return index;
}

function verifiedLists(
  provider: CryptoProvider,
  lists: readonly RevocationList[],
  authorities: ReadonlyMap<string, Certificate>,
): readonly RevocationList[] {
  const seen = new Set<string>();
  for (const list of lists) {
    const issuer = hex(list.issuerKeyId);
    const authority = authorities.get(issuer);
    if (authority === undefined) throw new RangeError(`revocation list of ${issuer}: no trusted authority`);
    if (seen.has(issuer)) throw new RangeError(`authority ${authority.subject}: two revocation lists`);
    if (!verifyRevocationList(provider, list, authority)) {
      throw new RangeError(`revocation list of ${authority.subject}: its signature is wrong`);
    }
    seen.add(issuer);
  }
  return lists;
}

function refuseOlder(former: RevocationList, list: RevocationList): void {
  if (list.number < former.number) {
    throw new RangeError(`revocation list number went back from ${former.number} to ${list.number}`);
  }
  if (list.number === former.number && hex(list.signed) !== hex(former.signed)) {
    throw new RangeError(`revocation list ${list.number} has other contents than before`);
  }
}

function digestOf(provider: CryptoProvider, pins: ReadonlyMap<string, Pin>, rules: ChainRules): Uint8Array {
  const out = new Writer().bytes(utf8("QZMQ/1 trust")).v8(utf8(rules.mode)).u32(rules.skew);
  out.u8(rules.revocationRequired ? 1 : 0).u32(pins.size);
  for (const key of [...pins.keys()].sort()) out.bytes(utf8(key)).v16(utf8(pins.get(key)!.name ?? ""));
  for (const key of [...rules.authorities.keys()].sort()) out.v16(rules.authorities.get(key)!.encoded);
  return provider.hashes["SHA-256"].digest(out.finish());
}
