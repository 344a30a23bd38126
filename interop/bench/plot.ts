/**
 * Draws throughput by size as an SVG: one panel without security and one with, a logarithmic scale, a line for each
 * library with the span from its slowest to its fastest round. Colours are Okabe and Ito's, which the colour-blind
 * can tell apart, and each library has its own mark; the reader's light or dark scheme is followed.
 */
import { median, type Row } from "./result.ts";
import type { Label } from "./subject.ts";

const WIDTH = 860;
const HEIGHT = 380;
const PANEL = { width: 340, height: 250, top: 64 } as const;

interface Series {
  readonly label: Label;
  readonly name: string;
  readonly style: "ours" | "addon" | "native";
}

const PANELS: readonly {
  readonly title: string;
  readonly left: number;
  readonly series: readonly Series[];
}[] = [
  {
    title: "without security",
    left: 72,
    series: [
      { label: "qzmq/null", name: "qzmq", style: "ours" },
      { label: "zeromq/null", name: "npm zeromq", style: "addon" },
      { label: "libzmq/null", name: "C, libzmq", style: "native" },
    ],
  },
  {
    title: "encrypted",
    left: 492,
    series: [
      { label: "qzmq/qzmq", name: "qzmq, QZMQ", style: "ours" },
      { label: "zeromq/curve", name: "npm zeromq, CURVE", style: "addon" },
      { label: "libzmq/curve", name: "C, libzmq, CURVE", style: "native" },
    ],
  },
];

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1b1f24; }
  .title { font-size: 14px; font-weight: 600; }
  .note { font-size: 11px; fill: #57606a; }
  .grid { stroke: #d0d7de; }
  .ours { stroke: #0072b2; fill: #0072b2; }
  .addon { stroke: #d55e00; fill: #d55e00; }
  .native { stroke: #009e73; fill: #009e73; }
  .line { fill: none; stroke-width: 2; }
  .back { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .note { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .ours { stroke: #56b4e9; fill: #56b4e9; }
    .addon { stroke: #e69f00; fill: #e69f00; }
    .native { stroke: #2fc296; fill: #2fc296; }
    .back { fill: #0d1117; }
  }`;

/** The plot, or `null` when throughput was not measured. `caption` says on what. */
export function throughputPlot(rows: readonly Row[], caption: string): string | null {
  const points = rows.flatMap((row) => {
    const size = /^PUSH to PULL (\d+) B$/.exec(row.name)?.[1];
    return size === undefined ? [] : [{ size: Number(size), row }];
  });
  if (points.length === 0) return null;
  const all = points.flatMap(({ row }) => Object.values(row.values).flat());
  const low = Math.floor(Math.log10(Math.min(...all)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...all))));
  const y = (value: number): number =>
    PANEL.top + PANEL.height * (1 - (Math.log10(value) - low) / (high - low));

  const panels = PANELS.map(({ title, left, series }) => {
    const x = (index: number): number => left + (PANEL.width * (index + 0.5)) / points.length;
    const grid = Array.from({ length: high - low + 1 }, (_, i) => {
      const at = y(10 ** (low + i));
      return `<path class="grid" d="M${left} ${at}h${PANEL.width}"/>
<text x="${left - 8}" y="${at + 4}" text-anchor="end">${power(low + i)}</text>`;
    });
    const sizes = points.map(
      ({ size }, i) =>
        `<text x="${x(i)}" y="${PANEL.top + PANEL.height + 20}" text-anchor="middle">${octets(size)}</text>`,
    );
    const lines = series.map(({ label, name, style }, i) => {
      const measured = points.flatMap(({ row }, index) => {
        const values = row.values[label];
        if (values === undefined) return [];
        const [at, middle] = [x(index), y(median(values))];
        const span = `<path class="${style}" d="M${at} ${y(Math.min(...values))}V${y(Math.max(...values))}"/>`;
        return [{ at, middle, drawing: span + mark(style, at, middle) }];
      });
      if (measured.length === 0) return "";
      const path = measured.map(({ at, middle }, k) => `${k === 0 ? "M" : "L"}${at} ${middle}`).join("");
      const [keyX, keyY] = [left + 14, PANEL.top + PANEL.height - 52 + 18 * i];
      return `<path class="line ${style}" d="${path}"/>${measured.map(({ drawing }) => drawing).join("")}
${mark(style, keyX, keyY)}<text x="${keyX + 12}" y="${keyY + 4}">${name}</text>`;
    });
    return `<text class="title" x="${left}" y="${PANEL.top - 16}">${title}</text>
${[...grid, ...sizes, ...lines].join("\n")}`;
  });

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">
<title>Messages a second by size of message, PUSH to PULL over TCP loopback</title>
<style>${STYLE}
</style>
<rect class="back" width="${WIDTH}" height="${HEIGHT}"/>
<text x="12" y="22">messages a second, PUSH to PULL, by octets in a message</text>
${panels.join("\n")}
<text class="note" x="12" y="${HEIGHT - 12}">${escaped(caption)}</text>
</svg>
`.replace(/\d+\.\d{3,}/g, (number) => Number(number).toFixed(1));
}

function mark(style: Series["style"], x: number, y: number): string {
  if (style === "ours") return `<circle class="${style}" cx="${x}" cy="${y}" r="4"/>`;
  if (style === "addon") return `<rect class="${style}" x="${x - 4}" y="${y - 4}" width="8" height="8"/>`;
  return `<path class="${style}" d="M${x} ${y - 5}l5 9h-10z"/>`;
}

function power(exponent: number): string {
  return ["1", "10", "100", "1 k", "10 k", "100 k", "1 M", "10 M", "100 M"][exponent] ?? `1e${exponent}`;
}

function octets(size: number): string {
  if (size < 1024) return `${size}`;
  return size < 1024 * 1024 ? `${size / 1024} Ki` : `${size / 1024 / 1024} Mi`;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}
