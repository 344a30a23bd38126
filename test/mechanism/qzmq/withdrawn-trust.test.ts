/** Trust that is withdrawn while a handshake is under way: whoever takes long over it gains nothing. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Trust } from "../../../src/mechanism/qzmq/trust.ts";
import { provider, testIdentity } from "../../support/qzmq-identities.ts";
import { ACCEPTED, codeOf, encodeFrame, type Frame, message, nameOf } from "../../support/qzmq-pair.ts";
import { assertReady, connect, type Factories, makeFactories } from "../../support/qzmq-session.ts";

/** Factories whose trust in the other side can be withdrawn. */
async function revocable(earlyDelivery?: "immediate") {
  const [bob, alice] = await Promise.all([testIdentity(1), testIdentity(2)]);
  const pin = (fingerprint: Uint8Array, name: string) =>
    new Trust(provider, { mode: "hybrid", pins: [{ fingerprint, name }] });
  let [inServer, inClient] = [pin(bob.fingerprint, "bob"), pin(alice.fingerprint, "alice")];
  const factories = await makeFactories({
    server: {
      trust: () => inClient,
      tickets: { earlyLimit: 16_384, ...(earlyDelivery === undefined ? {} : { earlyDelivery }) },
    },
    client: { trust: () => inServer, earlyData: earlyDelivery !== undefined },
  });
  const nobody = pin(new Uint8Array(32).fill(9), "nobody");
  return {
    ...factories,
    withdraw() {
      inServer = nobody;
      inClient = nobody;
    },
  };
}

/** A pair that runs until the command `name`, which is kept back with all that follows it. */
function until(factories: Factories, name: string, waiting: Uint8Array[] = []) {
  const kept: Frame[] = [];
  let side: string | null = null;
  const pair = connect(factories, {
    client: { identity: "alice's", waiting },
    intercept(from, frame) {
      if (nameOf(frame) === name) side = from;
      if (from !== side) return undefined;
      kept.push(frame);
      return [];
    },
  });
  assert.ok(kept.length > 0);
  return { pair, octets: Buffer.concat(kept.map(encodeFrame)) };
}

test("by the server, while the authorizer thinks", async () => {
  const made = await revocable();
  const pair = connect(made, {
    server: {
      authorize(_, decided) {
        made.withdraw();
        decided(ACCEPTED);
      },
    },
  });
  assert.equal([codeOf(pair.server), pair.server.mechanism.established], ["ERR_QZMQ_AUTH", false]);
  assert.is.not(pair.client.mechanism.status, "ready");
});

test("by the server, between a ticket's SERVERHELLO and CLIENTKEY", async () => {
  const made = await revocable();
  assertReady(connect(made, { client: { identity: "alice's" } }));
  const { pair, octets } = until(made, "CLIENTKEY");
  made.withdraw();
  pair.server.inbox = Buffer.concat([pair.server.inbox, octets]);
  pair.settle();
  assert.equal([codeOf(pair.server), pair.server.mechanism.established], ["ERR_QZMQ_AUTH", false]);
});

test("by the client, between SERVERHELLO and FINISHED", async () => {
  const made = await revocable();
  const { pair, octets } = until(made, "FINISHED");
  made.withdraw();
  pair.client.inbox = Buffer.concat([pair.client.inbox, octets]);
  pair.settle();
  assert.equal([codeOf(pair.client), pair.client.mechanism.established], ["ERR_QZMQ_AUTH", false]);
});

test("a peer whose early data is delivered at once is one to look at, and to end", async () => {
  const made = await revocable("immediate");
  assertReady(connect(made, { client: { identity: "alice's" } }));
  const { pair } = until(made, "CLIENTKEY", [message("early")]);
  const { mechanism } = pair.server;
  assert.equal(
    [mechanism.status, mechanism.established, mechanism.peer?.identity],
    ["ready", false, "alice"],
  );
  mechanism.withdraw("untrusted");
  pair.settle();
  assert.is(codeOf(pair.server), "ERR_QZMQ_AUTH");
  assert.is(made.server.admission!.load.handshakes, 0);
});

test("what a peer with early data leaves undecoded is on the account of handshakes until it is done", async () => {
  const made = await revocable("immediate");
  assertReady(connect(made, { client: { identity: "alice's" } }));
  const { pair, octets } = until(made, "CLIENTKEY", [message("early")]);
  const before = made.server.admission!.load.bytes;
  pair.server.mechanism.holding(5000, pair.now);
  assert.is(made.server.admission!.load.bytes, before + 5000);
  pair.server.inbox = Buffer.concat([pair.server.inbox, octets]);
  pair.settle();
  assertReady(pair);
  pair.server.mechanism.holding(5000, pair.now);
  assert.is(made.server.admission!.load.bytes, 0);
});

test.run();
