/** `qzmq.metrics`: what a program's own secured sockets do, for Prometheus or for whoever asks. */
import type { Counters } from "./mechanism/qzmq/counters.ts";
import { exposition } from "./metrics/exposition.ts";
import { type PromRegistry, register } from "./metrics/prom-client.ts";
import { SECURITY_METRICS, type SecurityState, type SecurityStates } from "./metrics/security.ts";
import { Security } from "./security.ts";

/** What the connections of one `Security` have done, and do now. */
export interface SecuritySnapshot extends Counters {
  /** Connections whose handshake is done and that are not over. */
  readonly connections: number;
  /** Connections in their greeting or handshake. */
  readonly handshakes: number;
  /** Handshakes that wait for their turn at a public-key operation; 0 for a client. */
  readonly waiting: number;
  /** Octets held for handshakes; 0 for a client. */
  readonly handshakeBytes: number;
}

/** See {@link metrics}. */
export interface Metrics {
  /** Prometheus' text format 0.0.4; serve it as `text/plain; version=0.0.4; charset=utf-8`. */
  text(): string;
  /** Plain numbers by name, a copy, ready for JSON. */
  snapshot(): Record<string, SecuritySnapshot>;
  /**
   * Lets a registry of prom-client (14 or later; yours, such as `client.register`) show the same metrics. Returns a
   * function that takes them out again. Throws prom-client's error when the registry has one of the names already, and
   * registers none then: give all sockets to one `metrics` call.
   */
  register(registry: PromRegistry): () => void;
}

/**
 * Metrics of the sockets that use these `security` values. Each key becomes the value of the label `link`, so choose
 * them as you would any label: few, and not by anything a peer says. Throws `TypeError` for a value that
 * `qzmq.server` or `qzmq.client` did not make.
 */
export function metrics(securities: Readonly<Record<string, Security>>): Metrics {
  const named = Object.entries(securities);
  for (const [name, security] of named) {
    if (!(security instanceof Security)) {
      throw new TypeError(`metrics: ${JSON.stringify(name)} is to be what qzmq.server or qzmq.client gives`);
    }
  }
  const states = () => securityStates(named);
  return {
    text: () => exposition(SECURITY_METRICS, states()),
    snapshot: () =>
      Object.fromEntries(
        states().map(([name, { counters, ...now }]) => [name, { ...structuredClone(counters), ...now }]),
      ),
    register: (registry) => register(registry, SECURITY_METRICS, states),
  };
}

/** What the metrics are read off. */
export function securityStates(named: readonly (readonly [string, Security])[]): SecurityStates {
  return named.map(([name, security]) => [name, stateOf(security)] as const);
}

function stateOf({ counters, mechanism }: Security): SecurityState {
  let connections = 0;
  for (const { status } of mechanism.connections) if (status === "ready") connections++;
  const load = mechanism.admission?.load;
  return {
    ...{ counters, connections, handshakes: mechanism.connections.size - connections },
    ...{ waiting: load?.waiting ?? 0, handshakeBytes: load?.bytes ?? 0 },
  };
}
