/**
 * Metrics for a registry of prom-client, which the user brings. prom-client keeps whatever `registerMetric` is given
 * and asks it, at each scrape, for its values by `get()`: that is how its own classes do it, in versions 14 and 15.
 */
import { type Metric, seriesOf } from "./model.ts";

/** A registry of prom-client 14 or later, or any other object with these methods. */
export interface PromRegistry {
  registerMetric(metric: never): void;
  removeSingleMetric(name: string): void;
}

/** One series, as prom-client's metrics give it. */
interface PromValue {
  /** Only for the parts of a histogram: a registry for OpenMetrics makes the names of counters itself. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What prom-client asks a metric for. */
export class PromMetric<S> {
  /** A registry for OpenMetrics takes `_total` off. */
  name: string;
  readonly help: string;
  readonly type: string;
  /** How a cluster's primary joins the values of its workers. */
  readonly aggregator = "sum";
  readonly #metric: Metric<S>;
  readonly #source: () => S;

  constructor(metric: Metric<S>, source: () => S) {
    this.name = metric.definition.name;
    this.help = metric.definition.help;
    this.type = metric.definition.type;
    this.#metric = metric;
    this.#source = source;
  }

  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: PromValue[] }> {
    const { name, help, type, aggregator } = this;
    const { definition } = this.#metric;
    const series = this.#metric.read(this.#source()).flatMap((sample) => seriesOf(definition, sample));
    const values = series.map(({ name: part, labels, value }) => ({
      ...(part === definition.name ? {} : { metricName: part }),
      labels: Object.fromEntries(labels),
      value,
    }));
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  /** What the connections have done stays done. */
  reset(): void {}
}

/**
 * Registers all metrics or none; returns what takes them out again. Throws `TypeError` for what is no registry, and
 * what the registry throws, which is an error when it has one of the names.
 */
export function register<S>(
  registry: PromRegistry,
  metrics: readonly Metric<S>[],
  source: () => S,
): () => void {
  if (typeof registry?.registerMetric !== "function" || typeof registry.removeSingleMetric !== "function") {
    throw new TypeError("register: expected a registry of prom-client, such as its `register`");
  }
  const registered: string[] = [];
  const unregister = () => {
    for (const name of registered.splice(0)) registry.removeSingleMetric(name);
  };
  try {
    for (const metric of metrics) {
      registry.registerMetric(new PromMetric(metric, source) as never);
      registered.push(metric.definition.name);
    }
  } catch (error) {
    unregister();
    throw error;
  }
  return unregister;
}
