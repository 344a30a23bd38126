/** `/qzmq/metrics` of a service: links, their security and the process in one text that Prometheus takes. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push, qzmq } from "../../src/index.ts";
import { ServiceMetrics } from "../../src/observe/service-metrics.ts";
import { parseExposition } from "../metrics/exposition-parser.ts";
import { hasPromtool, promtool } from "../metrics/promtool.ts";
import { aliceClient, bobServer, closeAll, join2, settled, texts, use } from "../secure/sockets.ts";
import { ask, closeServers, connectionStatus, linkStatus, serving } from "./fixtures.ts";

test.after.each(closeServers);
test.after.each(closeAll);

const CHECKED = hasPromtool();

/** Series by name and values of their labels. */
function read(text: string): Map<string, number> {
  const { samples } = parseExposition(text);
  return new Map(
    samples.map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(" "), value]),
  );
}

test("what a server serves: links, traffic as it flows, the process", async () => {
  const [server, client] = [bobServer(), aliceClient()];
  const pull = use(new Pull({ security: server }));
  const push = use(new Push({ security: client }));
  const links = [
    linkStatus({
      ...{
        connections: [connectionStatus({ queued: 4 }), connectionStatus({ id: 2, queued: 5 })],
        opened: 12,
      },
      ...{ failed: 3, refused: 2, messagesOut: 70, messagesIn: 60, bytesOut: 7000, bytesIn: 6000 },
      ...{ oldAccepted: 9, oldOpen: 1, oldRefused: 8 },
    }),
    linkStatus({ name: "away", side: "client", phase: 3, state: "address in use" }),
  ];
  const metrics = use(new ServiceMetrics());
  const { url } = await serving({
    metrics: () =>
      metrics.text([
        { status: links[0]!, security: server },
        { status: links[1]!, security: client },
        { status: linkStatus({ name: "dead", state: "not listening" }), security: null },
      ]),
  });
  const scrape = async () => (await ask(url, "/qzmq/metrics")).body;
  const before = read(await scrape());
  assert.is(before.get("qzmq_messages_decrypted orders"), 0);
  await join2(pull, push);
  for (let i = 0; i < 3; i++) await settled(push.send("an order"), "send");
  for (let i = 0; i < 3; i++) await texts(pull);
  const text = await scrape();
  const now = read(text);
  for (const [series, value] of [
    ["qzmq_messages_decrypted orders", 3],
    ["qzmq_messages_encrypted away", 3],
    ["qzmq_handshakes_total orders", 1],
    ["qzmq_connections away", 1],
    ["qzmq_link_info orders server", 1],
    ["qzmq_link_info away client", 1],
    ["qzmq_link_up orders", 1],
    ["qzmq_link_up away", 0],
    ["qzmq_link_up dead", 0],
    ["qzmq_link_phase away", 3],
    ["qzmq_link_connections orders", 2],
    ["qzmq_link_connections_total orders", 12],
    ["qzmq_link_connections_failed_total orders", 3],
    ["qzmq_link_connections_refused_total orders", 2],
    ["qzmq_link_messages_total orders out", 70],
    ["qzmq_link_messages_total orders in", 60],
    ["qzmq_link_bytes_total orders out", 7000],
    ["qzmq_link_bytes_total orders in", 6000],
    ["qzmq_link_queued_messages orders", 9],
    ["qzmq_old_link_connections orders", 1],
    ["qzmq_old_link_connections_total orders", 9],
    ["qzmq_old_link_refused_total orders", 8],
    [`qzmq_build_info ${qzmq.version} ${process.versions.node}`, 1],
  ] as const) {
    assert.is(now.get(series), value, series);
  }
  if (CHECKED) assert.is(promtool(text).fault, "");
});

test("the process: memory, time, and how late the event loop was", async () => {
  const metrics = use(new ServiceMetrics());
  const first = read(metrics.text([]));
  assert.ok(first.get("process_resident_memory_bytes")! > 1e6);
  assert.ok(first.get("nodejs_heap_size_used_bytes")! <= first.get("process_resident_memory_bytes")!);
  const age = Date.now() / 1000 - first.get("process_start_time_seconds")!;
  assert.ok(age > 0 && age < 3600, `${age} s old`);
  const stalled = await stallUntilSeen(metrics);
  const max = stalled.get("nodejs_eventloop_lag_max_seconds")!;
  assert.ok(max >= stalled.get("nodejs_eventloop_lag_p50_seconds")!);
  assert.ok(stalled.get("process_cpu_seconds_total")! > first.get("process_cpu_seconds_total")!);
});

/** Holds the event loop for 300 ms until the measure has seen it: its timer must have been armed before. */
async function stallUntilSeen(metrics: ServiceMetrics): Promise<Map<string, number>> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const end = performance.now() + 300;
    while (performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = read(metrics.text([]));
    if (now.get("nodejs_eventloop_lag_max_seconds")! >= 0.25) return now;
  }
}

test("a measure ends with its reading", async () => {
  const metrics = use(new ServiceMetrics());
  await stallUntilSeen(metrics);
  // Nothing has been measured since: not what was before.
  assert.is(read(metrics.text([])).get("nodejs_eventloop_lag_max_seconds"), 0);
});

test.run();
