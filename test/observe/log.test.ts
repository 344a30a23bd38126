/** The log: one bounded line an event, nothing but the table's fields, no control characters, and no flood. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Log, type LogOptions } from "../../src/observe/log.ts";
import { LOG_EVENTS, LOG_LEVELS, type LogEvent } from "../../src/observe/log-events.ts";
import { jsonLine, MAX_LINE, textLine } from "../../src/observe/log-line.ts";
import { within } from "../support/within.ts";
import { holds } from "./fixtures.ts";

const NOON = Date.UTC(2026, 0, 2, 12);
const logs: Log[] = [];

test.after.each(() => {
  for (const log of logs.splice(0)) log.close();
});

/** A log and its lines, as far as they have come. */
function logging(options: Partial<LogOptions> = {}): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const log = new Log({ sink: (line) => lines.push(line), now: () => NOON, ...options });
  logs.push(log);
  return { log, lines };
}

const FAILURE = {
  link: "orders",
  connection: 7,
  leg: "secured",
  code: "ERR_QZMQ_AUTH",
  error: "no",
  times: 1,
};

test("a line is JSON, its fields in the table's order", () => {
  const { log, lines } = logging();
  log.write("connection.failed", FAILURE);
  assert.equal(lines, [
    '{"time":"2026-01-02T12:00:00.000Z","level":"warn","event":"connection.failed","link":"orders",' +
      '"connection":7,"leg":"secured","code":"ERR_QZMQ_AUTH","error":"no","times":1}\n',
  ]);
});

test("a line for people", () => {
  const { log, lines } = logging({ form: "text" });
  log.write("connection.failed", { ...FAILURE, error: 'said "no"\n' });
  assert.equal(lines, [
    "2026-01-02T12:00:00.000Z WARN  connection.failed link=orders connection=7 leg=secured " +
      'code=ERR_QZMQ_AUTH error="said \\"no\\"\\n" times=1\n',
  ]);
});

test("what is not in the table is not written", () => {
  const { log, lines } = logging();
  const more = { ...FAILURE, secret: "do not tell", toJSON: () => "do not tell" };
  log.write("connection.failed", more);
  log.close();
  assert.is(lines.length, 1);
  assert.not.match(lines[0]!, "do not tell");
});

test("levels: graver ones are written, and the level may change", () => {
  for (const [at, level] of LOG_LEVELS.entries()) {
    const { log, lines } = logging({ level });
    log.write("status.failed", { error: "x" });
    log.write("old-link.used", { link: "a", peer: "x" });
    log.write("service.stopped", {});
    log.write("old-link.closed", { link: "a", peer: "x", error: "" });
    assert.equal(
      lines.map((line) => JSON.parse(line).level),
      LOG_LEVELS.slice(0, at + 1),
    );
  }
  const { log, lines } = logging({ level: "error" });
  log.write("service.stopped", {});
  log.level = "info";
  log.write("service.stopped", {});
  assert.is(lines.length, 1);
});

test("a flood of one kind is told in one line, and leaves other kinds and links alone", async () => {
  const { log, lines } = logging({ burst: 3, window: 50 });
  for (let i = 0; i < 1000; i++) log.write("connection.failed", { ...FAILURE, connection: i });
  log.write("connection.failed", { ...FAILURE, link: "quotes" });
  log.write("old-link.used", { link: "orders", peer: "x" });
  const events = () => lines.map((line) => JSON.parse(line));
  assert.equal(
    events().map(({ event, link }) => `${event} ${link}`),
    [
      ...new Array(3).fill("connection.failed orders"),
      ...["connection.failed quotes", "old-link.used orders"],
    ],
  );
  await within(
    10_000,
    holds(() => lines.length === 6),
    "the end of the window",
  );
  const { time: _, ...last } = events().at(-1);
  assert.equal(last, {
    ...{ level: "warn", event: "log.suppressed" },
    ...{ of: "connection.failed", link: "orders", count: 997 },
  });
  log.write("connection.failed", FAILURE);
  assert.is(events().at(-1).event, "connection.failed", "a new window");
});

test("close tells what was suppressed, and holds no timer", () => {
  const { log, lines } = logging({ burst: 1, window: 2 ** 30 });
  for (let i = 0; i < 5; i++) log.write("old-link.used", { link: "orders", peer: "x" });
  log.close();
  assert.is(lines.length, 2);
  assert.is(JSON.parse(lines[1]!).count, 4);
  log.write("old-link.used", { link: "orders", peer: "x" });
  assert.is(lines.length, 3);
});

/** Text of an unkind peer: controls, format characters, what JSON escapes, and long. */
const unkind = fc
  .tuple(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom("", "\n", "\r\n", "\u001b[2J", "\u0085", "\u2028", "\u202e", "\u{e0041}", "\ud800", '"}'),
    fc.constantFrom(0, 1, 500, 5000),
  )
  .map(([text, nasty, times]) => `${text}${nasty}${`${nasty}x`.repeat(times)}`);

test("whatever a peer says is one bounded line without control characters", () => {
  fc.assert(
    fc.property(fc.array(unkind, { minLength: 1, maxLength: 6 }), (given) => {
      const fields = given.map((text, i) => [`field${i}`, text] as const);
      for (const lineOf of [jsonLine, textLine]) {
        const line = lineOf({ time: NOON, level: "warn", event: "connection.failed", fields });
        assert.ok(line.length <= MAX_LINE, `${line.length}`);
        assert.is(line.indexOf("\n"), line.length - 1);
        assert.not.match(line.slice(0, -1), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }
      const line = jsonLine({ time: NOON, level: "warn", event: "connection.failed", fields });
      const parsed = JSON.parse(line) as Record<string, string>;
      for (const [name, text] of fields) {
        const shown = parsed[name]!;
        assert.ok(shown === text || (shown.endsWith("…") && text.startsWith(shown.slice(0, -1))), name);
      }
    }),
    { numRuns: 300 },
  );
});

test("short texts come back whole, and a long one is cut and not its line", () => {
  const text = "a\u0000b\u202ec\ud800\u2028d";
  const line = jsonLine({ time: NOON, level: "info", event: "e", fields: [["peer", text]] });
  assert.is(JSON.parse(line).peer, text);
  const long = jsonLine({
    ...{ time: NOON, level: "info", event: "e" },
    fields: [
      ["a", "\n".repeat(9999)],
      ["b", "y".repeat(9999)],
      ["c", true],
    ],
  });
  assert.ok(long.length <= MAX_LINE);
  const parsed = JSON.parse(long);
  assert.match(parsed.a, /^\n+…$/);
  assert.is(parsed.c, true);
});

test("the table: every level is one, every name is a name, and no field is named as a line's own", () => {
  for (const [name, { level, fields, meaning }] of Object.entries(LOG_EVENTS)) {
    assert.match(name, /^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/);
    assert.ok(LOG_LEVELS.includes(level), name);
    assert.match(meaning, /^[A-Z].*\.$/s);
    for (const field of ["time", "level", "event"]) assert.not(field in fields, `${name}: ${field}`);
  }
  const first: LogEvent = "service.started";
  assert.ok(first in LOG_EVENTS);
});

test.run();
