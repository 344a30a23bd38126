/**
 * The only way by which secrets leave the mechanism: a hook, given at construction, that is told each traffic secret
 * when it is derived. For debugging, see spec/operation/keylog.md; without a hook nothing here runs.
 */

/** Secrets that a hook is told, by their labels in the key schedule (spec, "Labels"). */
export type LoggedLabel = "c early" | "c hs" | "s hs" | "c ap" | "s ap";

/**
 * Told a secret. `epoch` is that of `c ap` and `s ap`, else 0. `clientRandom` is the random of CLIENTHELLO, 32 octets;
 * `secret` has the hash's length and is overwritten after the call. It must not throw.
 */
export type KeyLog = (
  label: LoggedLabel,
  epoch: number,
  clientRandom: Uint8Array,
  secret: Uint8Array,
) => void;

/** A {@link KeyLog} of one connection. */
export type Reveal = (label: LoggedLabel, epoch: number, secret: Uint8Array) => void;

/** The hook for the connection with that random; `null` when there is none. */
export function revealFor(keyLog: KeyLog | null, clientRandom: Uint8Array): Reveal | null {
  if (keyLog === null) return null;
  const random = clientRandom.slice();
  return (label, epoch, secret) => keyLog(label, epoch, random, secret);
}
