/** Metrics of a link's security: which there are, and that each reads its own counter. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type Counters,
  countCompleted,
  countFailure,
  countTicketRefused,
  createCounters,
} from "../../src/mechanism/qzmq/counters.ts";
import { exposition } from "../../src/metrics/exposition.ts";
import { SECURITY_METRICS, type SecurityState } from "../../src/metrics/security.ts";
import { parseExposition } from "./exposition-parser.ts";

function state(counters: Counters, more: Partial<SecurityState> = {}): SecurityState {
  return { counters, connections: 0, handshakes: 0, waiting: 0, handshakeBytes: 0, ...more };
}

/** Value of a series by its name and labels other than the link. */
function values(one: SecurityState): Map<string, number> {
  const { samples } = parseExposition(exposition(SECURITY_METRICS, [["orders", one]]));
  return new Map(
    samples.map(({ name, labels: { link, ...rest }, value }) => {
      assert.is(link, "orders");
      return [[name, ...Object.values(rest)].join(" "), value];
    }),
  );
}

test("the seven names that operators know", () => {
  const types = new Map(SECURITY_METRICS.map(({ definition: { name, type } }) => [name, type]));
  for (const name of [
    ...["qzmq_handshakes_total", "qzmq_messages_encrypted", "qzmq_messages_decrypted"],
    ...["qzmq_key_updates_total", "qzmq_auth_failures", "qzmq_replay_attempts"],
  ]) {
    assert.is(types.get(name), "counter", name);
  }
  assert.is(types.get("qzmq_handshake_duration_ms"), "histogram");
});

test("each number of the counters is one metric, and no other", () => {
  const counters = createCounters();
  const none = values(state(counters));
  const moved = new Map<string, string>();
  for (const [name, value] of Object.entries(counters)) {
    if (typeof value !== "number" || name === "handshakesFailed") continue;
    const changed = values(state({ ...counters, [name]: 7 }));
    const differing = [...changed].filter(([series, now]) => now !== none.get(series));
    assert.equal(
      differing.map(([, now]) => now),
      [7],
      name,
    );
    const [series] = differing[0]!;
    assert.not(moved.has(series), `${series} of ${name} and ${moved.get(series)}`);
    moved.set(series, name);
  }
  assert.is(moved.get("qzmq_messages_encrypted"), "messagesSealed");
  assert.is(moved.get("qzmq_messages_decrypted"), "messagesOpened");
  assert.is(moved.get("qzmq_key_updates_total"), "rotations");
  assert.is(moved.get("qzmq_handshake_duration_ms_sum"), "durationSum");
});

test("durations fall into cumulative buckets", () => {
  const counters = createCounters();
  for (const duration of [1, 5, 6, 70, 20_000]) countCompleted(counters, duration, duration === 1);
  const now = values(state(counters));
  assert.is(now.get("qzmq_handshakes_total"), 5);
  assert.is(now.get("qzmq_handshakes_resumed_total"), 1);
  for (const [bound, count] of [
    ["5", 2],
    ["10", 3],
    ["50", 3],
    ["100", 4],
    ["10000", 4],
    ["+Inf", 5],
  ] as const) {
    assert.is(now.get(`qzmq_handshake_duration_ms_bucket ${bound}`), count, bound);
  }
  assert.is(now.get("qzmq_handshake_duration_ms_count"), 5);
  assert.is(now.get("qzmq_handshake_duration_ms_sum"), 20_082);
});

test("failures by code, in the handshake and after it, each there from the beginning", () => {
  const counters = createCounters();
  const before = values(state(counters));
  assert.is(before.get("qzmq_handshakes_failed_total ERR_QZMQ_AUTH"), 0);
  assert.is(before.get("qzmq_connections_failed_total ERR_QZMQ_REPLAY"), 0);
  countFailure(counters, "ERR_QZMQ_AUTH", true);
  countFailure(counters, "ERR_QZMQ_AUTH", true);
  countFailure(counters, "ERR_QZMQ_AUTH", false);
  countFailure(counters, "ERR_QZMQ_REPLAY", false);
  countFailure(counters, "ERR_ZMTP_PEER_ERROR", true);
  countTicketRefused(counters, "client:revoked");
  const now = values(state(counters));
  assert.is(now.get("qzmq_handshakes_failed_total ERR_QZMQ_AUTH"), 2);
  assert.is(now.get("qzmq_connections_failed_total ERR_QZMQ_AUTH"), 1);
  assert.is(now.get("qzmq_connections_failed_total ERR_QZMQ_REPLAY"), 1);
  assert.is(now.get("qzmq_handshakes_failed_total ERR_ZMTP_PEER_ERROR"), 1);
  assert.is(now.get("qzmq_connections_failed_total ERR_ZMTP_PEER_ERROR"), 0);
  assert.is(now.get("qzmq_auth_failures"), 3);
  assert.is(now.get("qzmq_replay_attempts"), 1);
  assert.is(now.get("qzmq_tickets_refused_total client:revoked"), 1);
});

test("what is now, and several links", () => {
  const one = state(createCounters(), { connections: 3, handshakes: 2, waiting: 1, handshakeBytes: 99 });
  const now = values(one);
  assert.equal(
    ["connections", "handshakes_open", "handshakes_waiting", "handshake_buffer_bytes"].map((name) =>
      now.get(`qzmq_${name}`),
    ),
    [3, 2, 1, 99],
  );
  const text = exposition(SECURITY_METRICS, [
    ["orders", one],
    ["quotes", state(createCounters())],
  ]);
  const { samples } = parseExposition(text);
  assert.equal(
    samples
      .filter(({ name }) => name === "qzmq_connections")
      .map(({ labels, value }) => [labels["link"], value]),
    [
      ["orders", 3],
      ["quotes", 0],
    ],
  );
});

test.run();
