/** Suites: four octets that name a KEM, a signature, an AEAD and a hash (spec, "Suites"). */
import type { AeadName, HashName, SignatureName } from "../../crypto/provider.ts";
import { type Mode, SIGNATURE_OCTETS, signatureByOctet } from "./algorithm.ts";

/** Octet 1 of a suite: X25519 alone, ML-KEM-768, ML-KEM-1024, X25519 with ML-KEM-768, X25519 with ML-KEM-1024. */
export type KemOctet = 1 | 2 | 3 | 4 | 5;

/** One valid combination. Made by {@link parseSuite} only, so holding one means that it is valid. */
export interface Suite {
  /** The four octets as they travel. Not to be modified. */
  readonly octets: Uint8Array;
  readonly kem: KemOctet;
  /** Of the server's end-entity key. */
  readonly signature: SignatureName;
  readonly aead: AeadName;
  readonly hash: HashName;
  /** Such as `x25519+mlkem768/mldsa44/aes256gcm/sha256`: for people, and accepted by {@link suiteByName}. */
  readonly name: string;
}

/** At most so many suites are offered. */
export const MAX_SUITES = 16;

const KEM_NAMES: Readonly<Record<KemOctet, string>> = {
  1: "x25519",
  2: "mlkem768",
  3: "mlkem1024",
  4: "x25519+mlkem768",
  5: "x25519+mlkem1024",
};
const AEADS: readonly (AeadName | undefined)[] = [undefined, "AES-256-GCM", "ChaCha20-Poly1305"];
const HASHES: readonly (HashName | undefined)[] = [undefined, "SHA-256", "SHA-384"];

/** Every spelling that configuration may use, freed of case and punctuation, with its octet. */
const SPELLINGS: readonly Readonly<Record<string, number>>[] = [
  {
    x25519: 1,
    mlkem768: 2,
    mlkem1024: 3,
    x25519mlkem768: 4,
    hybrid768: 4,
    x25519mlkem1024: 5,
    hybrid1024: 5,
  },
  { ed25519: 1, mldsa2: 2, mldsa44: 2, mldsa3: 3, mldsa65: 3, mldsa5: 4, mldsa87: 4 },
  { aes256gcm: 1, aesgcm: 1, chacha20poly1305: 2, chacha20: 2 },
  { sha256: 1, sha384: 2 },
];

/** The octet that a spelling names at this place of a suite (KEM, signature, AEAD, hash); `undefined` for none. */
export function octetByName(place: 0 | 1 | 2 | 3, text: string): number | undefined {
  const name = plain(text);
  return Object.hasOwn(SPELLINGS[place]!, name) ? SPELLINGS[place]![name] : undefined;
}

function plain(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/**
 * The suite that four octets name, or `null` when an octet is unknown or the combination is never valid. Whether a
 * mode allows it is another question: {@link suiteAllowed}.
 */
export function parseSuite(octets: Uint8Array): Suite | null {
  if (octets.length !== 4) return null;
  const [kem, sig, aeadOctet, hashOctet] = octets as unknown as [number, number, number, number];
  const signature = signatureByOctet(sig);
  const aead = AEADS[aeadOctet];
  const hash = HASHES[hashOctet];
  if (!isKemOctet(kem) || signature === undefined || aead === undefined || hash === undefined) return null;
  // The classical pair goes together; a KEM of category 5 wants a signature of category 3 or 5 and the longer hash.
  if ((kem === 1) !== (signature === "Ed25519")) return null;
  if ((kem === 3 || kem === 5) && (signature === "ML-DSA-44" || hash !== "SHA-384")) return null;
  const name = [KEM_NAMES[kem], plain(signature), plain(aead), plain(hash)].join("/");
  return { octets: new Uint8Array(octets), kem, signature, aead, hash, name };
}

function isKemOctet(octet: number): octet is KemOctet {
  return octet >= 1 && octet <= 5;
}

/** Whether `mode` lets this suite be offered, chosen or accepted. */
export function suiteAllowed(suite: Suite, mode: Mode): boolean {
  if (mode === "pq-only") return !hasClassicalPart(suite.octets);
  return mode === "classical" || suite.kem !== 1;
}

/** Whether four octets name X25519 or Ed25519 in any way; what extension pq_only forbids. */
export function hasClassicalPart(octets: Uint8Array): boolean {
  const kem = octets[0]!;
  return kem === 1 || kem === 4 || kem === 5 || octets[1] === SIGNATURE_OCTETS.Ed25519;
}

/**
 * The suite of a configuration string: four names (any case, any punctuation inside a name) or four octets, between
 * slashes or commas. Throws `RangeError`, saying what was expected, for anything else.
 */
export function suiteByName(text: string): Suite {
  const parts = text.split(/[/,]/).map((part) => part.trim());
  const octets = parts.map((part, i) =>
    i > 3 ? undefined : /^[1-9]$/.test(part) ? Number(part) : octetByName(i as 0 | 1 | 2 | 3, part),
  );
  const suite = octets.includes(undefined) ? null : parseSuite(Uint8Array.from(octets as number[]));
  if (suite === null) {
    throw new RangeError(
      `not a suite: ${JSON.stringify(text)}; expected KEM/signature/AEAD/hash such as "x25519+mlkem768/mldsa44/aes256gcm/sha256"`,
    );
  }
  return suite;
}

const PQ_ONLY = suites("2,2,1,1 2,3,1,1 2,4,1,1 3,3,1,2 3,4,1,2");
const HYBRID = [
  ...suites("4,2,1,1 4,3,1,1 4,4,1,1 4,2,2,1 4,3,2,1 4,4,2,1 5,3,1,2 5,4,1,2 5,3,2,2 5,4,2,2"),
  ...PQ_ONLY,
];
const DEFAULTS: Readonly<Record<Mode, readonly Suite[]>> = {
  hybrid: HYBRID,
  "pq-only": [...PQ_ONLY, ...suites("2,2,2,1 2,3,2,1 2,4,2,1 3,3,2,2 3,4,2,2")],
  classical: [...HYBRID, ...suites("1,1,1,1")],
};

function suites(list: string): readonly Suite[] {
  return list.split(" ").map(suiteByName);
}

/** What a peer of this mode offers, or prefers, when nothing is configured; the most preferred first. */
export function defaultSuites(mode: Mode): readonly Suite[] {
  return DEFAULTS[mode];
}

/**
 * Checks a configured list: 1 to 16 suites, none twice, all allowed in `mode`. Throws `RangeError` otherwise.
 */
export function checkSuites(list: readonly Suite[], mode: Mode): readonly Suite[] {
  if (list.length < 1 || list.length > MAX_SUITES) throw new RangeError(`1 to ${MAX_SUITES} suites expected`);
  if (new Set(list.map((suite) => suite.name)).size !== list.length)
    throw new RangeError("a suite occurs twice");
  const wrong = list.find((suite) => !suiteAllowed(suite, mode));
  if (wrong !== undefined) throw new RangeError(`suite ${wrong.name} is not allowed in mode ${mode}`);
  return list;
}
