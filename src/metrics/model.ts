/** Metrics as plain data, in the terms of Prometheus: what one is, and what it measures now. */

/** How a value moves: only up, both ways, or counted in buckets. */
export type MetricType = "counter" | "gauge" | "histogram";

/** What a metric is. The label names are part of it: each sample has exactly these. */
export interface Definition {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*` */
  readonly name: string;
  readonly type: MetricType;
  /** One sentence for people. */
  readonly help: string;
  /** `[a-zA-Z_][a-zA-Z0-9_]*`; not "le", which belongs to histograms. */
  readonly labels: readonly string[];
}

/** One value of a counter or a gauge. */
export interface Sample {
  /** Values of the definition's labels, in its order. */
  readonly labels: readonly string[];
  readonly value: number;
}

/** One histogram. */
export interface Distribution {
  readonly labels: readonly string[];
  /** How many observations fell into each bucket, not cumulative: one per bound, and one for what is above all. */
  readonly buckets: readonly number[];
  readonly sum: number;
}

/** A metric with its values. */
export type Family =
  | {
      readonly definition: Definition & { readonly type: "counter" | "gauge" };
      readonly samples: readonly Sample[];
    }
  | {
      readonly definition: Definition & { readonly type: "histogram" };
      /** Upper bounds of the buckets, rising; the one without a bound is not named. */
      readonly bounds: readonly number[];
      readonly samples: readonly Distribution[];
    };
