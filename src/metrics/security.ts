/** What QZMQ connections count, as metrics. Each has the label `link`, whose values the operator chooses. */
import type { PeerErrorCode, QzmqErrorCode } from "../errors.ts";
import { type Counters, DURATION_BOUNDS } from "../mechanism/qzmq/counters.ts";
import type { Definition, Metric, Sample } from "./model.ts";

/** What the connections of one link have done, and do now. */
export interface SecurityState {
  readonly counters: Readonly<Counters>;
  /** Connections whose handshake is done and that are not over. */
  readonly connections: number;
  /** Connections in their greeting or handshake. */
  readonly handshakes: number;
  /** Handshakes that wait for their turn at a public-key operation; 0 for a client. */
  readonly waiting: number;
  /** Octets held for handshakes; 0 for a client. */
  readonly handshakeBytes: number;
}

/** By name of the link. */
export type SecurityStates = readonly (readonly [link: string, state: SecurityState])[];

/** Every metric of a link's security. */
export const SECURITY_METRICS: readonly Metric<SecurityStates>[] = [
  counter("handshakes_total", "Handshakes completed, resumed ones included.", (c) => c.handshakesCompleted),
  {
    definition: {
      name: "qzmq_handshake_duration_ms",
      type: "histogram",
      help: "Milliseconds from both greetings to the end of a completed handshake.",
      labels: ["link"],
    },
    read: (states) =>
      states.map(([link, { counters }]) => ({
        ...{ labels: [link], bounds: DURATION_BOUNDS },
        ...{ buckets: [...counters.durations], sum: counters.durationSum },
      })),
  },
  counter("handshakes_started_total", "Handshakes begun.", (c) => c.handshakesStarted),
  counter("handshakes_resumed_total", "Handshakes completed by a ticket.", (c) => c.handshakesResumed),
  byCause("handshakes_failed_total", "Handshakes that failed, by error code.", "code", (c) => ({
    ...NO_FAILURES,
    ...c.handshakeFailures,
  })),
  byCause(
    "connections_failed_total",
    "Connections that failed after their handshake, by error code.",
    "code",
    (c) => ({ ...NO_FAILURES, ...lateFailures(c) }),
  ),
  gauge("connections", "Connections whose handshake is done.", (state) => state.connections),
  gauge("handshakes_open", "Connections in their greeting or handshake.", (state) => state.handshakes),
  gauge(
    "handshakes_waiting",
    "Handshakes that wait for their turn at a public-key operation.",
    (state) => state.waiting,
  ),
  gauge("handshake_buffer_bytes", "Octets held for handshakes.", (state) => state.handshakeBytes),
  counter("messages_encrypted", "Messages sent, multipart ones counted once.", (c) => c.messagesSealed),
  counter("messages_decrypted", "Messages received, multipart ones counted once.", (c) => c.messagesOpened),
  counter("records_encrypted_total", "Records sent.", (c) => c.recordsSealed),
  counter("records_decrypted_total", "Records received.", (c) => c.recordsOpened),
  counter("bytes_encrypted_total", "Octets of plaintext in the records sent.", (c) => c.bytesSealed),
  counter("bytes_decrypted_total", "Octets of plaintext in the records received.", (c) => c.bytesOpened),
  counter("key_updates_total", "Key rotations completed.", (c) => c.rotations),
  counter(
    "auth_failures",
    "Records, signatures, certificates and authorizers that said no.",
    (c) => c.authenticationFailures,
  ),
  counter("replay_attempts", "Records that came again.", (c) => c.replayAttempts),
  counter("truncations_total", "Connections that ended without the peer's goodbye.", (c) => c.truncations),
  counter("cookies_sent_total", "Clients that were asked for a cookie.", (c) => c.retriesSent),
  counter("cookies_accepted_total", "Cookies that were good.", (c) => c.cookiesAccepted),
  counter("cookies_refused_total", "Cookies that were not.", (c) => c.cookiesRefused),
  counter("tickets_issued_total", "Tickets given to clients.", (c) => c.ticketsIssued),
  counter("tickets_used_total", "Tickets that resumed.", (c) => c.ticketsUsed),
  byCause(
    "tickets_refused_total",
    "Tickets that did not resume, by cause.",
    "cause",
    (c) => c.ticketsRefused,
  ),
  counter("early_data_accepted_total", "Handshakes whose early messages were taken.", (c) => c.earlyAccepted),
  counter("early_data_refused_total", "Handshakes whose early messages were not.", (c) => c.earlyRefused),
];

type Read<T> = (counters: Readonly<Counters>) => T;

/** Each code of QZMQ is there from the beginning, so that a rate sees its first failure; the others appear with theirs. */
const NO_FAILURES: Readonly<Record<QzmqErrorCode, number>> = {
  ERR_QZMQ_AUTH: 0,
  ERR_QZMQ_BUSY: 0,
  ERR_QZMQ_INTERNAL: 0,
  ERR_QZMQ_LIMIT: 0,
  ERR_QZMQ_PROTOCOL: 0,
  ERR_QZMQ_REPLAY: 0,
  ERR_QZMQ_ROLE: 0,
  ERR_QZMQ_ROTATION: 0,
  ERR_QZMQ_SUITE: 0,
  ERR_QZMQ_TIMEOUT: 0,
  ERR_QZMQ_TRUNCATED: 0,
  ERR_QZMQ_VERSION: 0,
};

function counter(name: string, help: string, read: Read<number>): Metric<SecurityStates> {
  return single(name, "counter", help, ({ counters }) => read(counters));
}

function gauge(name: string, help: string, read: (state: SecurityState) => number): Metric<SecurityStates> {
  return single(name, "gauge", help, read);
}

function single(
  name: string,
  type: Definition["type"],
  help: string,
  read: (state: SecurityState) => number,
): Metric<SecurityStates> {
  return {
    definition: { name: `qzmq_${name}`, type, help, labels: ["link"] },
    read: (states) => states.map(([link, state]) => ({ labels: [link], value: read(state) })),
  };
}

function byCause(
  name: string,
  help: string,
  label: string,
  read: Read<Readonly<Record<string, number>>>,
): Metric<SecurityStates> {
  return {
    definition: { name: `qzmq_${name}`, type: "counter", help, labels: ["link", label] },
    read: (states) =>
      states.flatMap(([link, { counters }]) =>
        Object.entries(read(counters)).map(([cause, value]): Sample => ({ labels: [link, cause], value })),
      ),
  };
}

function lateFailures({ failures, handshakeFailures }: Readonly<Counters>): Record<string, number> {
  const codes = Object.keys(failures) as PeerErrorCode[];
  return Object.fromEntries(codes.map((code) => [code, failures[code]! - (handshakeFailures[code] ?? 0)]));
}
