/** Metrics as plain data, in the terms of Prometheus: what one is, and what it measures now. */

/** How a value moves: only up, both ways, or counted in buckets. */
export type MetricType = "counter" | "gauge" | "histogram";

/** What a metric is. The label names are part of it: each sample has exactly these. */
export interface Definition {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*` */
  readonly name: string;
  readonly type: MetricType;
  /** What it says, for people. */
  readonly help: string;
  /** `[a-zA-Z_][a-zA-Z0-9_]*`; never "le", which belongs to histograms. */
  readonly labels: readonly string[];
}

/** Values of a definition's labels, in its order. */
export type LabelValues = readonly string[];

/** One value of a counter or a gauge; or a whole histogram. */
export type Sample = { readonly labels: LabelValues } & ({ readonly value: number } | Distribution);

/** What a histogram has seen. */
export interface Distribution {
  /** Upper bounds of the buckets, rising. */
  readonly bounds: readonly number[];
  /** How many observations fell into each bucket, not cumulative: one per bound, and one for what is above all. */
  readonly buckets: readonly number[];
  readonly sum: number;
}

/** A metric, and how it is read off a source of type `S`. */
export interface Metric<S> {
  readonly definition: Definition;
  read(source: S): Sample[];
}

/** One number as Prometheus stores it. */
export interface Series {
  /** The metric's name, for a histogram with `_bucket`, `_sum` or `_count`. */
  readonly name: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
}

/** What a sample stands for: itself, or the cumulative buckets, the sum and the count of a histogram. */
export function seriesOf({ name, labels: names }: Definition, sample: Sample): Series[] {
  const labels = names.map((label, i) => [label, sample.labels[i]!] as const);
  if ("value" in sample) return [{ name, labels, value: sample.value }];
  let count = 0;
  const buckets = sample.buckets.map((observations, i) => {
    count += observations;
    const bound = sample.bounds[i] ?? Number.POSITIVE_INFINITY;
    return { name: `${name}_bucket`, labels: [...labels, ["le", numeral(bound)] as const], value: count };
  });
  return [
    ...buckets,
    { name: `${name}_sum`, labels, value: sample.sum },
    { name: `${name}_count`, labels, value: count },
  ];
}

/** A number as the exposition text and the label `le` write it. */
export function numeral(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
