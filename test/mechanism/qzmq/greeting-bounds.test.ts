/** What a peer costs before it has said who it is, greetings included: a seat, five seconds, octets on the account. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Admission, type AdmissionOptions } from "../../../src/mechanism/qzmq/admission.ts";
import type { QzmqMechanism } from "../../../src/mechanism/qzmq/qzmq.ts";
import { provider } from "../../support/qzmq-identities.ts";
import { Pair } from "../../support/qzmq-pair.ts";
import { assertReady, makeFactories } from "../../support/qzmq-session.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { code } from "../../support/wire.ts";

async function server(limits: AdmissionOptions = {}) {
  const admission = new Admission(provider, seededRandom("cookies"), limits);
  const made = await makeFactories({ server: { admission } });
  let wakes = 0;
  const connect = (peerAddress: string, now: number): QzmqMechanism => {
    const mechanism = made.server.create();
    mechanism.admit({ peerAddress, wake: () => wakes++ }, now);
    return mechanism;
  };
  return { ...made, admission, connect, wakes: () => wakes };
}

const BUSY = Buffer.from("\x04\x0b\x05ERROR\x04busy", "latin1");

test("a connection has its seat before its greeting, and gives it back", async () => {
  const { admission, connect } = await server({ maxHandshakesPerAddress: 2 });
  const silent = [connect("192.0.2.1", 0), connect("192.0.2.1", 0)];
  assert.is(admission.load.handshakes, 2);
  assert.is(
    code(() => connect("192.0.2.1", 0)),
    "ERR_QZMQ_BUSY",
  );
  connect("192.0.2.2", 0).dispose();
  silent[0]!.dispose();
  silent[0]!.dispose();
  assert.is(admission.load.handshakes, 1);
  connect("192.0.2.1", 0);
});

test("one that is refused a seat is told so", async () => {
  const made = await server({ maxHandshakesPerAddress: 1 });
  made.connect("192.0.2.1", 0);
  const refused = made.server.create();
  assert.is(
    code(() => refused.admit({ peerAddress: "192.0.2.1", wake() {} }, 0)),
    "ERR_QZMQ_BUSY",
  );
  assert.equal(Buffer.concat(refused.takeOutput()), BUSY);
  assert.equal(made.server.counters.failures, { ERR_QZMQ_BUSY: 1 });
  assert.equal([made.server.counters.handshakesStarted, made.server.counters.handshakesFailed], [1, 1]);
});

test("silence ends five seconds after the connection, whatever of the greeting came in between", async () => {
  const made = await server();
  const silent = made.connect("192.0.2.1", 1000);
  assert.is(silent.deadline, 6000);
  silent.onDeadline(5999);
  assert.is(
    code(() => silent.onDeadline(6000)),
    "ERR_QZMQ_TIMEOUT",
  );
  assert.is(made.admission.load.handshakes, 0);
  assert.is(silent.deadline, Number.POSITIVE_INFINITY);

  const slow = new Pair(made.client, made.server);
  slow.server.mechanism.admit(slow.server.host, 1000);
  slow.server.mechanism.start(slow.server.host, 5900);
  assert.is(slow.server.mechanism.deadline, 6000, "the greeting's time is not given twice");
});

test("the oldest silent connection makes room, and hears of it", async () => {
  const made = await server({ maxHandshakes: 1 });
  const oldest = made.connect("192.0.2.1", 0);
  made.connect("192.0.2.2", 0);
  assert.is(made.wakes(), 1);
  assert.is(oldest.deadline, 0);
  assert.is(
    code(() => oldest.onDeadline(0)),
    "ERR_QZMQ_BUSY",
  );
  assert.equal(Buffer.concat(oldest.takeOutput()), BUSY);
});

test("octets that lie undecoded are on the account until they are gone, or the handshake is", async () => {
  const { admission, connect } = await server({ maxHandshakeBytes: 1000 });
  const [one, other] = [connect("192.0.2.1", 0), connect("192.0.2.2", 0)];
  one.holding(600, 0);
  assert.is(admission.load.bytes, 600);
  one.holding(400, 0);
  other.holding(600, 0);
  assert.is(admission.load.bytes, 1000);
  assert.is(
    code(() => one.holding(401, 0)),
    "ERR_QZMQ_BUSY",
  );
  assert.is(admission.load.bytes, 600, "who is refused holds nothing any more");
  one.holding(401, 0);
  other.dispose();
  assert.equal([admission.load.bytes, admission.load.handshakes], [0, 0]);
});

test("a finished handshake holds neither seat nor octets", async () => {
  const made = await server();
  const pair = new Pair(made.client, made.server);
  pair.server.mechanism.admit(pair.server.host, pair.now);
  pair.server.mechanism.holding(500, pair.now);
  pair.start();
  assertReady(pair);
  pair.server.mechanism.holding(500, pair.now);
  assert.equal(made.admission.load, { handshakes: 0, waiting: 0, operations: 0, bytes: 0 });
  pair.dispose();
});

test.run();
