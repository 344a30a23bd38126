/** Prometheus' text format, version 0.0.4: one line for each number, ahead of them what the metric is. */
import { type Definition, type Metric, numeral, type Sample, seriesOf } from "./model.ts";

/** Media type of the text. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** All metrics of one source; ends in a line feed unless there is none. */
export function exposition<S>(metrics: readonly Metric<S>[], source: S): string {
  return metrics.map((metric) => block(metric.definition, metric.read(source))).join("");
}

/** One metric: HELP, TYPE, and its samples. */
export function block(definition: Definition, samples: readonly Sample[]): string {
  const { name, type, help } = definition;
  const lines = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
  for (const sample of samples) {
    for (const series of seriesOf(definition, sample)) {
      const labels = series.labels.map(([label, value]) => `${label}="${escapeLabel(value)}"`);
      const braces = labels.length === 0 ? "" : `{${labels.join(",")}}`;
      lines.push(`${series.name}${braces} ${numeral(series.value)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The format knows three escapes, and in HELP two of them. */
function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
