/** Our server against the naive client: both read the specification alike, and every misbehaviour has its error. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bareIdentity } from "../../../src/mechanism/qzmq/identity.ts";
import * as naive from "../../support/naive-client.ts";
import { provider, testIdentity, testSigner } from "../../support/qzmq-identities.ts";
import { codeOf, End, type Frame, nameOf } from "../../support/qzmq-pair.ts";
import { makeFactories } from "../../support/qzmq-session.ts";

const { bytes, u8, u16, u32, v8, v16, v32 } = naive;
const alice = testIdentity(2);
const bob = testIdentity(1);

/** Hands a body to the server, runs it until it is quiet, returns what it said. */
function say(end: End, body: Uint8Array, now = 0): Frame[] {
  end.call(() => end.mechanism.receive(body.length > 255 ? 6 : 4, body, now));
  for (let task = end.tasks.shift(); task !== undefined; task = end.tasks.shift()) task();
  if (end.wakes > 0) end.call(() => end.mechanism.advance(now));
  end.wakes = 0;
  return frames(end.mechanism.takeOutput());
}

function frames(pieces: readonly Uint8Array[]): Frame[] {
  const list: Frame[] = [];
  let rest = Buffer.concat(pieces);
  while (rest.length > 0) {
    const header = (rest[0]! & 2) === 0 ? 2 : 9;
    const size = header === 2 ? rest[1]! : Number(rest.readBigUInt64BE(1));
    list.push({ flags: rest[0]!, body: rest.subarray(header, header + size) });
    rest = rest.subarray(header + size);
  }
  return list;
}

type Setup = Parameters<typeof makeFactories>[0];

async function meet(setup: Setup = {}, anonymous = false) {
  const { server } = await makeFactories(setup);
  const end = new End(server, true, {});
  end.call(() => end.mechanism.start(end.host, 0));
  const client = new naive.NaiveClient(
    end.host.peerGreeting,
    end.host.localGreeting,
    anonymous ? null : await alice,
  );
  return { end, client, server };
}

/** Through SERVERHELLO. */
async function greeted(setup: Setup = {}, anonymous = false) {
  const met = await meet(setup, anonymous);
  const [hello] = say(met.end, met.client.hello());
  met.client.serverHello(hello!.body, (await bob).signer.publicKey);
  return met;
}

async function established(setup: Setup = {}) {
  const met = await greeted(setup);
  const [finished] = say(met.end, met.client.clientKey());
  met.client.finished(finished!.body);
  return met;
}

test("a whole handshake, data both ways, exporter", async () => {
  const { end, client } = await established();
  assert.is(end.error, null);
  assert.is(end.mechanism.facts?.["peer"], "alice");
  assert.ok(client.serverMetadata.includes("ROUTER"));
  say(end, client.record("MESSAGE", 0, "\0\x02hi"));
  say(end, client.record("MESSAGE", 1, "\0\x02ho"));
  assert.is(end.text, "\0\x02hi\0\x02ho");
  const [sent] = frames(end.mechanism.seal([bytes("\0\x03yes")], 5, 0));
  assert.is(client.open(sent!.body, 0).toString("latin1"), "\0\x03yes");
  const exported = end.mechanism.exportKeyingMaterial("label", bytes("context"), 20);
  assert.is(client.export("label", "context", 20).compare(exported), 0);
});

test("a rotation by the naive client", async () => {
  const { end, client } = await established();
  const pair = provider.kems["ML-KEM-768"].generate(new Uint8Array(64).fill(3));
  const secretX = new Uint8Array(32).fill(4);
  const update = bytes(
    u8(1),
    naive.u64(1),
    u32(1),
    v16(bytes(pair.publicKey, provider.x25519.publicKey(secretX))),
  );
  const [answer] = say(end, client.record("CONTROL", 0, update));
  const ack = client.open(answer!.body, 0);
  assert.equal(ack.subarray(0, 7), bytes(u8(2), u32(1), u16(1120)));
  const shared = bytes(
    provider.kems["ML-KEM-768"].decapsulate(ack.subarray(7, 7 + 1088), pair.secretKey),
    provider.x25519.sharedSecret(secretX, ack.subarray(7 + 1088))!,
  );
  const secrets = client.rotated(shared, update, ack);
  const confirm = naive.sealRecord(secrets.client, 1, "CONTROL", 1, 0, bytes(u8(5), u32(1)));
  const data = naive.sealRecord(secrets.client, 1, "MESSAGE", 1, 1, "\0\x01x");
  say(end, bytes(confirm.head, confirm.sealed));
  say(end, bytes(data.head, data.sealed));
  assert.is(end.error, null);
  assert.is(end.text, "\0\x01x");
  const [sent] = frames(end.mechanism.seal([bytes("\0\x01y")], 3, 0));
  const { body } = sent!;
  assert.is(body[8], 1);
  assert.is(
    naive.openSealed(secrets.server, 1, body.subarray(0, 17), 0, body.subarray(17)).toString("latin1"),
    "\0\x01y",
  );
});

test("CLIENTHELLO: what is wrong with it, and what the client is told", async () => {
  const extension = (type: number, data: Uint8Array | string) => bytes(u16(type), v16(data));
  const cases: [string, Parameters<naive.NaiveClient["hello"]>[0], string, string][] = [
    ["version 2", { version: u8(2) }, "ERR_QZMQ_VERSION", "version"],
    ["no suites", { suites: bytes("") }, "ERR_QZMQ_PROTOCOL", "protocol"],
    ["half a suite", { suites: bytes("\x04\x02") }, "ERR_QZMQ_PROTOCOL", "protocol"],
    ["a suite twice", { suites: bytes("\x04\x02\x01\x01\x04\x02\x01\x01") }, "ERR_QZMQ_PROTOCOL", "protocol"],
    [
      "17 suites",
      { suites: bytes(...Array.from({ length: 17 }, (_, i) => bytes("\x04\x02\x01", u8(i)))) },
      "ERR_QZMQ_PROTOCOL",
      "protocol",
    ],
    ["unknown suites", { suites: bytes("\x09\x09\x09\x09") }, "ERR_QZMQ_SUITE", "suite"],
    ["invalid suite", { suites: bytes("\x03\x02\x01\x01") }, "ERR_QZMQ_SUITE", "suite"],
    ["classical suite", { suites: bytes("\x01\x01\x01\x01") }, "ERR_QZMQ_SUITE", "suite"],
    ["pq_only beside hybrid", { extensions: extension(0xff01, "") }, "ERR_QZMQ_PROTOCOL", "protocol"],
    ["early data without ticket", { extensions: extension(0x2a, "") }, "ERR_QZMQ_PROTOCOL", "protocol"],
    [
      "extension twice",
      { extensions: bytes(extension(1, ""), extension(1, "")) },
      "ERR_QZMQ_PROTOCOL",
      "protocol",
    ],
    ["client_auth", { extensions: extension(0xff02, "\0\0") }, "ERR_QZMQ_PROTOCOL", "protocol"],
  ];
  for (const [label, fields, code, reason] of cases) {
    const { end, client } = await meet();
    const [error] = say(end, client.hello(fields));
    assert.is(codeOf(end), code, label);
    assert.equal(Buffer.from(error!.body), bytes(v8("ERROR"), v8(reason)), label);
  }
  for (const fields of [
    { suites: bytes("\x09\x09\x09\x09\x04\x02\x01\x01") },
    { extensions: extension(0x7777, "unknown") },
    { extensions: extension(0x33, "reserved") },
    { sessionId: bytes("no ticket of ours") },
  ]) {
    const { end, client } = await meet({ server: { tickets: {} } });
    assert.is(nameOf(say(end, client.hello(fields))[0]!), "SERVERHELLO");
  }
});

test("CLIENTKEY: what is wrong with it", async () => {
  const stranger = await bareIdentity(provider, testSigner(7, "ML-DSA-44"));
  const chain = v32(v16(stranger.chain[0]!.encoded));
  const cases: [string, Partial<naive.ClientKeyFields>, string][] = [
    ["wrong verify_data", { verifyData: Buffer.alloc(32) }, "ERR_QZMQ_AUTH"],
    ["wrong signature", { signature: v16(Buffer.alloc(2420)) }, "ERR_QZMQ_AUTH"],
    ["short signature", { signature: v16("x") }, "ERR_QZMQ_AUTH"],
    ["no signature", { signature: v16("") }, "ERR_QZMQ_PROTOCOL"],
    ["no certificate", { certificate: v32("") }, "ERR_QZMQ_PROTOCOL"],
    ["neither, though required", { certificate: v32(""), signature: v16("") }, "ERR_QZMQ_AUTH"],
    ["somebody else's certificate", { certificate: chain }, "ERR_QZMQ_AUTH"],
    ["garbage for a certificate", { certificate: v32(v16("garbage")) }, "ERR_QZMQ_AUTH"],
    ["five certificates", { certificate: v32(bytes(...Array(5).fill(v16("x")))) }, "ERR_QZMQ_PROTOCOL"],
    ["an empty certificate", { certificate: v32(v16("")) }, "ERR_QZMQ_PROTOCOL"],
    ["a binder", { binder: v8(Buffer.alloc(32)) }, "ERR_QZMQ_PROTOCOL"],
    ["early records", { earlyRecords: u32(1) }, "ERR_QZMQ_PROTOCOL"],
    ["unpadded metadata", { metadata: v32(bytes(v8("Socket-Type"), v32("DEALER"))) }, "ERR_QZMQ_PROTOCOL"],
    ["no Socket-Type", { metadata: v32(naive.metadata(["Identity", "x"])) }, "ERR_QZMQ_PROTOCOL"],
    [
      "a name twice",
      { metadata: v32(naive.metadata(["Socket-Type", "DEALER"], ["socket-TYPE", "PUB"])) },
      "ERR_ZMTP_INVALID_METADATA",
    ],
    [
      "too much metadata",
      { metadata: v32(naive.metadata(["Socket-Type", "DEALER"], ["X", "x".repeat(17_000)])) },
      "ERR_QZMQ_PROTOCOL",
    ],
    ["metadata that is none", { metadata: v32(Buffer.alloc(256, 0xff)) }, "ERR_ZMTP_INVALID_METADATA"],
  ];
  for (const [label, change, code] of cases) {
    const { end, client, server } = await greeted();
    const [error] = say(end, client.clientKey(change));
    assert.is(codeOf(end), code, label);
    const reason = code === "ERR_QZMQ_AUTH" ? "auth" : "protocol";
    assert.equal(Buffer.from(error!.body), bytes(v8("ERROR"), v8(reason)), label);
    assert.is(end.mechanism.status === "ready", false, label);
    assert.is(end.credentials.length, 0, `${label}: the authorizer hears of verified peers only`);
    assert.is(server.admission!.load.handshakes, 0, label);
  }
});

test("CLIENTKEY: octets behind its plaintext, a wrong ciphertext, wrong keys", async () => {
  const longer = await greeted();
  say(longer.end, longer.client.clientKey({}, "x"));
  assert.is(codeOf(longer.end), "ERR_QZMQ_PROTOCOL");
  const implicit = await greeted();
  const [error] = say(implicit.end, implicit.client.clientKey({}, "", 1));
  assert.is(codeOf(implicit.end), "ERR_QZMQ_AUTH");
  assert.equal(Buffer.from(error!.body), bytes(v8("ERROR"), v8("auth")));
});

test("verify_data is checked before any certificate is looked at", async () => {
  let looked = 0;
  const trust = () => {
    looked++;
    throw new Error("not to be reached");
  };
  const { end, client } = await greeted({ server: { trust } });
  say(end, client.clientKey({ verifyData: Buffer.alloc(32) }));
  assert.is(codeOf(end), "ERR_QZMQ_AUTH");
  assert.is(looked, 0);
});

test("certificates nobody asked for; anonymous where that is allowed", async () => {
  const unasked = await greeted({ server: { clientAuth: "none" } });
  say(unasked.end, unasked.client.clientKey());
  assert.is(codeOf(unasked.end), "ERR_QZMQ_PROTOCOL");
  const anonymous = await greeted({ server: { clientAuth: "optional" } }, true);
  say(anonymous.end, anonymous.client.clientKey());
  assert.is(anonymous.end.mechanism.status, "ready");
});

test("a peer cannot name its own User-Id", async () => {
  const { end, client } = await greeted();
  say(
    end,
    client.clientKey({ metadata: v32(naive.metadata(["Socket-Type", "DEALER"], ["user-id", "root"])) }),
  );
  assert.is(end.mechanism.status, "ready");
  assert.is(Buffer.from(end.mechanism.peerMetadata!.get("User-Id")!).toString(), "alice");
  assert.equal([...end.mechanism.peerMetadata!.keys()].sort(), ["Socket-Type", "User-Id"]);
});

test("control messages that a client must not send", async () => {
  const point = Buffer.alloc(32, 9);
  const cases: [string, Buffer, string][] = [
    ["unasked ACK", bytes(u8(2), u32(1), v16(Buffer.alloc(1120))), "ERR_QZMQ_ROTATION"],
    ["unasked KEYCONFIRM", bytes(u8(5), u32(1)), "ERR_QZMQ_ROTATION"],
    [
      "KEYUPDATE to the same epoch",
      bytes(u8(1), naive.u64(0), u32(0), v16(Buffer.alloc(1216))),
      "ERR_QZMQ_ROTATION",
    ],
    ["KEYUPDATE two ahead", bytes(u8(1), naive.u64(0), u32(2), v16(Buffer.alloc(1216))), "ERR_QZMQ_ROTATION"],
    [
      "KEYUPDATE with a short key",
      bytes(u8(1), naive.u64(0), u32(1), v16(Buffer.alloc(1215))),
      "ERR_QZMQ_PROTOCOL",
    ],
    [
      "KEYUPDATE with an unreduced key",
      bytes(u8(1), naive.u64(0), u32(1), v16(bytes(Buffer.alloc(1184, 0xff), point))),
      "ERR_QZMQ_PROTOCOL",
    ],
    [
      "KEYUPDATE with a small-order point",
      bytes(u8(1), naive.u64(0), u32(1), v16(Buffer.alloc(1216))),
      "ERR_QZMQ_PROTOCOL",
    ],
    ["TICKET", bytes(u8(3), u32(60), u32(0), Buffer.alloc(16), v16("ticket")), "ERR_QZMQ_PROTOCOL"],
    ["PAD of ones", bytes(u8(6), "\x01"), "ERR_QZMQ_PROTOCOL"],
    ["type 0", u8(0), "ERR_QZMQ_PROTOCOL"],
    ["type 7", u8(7), "ERR_QZMQ_PROTOCOL"],
    ["CLOSE and more", bytes(u8(4), u8(0), u8(0)), "ERR_QZMQ_PROTOCOL"],
    ["4097 octets", bytes(u8(6), Buffer.alloc(4096)), "ERR_QZMQ_PROTOCOL"],
  ];
  for (const [label, plaintext, code] of cases) {
    const { end, client } = await established();
    const [goodbye] = say(end, client.record("CONTROL", 0, plaintext));
    assert.is(codeOf(end), code, label);
    assert.equal(client.open(goodbye!.body, 0), bytes(u8(4), u8(2)), `${label}: CLOSE protocol`);
  }
  const { end, client } = await established();
  say(end, client.record("CONTROL", 0, bytes(u8(6), Buffer.alloc(4095))));
  assert.is(end.error, null);
  const [answer] = say(end, client.record("CONTROL", 1, bytes(u8(4), u8(250))));
  assert.equal(client.open(answer!.body, 0), bytes(u8(4), u8(0)));
  say(end, client.record("MESSAGE", 2, "\0\x01x"));
  assert.is(codeOf(end), "ERR_QZMQ_PROTOCOL", "after CLOSE");
  assert.is(end.text, "");
});

test("the sequence counts MESSAGE and CONTROL together, and never comes from the wire", async () => {
  const { end, client } = await established();
  say(end, client.record("CONTROL", 0, u8(6)));
  say(end, client.record("MESSAGE", 1, "\0\x01x"));
  assert.is(end.text, "\0\x01x");
  say(end, client.record("MESSAGE", 3, "\0\x01y"));
  assert.is(codeOf(end), "ERR_QZMQ_PROTOCOL");
});

test.run();
