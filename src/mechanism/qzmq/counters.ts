/** What a socket's QZMQ connections have done, in plain numbers that only grow: for status pages and metrics. */
import type { PeerErrorCode } from "../../errors.ts";
import type { MessageCounters } from "../mechanism.ts";

/** Upper bounds of the handshake duration buckets, milliseconds; one more bucket takes the rest. */
export const DURATION_BOUNDS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;

/** Counts of one socket. Mutable: its connections add to it; everybody else reads. */
export interface Counters extends MessageCounters {
  handshakesStarted: number;
  /** Completed ones, resumed ones included. */
  handshakesCompleted: number;
  handshakesResumed: number;
  handshakesFailed: number;
  /** By error code; a code appears with its first failure. */
  readonly failures: Partial<Record<PeerErrorCode, number>>;
  /** Those of them that were in the handshake. */
  readonly handshakeFailures: Partial<Record<PeerErrorCode, number>>;
  /** Completed handshakes by duration, see {@link DURATION_BOUNDS}; not cumulative. */
  readonly durations: number[];
  /** Sum of all durations, milliseconds. */
  durationSum: number;
  retriesSent: number;
  cookiesAccepted: number;
  cookiesRefused: number;
  /** MESSAGE and CONTROL records, and octets of plaintext in them. */
  recordsSealed: number;
  recordsOpened: number;
  bytesSealed: number;
  bytesOpened: number;
  rotations: number;
  /** Records, signatures, certificates, MACs and authorizers that said no. */
  authenticationFailures: number;
  replayAttempts: number;
  ticketsIssued: number;
  ticketsUsed: number;
  /** By cause; see `TicketRefusal`. */
  readonly ticketsRefused: Record<string, number>;
  /** Early messages were accepted, or asked for and refused, in so many handshakes. */
  earlyAccepted: number;
  earlyRefused: number;
  /** Connections that ended without the peer's CLOSE. */
  truncations: number;
}

/** All zeros. */
export function createCounters(): Counters {
  return {
    handshakesStarted: 0,
    handshakesCompleted: 0,
    handshakesResumed: 0,
    handshakesFailed: 0,
    failures: {},
    handshakeFailures: {},
    durations: new Array(DURATION_BOUNDS.length + 1).fill(0),
    durationSum: 0,
    retriesSent: 0,
    cookiesAccepted: 0,
    cookiesRefused: 0,
    messagesSealed: 0,
    messagesOpened: 0,
    recordsSealed: 0,
    recordsOpened: 0,
    bytesSealed: 0,
    bytesOpened: 0,
    rotations: 0,
    authenticationFailures: 0,
    replayAttempts: 0,
    ticketsIssued: 0,
    ticketsUsed: 0,
    ticketsRefused: {},
    earlyAccepted: 0,
    earlyRefused: 0,
    truncations: 0,
  };
}

/** A handshake is done, after so many milliseconds. */
export function countCompleted(counters: Counters, duration: number, resumed: boolean): void {
  const bucket = DURATION_BOUNDS.findIndex((bound) => duration <= bound);
  counters.handshakesCompleted++;
  if (resumed) counters.handshakesResumed++;
  counters.durations[bucket === -1 ? DURATION_BOUNDS.length : bucket]!++;
  counters.durationSum += duration;
}

/** A connection failed, in its handshake or after. */
export function countFailure(counters: Counters, code: PeerErrorCode, inHandshake: boolean): void {
  counters.failures[code] = (counters.failures[code] ?? 0) + 1;
  if (inHandshake) {
    counters.handshakesFailed++;
    counters.handshakeFailures[code] = (counters.handshakeFailures[code] ?? 0) + 1;
  }
  if (code === "ERR_QZMQ_AUTH") counters.authenticationFailures++;
  if (code === "ERR_QZMQ_REPLAY") counters.replayAttempts++;
  if (code === "ERR_QZMQ_TRUNCATED") counters.truncations++;
}

/** A ticket that did not resume. */
export function countTicketRefused(counters: Counters, cause: string): void {
  counters.ticketsRefused[cause] = (counters.ticketsRefused[cause] ?? 0) + 1;
}
