/** The key schedule stage by stage against the naive one, both hashes' lengths, and what is left of a spent stage. */
import { createHmac } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  derive,
  EarlySecrets,
  type HandshakeSecrets,
  type MasterSecrets,
  type TrafficKey,
} from "../../../src/mechanism/qzmq/key-schedule.ts";
import { STREAM } from "../../../src/mechanism/qzmq/record.ts";
import { OpenTranscript } from "../../../src/mechanism/qzmq/transcript.ts";
import { DEFAULT_SUITE, derive as naiveDerive, type Octets, v32 } from "../../support/naive-codec.ts";
import { provider } from "../../support/qzmq-identities.ts";

/** The naive schedule, over the hash of the suite under test. */
const naive = {
  v32,
  derive: (secret: Uint8Array, label: string, th: Octets, length?: number) =>
    naiveDerive(DEFAULT_SUITE, secret, label, th, length),
};
const hash = provider.hashes["SHA-256"];
const aead = provider.aeads["AES-256-GCM"];
const fill = (octet: number, length = 32) => new Uint8Array(length).fill(octet);
const hmac = (key: Uint8Array, data: Uint8Array) => createHmac("sha256", key).update(data).digest();
const psk = fill(1);
const kemSecret = fill(2, 64);
const th = fill(3);

/** Same key and iv as the naive schedule makes of this traffic secret. */
function assertKey(key: TrafficKey, secret: Uint8Array, label: string): void {
  assert.is(naive.derive(secret, "iv", "", 12).compare(key.iv), 0, `${label} iv`);
  const nonce = fill(0, 12);
  const [expected, actual] = [aead.key(naive.derive(secret, "key", "")), key.aead].map((one) =>
    Buffer.concat(one.seal(nonce, nonce, [th])),
  );
  assert.is(expected!.compare(actual!), 0, `${label} key`);
}

function stages(secret: Uint8Array | null): {
  early: EarlySecrets;
  handshake: HandshakeSecrets;
  master: MasterSecrets;
} {
  const early = new EarlySecrets(hash, secret);
  const handshake = new EarlySecrets(hash, secret).intoHandshake(kemSecret, th);
  const master = new EarlySecrets(hash, secret).intoHandshake(kemSecret, th).intoMaster(th);
  return { early, handshake, master };
}

for (const secret of [psk, null]) {
  test(`every label, ${secret ? "resumed" : "full"}`, () => {
    const { early, handshake, master } = stages(secret);
    const earlySecret = hmac(fill(0), secret ?? fill(0));
    assertKey(early.earlyKey(aead, th), naive.derive(earlySecret, "c early", th), "c early");
    assert.is(hmac(naive.derive(earlySecret, "psk auth", ""), th).compare(early.pskAuth(th)), 0);
    const hs = hmac(naive.derive(earlySecret, "derived", ""), kemSecret);
    const clientHandshake = naive.derive(hs, "c hs", th);
    const serverHandshake = naive.derive(hs, "s hs", th);
    assertKey(handshake.clientKey(aead), clientHandshake, "c hs");
    assertKey(master.serverKey(aead), serverHandshake, "s hs");
    const binder = secret ? hmac(naive.derive(earlySecret, "res binder", ""), th) : Buffer.alloc(0);
    assert.is(binder.compare(handshake.binder(th)), 0);
    assert.is(
      hmac(naive.derive(clientHandshake, "finished", ""), th).compare(handshake.clientVerifyData(th)),
      0,
    );
    assert.is(
      hmac(naive.derive(serverHandshake, "finished", ""), th).compare(master.serverVerifyData(th)),
      0,
    );
    const masterSecret = hmac(naive.derive(hs, "derived", ""), fill(0));
    assertKey(master.clientTraffic(aead), naive.derive(masterSecret, "c ap", th), "c ap");
    assertKey(master.serverTraffic(aead), naive.derive(masterSecret, "s ap", th), "s ap");
    const thFinished = fill(4);
    const { exporter, epoch } = master.intoSession(thFinished);
    const exported = naive.derive(naive.derive(masterSecret, "exporter", thFinished), "label", "");
    const context = hash.digest(fill(9, 3));
    assert.is(
      naive.derive(exported, "exporter", context, 99).compare(exporter.export("label", fill(9, 3), 99)),
      0,
    );
    const nonce = fill(5, 16);
    const resumption = naive.derive(masterSecret, "resumption", thFinished);
    assert.is(naive.derive(resumption, "ticket", nonce).compare(epoch.ticketPsk(nonce)), 0);

    const chain = naive.derive(masterSecret, "chain", thFinished);
    const [update, ack] = [fill(6, 5), fill(7, 6)];
    const next = hash.digest(thFinished, naive.v32(update), naive.v32(ack));
    const rotated = hmac(chain, kemSecret);
    const step = epoch.rotate(aead, kemSecret, update, ack);
    assertKey(step.keys.client, naive.derive(rotated, "c ap", next), "c ap 1");
    assertKey(step.keys.server, naive.derive(rotated, "s ap", next), "s ap 1");
    assert.is(step.next.epoch, 1);
    const nextResumption = naive.derive(rotated, "resumption", next);
    assert.is(naive.derive(nextResumption, "ticket", nonce).compare(step.next.ticketPsk(nonce)), 0);
    const again = step.next.rotate(aead, kemSecret, update, ack);
    const nextChain = naive.derive(rotated, "chain", next);
    const thAgain = hash.digest(next, naive.v32(update), naive.v32(ack));
    assertKey(again.keys.client, naive.derive(hmac(nextChain, kemSecret), "c ap", thAgain), "c ap 2");
  });
}

test("SHA-384 makes secrets of 48 octets and wants a PSK of 48", () => {
  const long = provider.hashes["SHA-384"];
  assert.is(derive(long, fill(1, 48), "x", new Uint8Array(0)).length, 48);
  assert.throws(() => new EarlySecrets(long, fill(1, 32)), /48/);
  const master = new EarlySecrets(long, fill(1, 48))
    .intoHandshake(kemSecret, fill(3, 48))
    .intoMaster(fill(3, 48));
  assert.is(master.intoSession(fill(4, 48)).epoch.ticketPsk(fill(0, 16)).length, 48);
});

test("a consumed stage holds nothing of what it was", () => {
  const early = new EarlySecrets(hash, psk);
  const before = early.pskAuth(th);
  const handshake = early.intoHandshake(kemSecret, th);
  assert.not.equal(early.pskAuth(th), before);
  const verify = handshake.clientVerifyData(th);
  const binder = handshake.binder(th);
  const master = handshake.intoMaster(th);
  assert.not.equal(handshake.clientVerifyData(th), verify);
  assert.not.equal(handshake.binder(th), binder);
  const finished = master.serverVerifyData(th);
  const { exporter } = master.intoSession(th);
  assert.not.equal(master.serverVerifyData(th), finished);
  const exported = exporter.export("x", th, 32);
  exporter.wipe();
  assert.not.equal(exporter.export("x", th, 32), exported);
  assert.equal(psk, fill(1), "the caller's secrets are the caller's");
});

test("the transcript leaves out greeting octets 0..9 and counts the last CLIENTHELLO", () => {
  const client = fill(1, 64);
  const server = fill(2, 64);
  const transcript = new OpenTranscript(client, server);
  transcript.setClientHello(fill(9, 100));
  transcript.setClientHello(fill(8, 5));
  const expected = hash.digest(Buffer.from("QZMQ/1"), client.subarray(10), server.subarray(10), fill(8, 5));
  assert.equal(transcript.hashWith(hash), expected);
  assert.equal(transcript.choose(hash).hash(), expected);
  assert.is(STREAM.handshake, 0);
  client.fill(0, 0, 10);
  const other = new OpenTranscript(client, server);
  other.setClientHello(fill(8, 5));
  assert.equal(other.hashWith(hash), expected);
});

test.run();
