/** A handshake that has lost its seat to a newcomer: it ends at once, and nothing it holds stays on the account. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Admission } from "../../../src/mechanism/qzmq/admission.ts";
import { encodeClientHello } from "../../../src/mechanism/qzmq/messages.ts";
import { provider } from "../../support/qzmq-identities.ts";
import { ACCEPTED, codeOf, End, Pair } from "../../support/qzmq-pair.ts";
import { makeFactories } from "../../support/qzmq-session.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const NOW = 1000;

function oneSeat(): Admission {
  return new Admission(provider, seededRandom("one seat"), { maxHandshakes: 1 });
}

test("a CLIENTHELLO that comes after the drop is refused and not accounted for", async () => {
  const admission = oneSeat();
  const { server } = await makeFactories({ server: { admission } });
  const body = encodeClientHello({
    random: new Uint8Array(32),
    cookie: new Uint8Array(0),
    sessionId: new Uint8Array(8000),
    suites: [Uint8Array.of(9, 9, 9, 9)],
    extensions: { serverName: null, recordLimit: 262_144, earlyData: false, pqOnly: false },
  });
  for (let round = 0; round < 5; round++) {
    const dropped = new End(server, true, {});
    const newcomer = new End(server, true, { peerAddress: "192.0.2.9" });
    dropped.call(() => dropped.mechanism.start(dropped.host, NOW));
    newcomer.call(() => newcomer.mechanism.start(newcomer.host, NOW));
    dropped.call(() => dropped.mechanism.receive(4, body, NOW));
    assert.is(codeOf(dropped), "ERR_QZMQ_BUSY");
    dropped.mechanism.dispose();
    newcomer.mechanism.dispose();
  }
  assert.is(admission.load.bytes, 0);
  assert.is(admission.load.handshakes, 0);
});

test("one that the authorizer accepts after the drop does not get in", async () => {
  const { client, server } = await makeFactories({ server: { admission: oneSeat() } });
  let decide: (decision: typeof ACCEPTED) => void = () => assert.unreachable("nobody was asked");
  const pair = new Pair(client, server, {
    server: {
      authorize: (_, decided) => {
        decide = decided;
      },
    },
  }).start();
  const newcomer = new End(server, true, { peerAddress: "192.0.2.9" });
  newcomer.call(() => newcomer.mechanism.start(newcomer.host, NOW));
  decide(ACCEPTED);
  pair.settle();
  assert.is(codeOf(pair.server), "ERR_QZMQ_BUSY");
  assert.is.not(pair.client.mechanism.status, "ready");
  assert.is(pair.server.mechanism.deadline, Number.POSITIVE_INFINITY);
});

test.run();
