/** The text format: escapes, histograms, and that Prometheus' own parser takes whatever texts are put in. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { block, exposition } from "../../src/metrics/exposition.ts";
import type { Definition, Metric } from "../../src/metrics/model.ts";
import { parseExposition } from "./exposition-parser.ts";
import { hasPromtool, promtool } from "./promtool.ts";

const CHECKED = hasPromtool();

function gauge(help: string, labels: readonly string[] = []): Definition {
  return { name: "a_gauge", type: "gauge", help, labels };
}

test("a counter and a gauge, with and without labels", () => {
  assert.is(
    block({ name: "sent_total", type: "counter", help: "What was sent.", labels: ["link", "code"] }, [
      { labels: ["a", "X"], value: 3 },
      { labels: ["b", "Y"], value: 2 ** 53 },
    ]),
    [
      "# HELP sent_total What was sent.",
      "# TYPE sent_total counter",
      'sent_total{link="a",code="X"} 3',
      'sent_total{link="b",code="Y"} 9007199254740992',
      "",
    ].join("\n"),
  );
  assert.is(
    block(gauge("G."), [{ labels: [], value: -0.5 }]),
    "# HELP a_gauge G.\n# TYPE a_gauge gauge\na_gauge -0.5\n",
  );
});

test("a histogram: buckets add up, the last has no bound", () => {
  const definition: Definition = { name: "d_ms", type: "histogram", help: "D.", labels: ["link"] };
  assert.is(
    block(definition, [{ labels: ["a"], bounds: [1, 2.5], buckets: [2, 0, 5], sum: 99.5 }]),
    [
      "# HELP d_ms D.",
      "# TYPE d_ms histogram",
      'd_ms_bucket{link="a",le="1"} 2',
      'd_ms_bucket{link="a",le="2.5"} 2',
      'd_ms_bucket{link="a",le="+Inf"} 7',
      'd_ms_sum{link="a"} 99.5',
      'd_ms_count{link="a"} 7',
      "",
    ].join("\n"),
  );
});

test("escapes: three in labels, two in help", () => {
  const text = block(gauge('a "b" \\ c\nd', ["link"]), [{ labels: ['a "b" \\ c\nd'], value: 1 }]);
  assert.is(
    text,
    '# HELP a_gauge a "b" \\\\ c\\nd\n# TYPE a_gauge gauge\na_gauge{link="a \\"b\\" \\\\ c\\nd"} 1\n',
  );
});

test("numbers that are none of the usual", () => {
  const values = [Infinity, -Infinity, Number.NaN, 1e300, 5e-324, -0];
  const text = block(
    gauge("G.", ["i"]),
    values.map((value, i) => ({ labels: [String(i)], value })),
  );
  assert.equal(
    parseExposition(text).samples.map(({ value }) => value),
    [Infinity, -Infinity, Number.NaN, 1e300, 5e-324, 0],
  );
  if (CHECKED) assert.is(promtool(text).fault, "");
});

test("nothing to tell is an empty text; a metric without samples is still described", () => {
  assert.is(exposition([], null), "");
  const metric: Metric<null> = { definition: gauge("G."), read: () => [] };
  assert.is(exposition([metric], null), "# HELP a_gauge G.\n# TYPE a_gauge gauge\n");
});

/** Any text, with the characters that matter to the format more often than chance has them. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom("\\", "\n", '"', "\r", "\0", "{", "}", ",", "=", "#", " ", "\u2028", "n"),
      fc.string({ unit: "binary", maxLength: 3 }),
    ),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(""));

test("any help and any label: what is written is what is read, and Prometheus' parser takes it", () => {
  let cases = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(anyText, anyText, anyText), { minLength: 1, maxLength: 200 }), (rows) => {
      const metrics = rows.map(
        ([help, a, b], i): Metric<null> => ({
          definition: { name: `m${i}`, type: "gauge", help, labels: ["a", "b"] },
          read: () => [{ labels: [a, b], value: i }],
        }),
      );
      const text = exposition(metrics, null);
      const { help, samples } = parseExposition(text);
      rows.forEach(([written, a, b], i) => {
        cases++;
        assert.is(help.get(`m${i}`), written);
        assert.equal(samples[i], { name: `m${i}`, labels: { a, b }, value: i });
      });
      if (CHECKED) assert.is(promtool(text).fault, "");
    }),
    { numRuns: 25 },
  );
  assert.ok(cases > 100, `${cases} cases`);
});

test("the parsers of this test refuse what is malformed", () => {
  const bad = [
    'a_gauge{l="x"y"} 1\n',
    'a_gauge{l="x\n"} 1\n',
    "a_gauge 1",
    "a_gauge one\n",
    "# TYPE a_gauge gauge\n# TYPE a_gauge gauge\na_gauge 1\n",
    "# TYPE a_gauge gauge\na_gauge 1\na_gauge 2\n",
  ];
  for (const text of bad) {
    assert.throws(() => parseExposition(text), undefined, text);
    if (CHECKED && text.includes("{")) assert.is.not(promtool(text).fault, "", text);
  }
});

test.run();
