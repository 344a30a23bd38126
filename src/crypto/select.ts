/** Chooses a back end for each primitive: native where a probe finds it right, the pure one elsewhere. */
import { nobleProvider } from "./noble.ts";
import { type NodeCandidates, nodeCandidates } from "./node.ts";
import { aeadWorks, hashWorks, kemWorks, scryptWorks, signatureWorks, x25519Works } from "./probe.ts";
import type { AeadName, CryptoProvider, HashName, KemName, SignatureName } from "./provider.ts";

/**
 * - `"auto"`: each primitive from node:crypto where its probe passes, from noble where it does not;
 * - `"node"`: the same, but only ML-KEM and ML-DSA, which node:crypto has from Node 24 on, may come from noble;
 * - `"noble"`: everything from noble.
 */
export type CryptoChoice = "auto" | "node" | "noble";

const HASHES: readonly HashName[] = ["SHA-256", "SHA-384"];
const AEADS: readonly AeadName[] = ["AES-256-GCM", "ChaCha20-Poly1305"];
const KEMS: readonly KemName[] = ["ML-KEM-768", "ML-KEM-1024"];
const SIGNATURES: readonly SignatureName[] = ["Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];

/** Calls `make` the first time only. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** A frozen record whose members are made at first use. */
function lazily<N extends string, T>(names: readonly N[], make: (name: N) => T): Readonly<Record<N, T>> {
  const members = names.map((name) => [name, { enumerable: true, get: once(() => make(name)) }]);
  return Object.freeze(Object.defineProperties({} as Record<N, T>, Object.fromEntries(members)));
}

/**
 * A provider. Making one is cheap; each primitive is probed when it is first asked for, which takes up to a
 * millisecond, for native ML-KEM and ML-DSA some tens. So a caller keeps what it got.
 */
export function cryptoProvider(choice: CryptoChoice): CryptoProvider {
  const pure = nobleProvider();
  return choice === "noble" ? pure : combine(choice, pure, nodeCandidates(pure));
}

/**
 * The provider for a choice among given back ends. With `"node"`, asking for a primitive whose probe fails throws an
 * `Error` that names it.
 */
export function combine(
  choice: Exclude<CryptoChoice, "noble">,
  pure: CryptoProvider,
  native: NodeCandidates,
): CryptoProvider {
  const pick = <T>(name: string, candidate: T | undefined, fallback: T, works: (found: T) => boolean): T => {
    if (candidate !== undefined && works(candidate)) return candidate;
    if (choice === "node" && !name.startsWith("ML-")) throw new Error(`node:crypto has no correct ${name}`);
    return fallback;
  };
  const x25519 = once(() =>
    pick("X25519", native.x25519, pure.x25519, (found) => x25519Works(found, native.random)),
  );
  const scrypt = once(() => pick("scrypt", native.scrypt, pure.scrypt, scryptWorks));

  const provider: CryptoProvider = {
    get name(): string {
      return nameOf(provider, pure);
    },
    hashes: lazily(HASHES, (name) => pick(name, native.hashes[name], pure.hashes[name], hashWorks)),
    aeads: lazily(AEADS, (name) => pick(name, native.aeads[name], pure.aeads[name], aeadWorks)),
    kems: lazily(KEMS, (name) => {
      const fallback = pure.kems[name];
      return pick(name, native.kems[name], fallback, (found) => kemWorks(found, fallback, native.random));
    }),
    signatures: lazily(SIGNATURES, (name) => {
      const fallback = pure.signatures[name];
      return pick(name, native.signatures[name], fallback, (found) =>
        signatureWorks(found, fallback, native.random),
      );
    }),
    get x25519() {
      return x25519();
    },
    get scrypt() {
      return scrypt();
    },
    random: native.random,
  };
  return Object.freeze(provider);
}

/** Looks at every primitive, and so probes what had not been asked for yet. */
function nameOf(provider: CryptoProvider, pure: CryptoProvider): string {
  const chosen = (of: CryptoProvider): readonly unknown[] => [
    ...HASHES.map((name) => of.hashes[name]),
    ...AEADS.map((name) => of.aeads[name]),
    ...KEMS.map((name) => of.kems[name]),
    ...SIGNATURES.map((name) => of.signatures[name]),
    of.x25519,
    of.scrypt,
  ];
  const fallbacks = chosen(pure);
  return chosen(provider).some((primitive, i) => primitive === fallbacks[i]) ? "node+noble" : "node";
}
