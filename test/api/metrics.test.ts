/** `qzmq.metrics` over real sockets: the numbers move as traffic flows, as text, as JSON and in prom-client's registry. */
import client from "prom-client";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push, qzmq } from "../../src/index.ts";
import { SECURITY_METRICS } from "../../src/metrics/security.ts";
import { parseExposition } from "../metrics/exposition-parser.ts";
import { hasPromtool, promtool } from "../metrics/promtool.ts";
import { aliceClient, bobServer, closeAll, join2, settled, texts, until, use } from "../secure/sockets.ts";
import { thrown } from "./expect.ts";

test.after.each(closeAll);

const CHECKED = hasPromtool();

/** Names that the documents of this protocol's users gave, against today's custom. */
const AGAINST_CUSTOM = [
  "qzmq_auth_failures",
  "qzmq_handshake_duration_ms",
  "qzmq_messages_decrypted",
  "qzmq_messages_encrypted",
  "qzmq_replay_attempts",
];

/** One series of an exposition text. */
function value(text: string, name: string, labels: Record<string, string>): number | undefined {
  const wanted = JSON.stringify(labels);
  return parseExposition(text).samples.find(
    (sample) => sample.name === name && JSON.stringify(sample.labels) === wanted,
  )?.value;
}

/** A PULL in the server's role and a PUSH in the client's, and their metrics. */
function pair() {
  const [server, client_] = [bobServer(), aliceClient()];
  const pull = use(new Pull({ security: server }));
  const push = use(new Push({ security: client_ }));
  return { pull, push, server, client: client_, metrics: qzmq.metrics({ in: server, out: client_ }) };
}

test("numbers move as traffic flows", async () => {
  const { pull, push, client, metrics } = pair();
  assert.is(value(metrics.text(), "qzmq_handshakes_total", { link: "in" }), 0);
  await join2(pull, push);
  for (let i = 0; i < 5; i++) await settled(push.send(["a", "b"]), "send");
  for (let i = 0; i < 5; i++) await texts(pull);
  client.rotate();
  await until(() => client.counters.rotations === 1, "a rotation");
  const text = metrics.text();
  for (const [name, link, expected] of [
    ["qzmq_handshakes_total", "in", 1],
    ["qzmq_handshakes_total", "out", 1],
    ["qzmq_handshake_duration_ms_count", "in", 1],
    ["qzmq_messages_encrypted", "out", 5],
    ["qzmq_messages_decrypted", "in", 5],
    ["qzmq_messages_encrypted", "in", 0],
    ["qzmq_connections", "in", 1],
    ["qzmq_handshakes_open", "in", 0],
    ["qzmq_key_updates_total", "out", 1],
    ["qzmq_auth_failures", "in", 0],
  ] as const) {
    assert.is(value(text, name, { link }), expected, `${name} ${link}`);
  }
  if (CHECKED) {
    const { fault, advice } = promtool(text);
    assert.is(fault, "");
    assert.equal(advice.map((line) => line.split(" ")[0]).sort(), AGAINST_CUSTOM);
  }
  push.close();
  await until(() => value(metrics.text(), "qzmq_connections", { link: "in" }) === 0, "no connection");
});

test("the snapshot is plain, and a copy", async () => {
  const { pull, push, server, metrics } = pair();
  await join2(pull, push);
  await settled(push.send("a"), "send");
  await texts(pull);
  const snapshot = metrics.snapshot();
  assert.equal(Object.keys(snapshot), ["in", "out"]);
  assert.equal(JSON.parse(JSON.stringify(snapshot)), snapshot);
  assert.equal([snapshot["in"]!.messagesOpened, snapshot["in"]!.connections], [1, 1]);
  snapshot["in"]!.messagesOpened = 99;
  snapshot["in"]!.durations.fill(99);
  assert.is(server.counters.messagesOpened, 1);
  assert.ok(!server.counters.durations.includes(99));
});

test("prom-client shows the same numbers beside its own", async () => {
  const { pull, push, metrics } = pair();
  const registry = new client.Registry();
  const own = new client.Counter({ name: "app_total", help: "Ours.", registers: [registry] });
  own.inc();
  metrics.register(registry);
  await join2(pull, push);
  await settled(push.send("a"), "send");
  await texts(pull);
  const shown = await settled(registry.metrics(), "metrics");
  const ours = parseExposition(metrics.text());
  const theirs = parseExposition(shown.replaceAll("\n\n", "\n"));
  assert.equal(theirs.samples, [{ name: "app_total", labels: {}, value: 1 }, ...ours.samples]);
  for (const [name, type] of ours.types) assert.is(theirs.types.get(name), type);
  for (const [name, help] of ours.help) assert.is(theirs.help.get(name), help);
  if (CHECKED) assert.is(promtool(shown).fault, "");
});

test("prom-client's default labels, merging, aggregation and OpenMetrics", async () => {
  const { pull, push, metrics } = pair();
  const registry = new client.Registry();
  registry.setDefaultLabels({ app: "shop", link: "not over ours" });
  metrics.register(registry);
  await join2(pull, push);
  await settled(push.send("a"), "send");
  await texts(pull);
  const labels = { link: "in", app: "shop" };
  assert.is(
    value(
      await registry.getSingleMetricAsString("qzmq_messages_decrypted").then(ended),
      "qzmq_messages_decrypted",
      labels,
    ),
    1,
  );

  const other = new client.Registry();
  new client.Gauge({ name: "app_gauge", help: "G.", registers: [other] }).set(4);
  const merged = await settled(client.Registry.merge([registry, other]).metrics(), "merged metrics");
  assert.is(value(merged.replaceAll("\n\n", "\n"), "qzmq_messages_decrypted", { link: "in" }), 1);
  assert.is(value(merged.replaceAll("\n\n", "\n"), "app_gauge", {}), 4);

  const worker = (await registry.getMetricsAsJSON()) as unknown as object[];
  const cluster = await client.AggregatorRegistry.aggregate([worker, structuredClone(worker)]).metrics();
  const sums = cluster.replaceAll("\n\n", "\n");
  assert.is(value(sums, "qzmq_messages_decrypted", labels), 2);
  assert.is(value(sums, "qzmq_handshake_duration_ms_count", labels), 2);

  const open = new client.Registry<client.OpenMetricsContentType>();
  open.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE);
  metrics.register(open);
  for (let scrape = 0; scrape < 2; scrape++) {
    const text = await settled(open.metrics(), "OpenMetrics");
    assert.match(text, /^# TYPE qzmq_handshakes counter\nqzmq_handshakes_total\{link="in"\} 1$/m);
    assert.match(text, /^qzmq_messages_decrypted_total\{link="in"\} 1$/m);
    assert.match(text, /^qzmq_handshake_duration_ms_count\{link="in"\} 1$/m);
    assert.not.match(text, /_total_total/);
  }
});

function ended(text: string): string {
  return `${text}\n`;
}

test("registering is all or nothing, and can be undone", async () => {
  const { metrics, server } = pair();
  const registry = new client.Registry();
  new client.Gauge({ name: "qzmq_connections", help: "Somebody else's.", registers: [registry] });
  const error = thrown(() => metrics.register(registry));
  assert.match(error.message, /qzmq_connections has already been registered/);
  assert.is(registry.getMetricsAsArray().length, 1);

  registry.clear();
  const unregister = metrics.register(registry);
  assert.is(registry.getMetricsAsArray().length, SECURITY_METRICS.length);
  assert.throws(() => qzmq.metrics({ again: server }).register(registry), /already been registered/);
  assert.is(registry.getMetricsAsArray().length, SECURITY_METRICS.length);
  // What the sockets have done is not the registry's to undo.
  registry.resetMetrics();
  unregister();
  assert.is(registry.getMetricsAsArray().length, 0);
  qzmq.metrics({ again: server }).register(registry);
  assert.is(registry.getMetricsAsArray().length, SECURITY_METRICS.length);
});

test("mistakes are told at once", () => {
  const { metrics } = pair();
  assert.match(
    thrown(() => qzmq.metrics({ orders: {} as qzmq.Security })).message,
    'metrics: "orders" is to be what qzmq.server or qzmq.client gives',
  );
  for (const registry of [undefined, client, {}]) {
    const error = thrown(() => metrics.register(registry as unknown as qzmq.PromRegistry));
    assert.instance(error, TypeError);
    assert.match(error.message, /expected a registry of prom-client/);
  }
});

test.run();
