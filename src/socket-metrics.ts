/** `qzmq.metrics`: what a program's own sockets do, for Prometheus or for whoever asks. */
import type { Counters } from "./mechanism/qzmq/counters.ts";
import type { Security } from "./security.ts";

/** What one `Security` has done and does. */
export interface SecuritySnapshot extends Counters {
  /** Connections whose handshake is done and that are not over. */
  readonly connections: number;
  /** Handshakes that are under way. */
  readonly handshakes: number;
}

/** A registry of prom-client 14 or later, or any other object with these methods. */
export interface PromRegistry {
  registerMetric(metric: never): void;
  removeSingleMetric(name: string): void;
}

/** See {@link metrics}. */
export interface Metrics {
  /** Prometheus exposition text, format 0.0.4: `text/plain; version=0.0.4; charset=utf-8`. */
  text(): string;
  /** Plain values by name, ready for JSON. A copy. */
  snapshot(): Record<string, SecuritySnapshot>;
  /**
   * Lets a prom-client registry show these metrics; the function that is returned takes them out again. Throws
   * prom-client's error, and registers nothing, when the registry has one of the names already.
   */
  register(registry: PromRegistry): () => void;
}

/**
 * Metrics of the sockets that were given these `security` values. The names become the label `link`. Throws
 * `TypeError` for what is not made by `qzmq.server` or `qzmq.client`.
 */
export type MetricsOf = (securities: Readonly<Record<string, Security>>) => Metrics;
