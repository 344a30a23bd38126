/** The back ends that the tests of this folder compare: the pure one, and whatever the probes choose here. */
import { nobleProvider } from "../../src/crypto/noble.ts";
import { nodeCandidates } from "../../src/crypto/node.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import { combine } from "../../src/crypto/select.ts";

export const pure = nobleProvider();
export const native = nodeCandidates(pure);
export const chosen = combine("auto", pure, native);

/** Each different implementation of a primitive, with a name: one where the choice fell on the pure back end. */
export function implementations<T>(of: (provider: CryptoProvider) => T): readonly (readonly [string, T])[] {
  const [first, second] = [of(pure), of(chosen)];
  return second === first
    ? [["pure", first]]
    : [
        ["pure", first],
        ["native", second],
      ];
}

/** Octets counting up from `first`. */
export function pattern(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => first + i);
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The pieces in one. */
export function join(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}
