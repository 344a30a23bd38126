/** The key schedule and the records of src/ are those of key-schedule.json and records.json, on both back ends. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { nobleProvider } from "../../src/crypto/noble.ts";
import type { Aead, CryptoProvider } from "../../src/crypto/provider.ts";
import { cryptoProvider } from "../../src/crypto/select.ts";
import { PeerError } from "../../src/errors.ts";
import { checkCommon } from "../../src/mechanism/qzmq/config.ts";
import { Connection } from "../../src/mechanism/qzmq/connection.ts";
import { createCounters } from "../../src/mechanism/qzmq/counters.ts";
import { derive, EarlySecrets, EpochSecrets, Exporter } from "../../src/mechanism/qzmq/key-schedule.ts";
import { KeysConfirmed, PeerProven } from "../../src/mechanism/qzmq/proof.ts";
import { cutRecords, decodeRecordHead, RecordOpener, RecordSealer } from "../../src/mechanism/qzmq/record.ts";
import { suiteByName } from "../../src/mechanism/qzmq/suite.ts";
import { hex, type KeyEntry, readVectors, unhex } from "../support/vectors/format.ts";
import type { RecordVector } from "../support/vectors/record-vectors.ts";
import { present, type ScheduleVector } from "../support/vectors/schedule-vectors.ts";
import { parseFrame } from "../support/vectors/side.ts";

const schedule = suite("key schedule vectors");
const records = suite("record vectors");
const PROVIDERS = [cryptoProvider("node"), nobleProvider()];

const opensNothing = {
  seal: () => [],
  open: () => null,
  beginSeal: () => () => [],
  beginOpen: () => () => null,
};

/** An AEAD that shows each key that is made of it. */
function glassAead(): { readonly aead: Aead; readonly keys: string[] } {
  const keys: string[] = [];
  const aead: Aead = {
    name: "AES-256-GCM",
    key(key) {
      keys.push(hex(key));
      return { ...opensNothing, wipe() {} };
    },
  };
  return { aead, keys };
}

for (const provider of PROVIDERS) {
  schedule(`the schedule: ${provider.name}`, () => {
    for (const vector of readVectors<ScheduleVector>("key-schedule")) checkSchedule(provider, vector);
  });

  schedule(`Derive: ${provider.name}`, () => {
    for (const vector of readVectors<ScheduleVector>("key-schedule")) {
      const hash = provider.hashes[vector.hash];
      assert.ok(vector.derive.length > 0);
      for (const { secret, label, th, length, info, octets } of vector.derive) {
        assert.is(
          hex(derive(hash, unhex(secret), label, unhex(th), length)),
          octets,
          `${vector.name}: ${label}`,
        );
        assert.is(hex(hash.expand(unhex(secret), unhex(info), length)), octets, `${vector.name}: ${label}`);
      }
    }
  });

  records(`records: ${provider.name}`, () => {
    for (const vector of readVectors<RecordVector>("records")) {
      if (vector.result !== "ok") refuse(provider, vector);
      else if (vector.stream === null) sealAndOpen(provider, vector);
      else cut(provider, vector);
    }
  });
}

function checkSchedule(provider: CryptoProvider, vector: ScheduleVector): void {
  const { name, psk, th, macs, keys, secrets } = vector;
  const hash = provider.hashes[vector.hash];
  const at = (point: string) => present(th[point]);
  const glass = glassAead();
  const check = (made: { readonly iv: Uint8Array }, expected: KeyEntry | null | undefined, what: string) => {
    assert.equal({ key: glass.keys.pop(), iv: hex(made.iv) }, expected, `${name}: ${what}`);
  };
  const early = new EarlySecrets(hash, psk === null ? null : unhex(psk));
  if (psk !== null) {
    check(early.earlyKey(glass.aead, at("CLIENTHELLO")), keys["cEarly"], "c early");
    assert.is(hex(early.pskAuth(at("SERVERHELLO before auth"))), macs["auth"]);
  }
  const handshake = early.intoHandshake(unhex(vector.kemSecret), at("kem_ciphertext"));
  check(handshake.clientKey(glass.aead), keys["cHs"], "c hs");
  assert.is(hex(handshake.binder(at("CLIENTKEY before psk_binder"))), macs["pskBinder"] ?? "");
  assert.is(hex(handshake.clientVerifyData(at("CLIENTKEY before verify_data"))), macs["clientVerifyData"]);
  const master = handshake.intoMaster(at("CLIENTKEY"));
  check(master.serverKey(glass.aead), keys["sHs"], "s hs");
  assert.is(hex(master.serverVerifyData(at("FINISHED before verify_data"))), macs["serverVerifyData"]);
  check(master.clientTraffic(glass.aead), keys["cAp0"], "c ap");
  check(master.serverTraffic(glass.aead), keys["sAp0"], "s ap");
  const { exporter, epoch } = master.intoSession(at("FINISHED"));
  const last = vector.derive.at(-1)!;
  assert.is(hex(exporter.export("example", Buffer.from([0, 1, 2, 3, 4]), last.length)), last.octets);
  const tickets = vector.derive.filter(({ label }) => label === "ticket");
  assert.is(hex(epoch.ticketPsk(unhex(tickets[0]!.th))), tickets[0]!.octets);
  const { kemSecret, update, ack, cAp, sAp } = vector.rotation;
  const made = epoch.rotate(glass.aead, unhex(kemSecret), unhex(update), unhex(ack));
  const none = Buffer.alloc(0);
  for (const [secret, key] of [
    [sAp, made.keys.server],
    [cAp, made.keys.client],
  ] as const) {
    const expected = [
      derive(hash, unhex(secret), "key", none, 32),
      derive(hash, unhex(secret), "iv", none, 12),
    ];
    check(key, { key: hex(expected[0]!), iv: hex(expected[1]!) }, "rotation");
  }
  assert.is(hex(made.next.ticketPsk(unhex(tickets[1]!.th))), tickets[1]!.octets);
  // The next chain and hash show in the epoch after it.
  const { th: nextTh, chain, resumption } = vector.rotation;
  const same = new EpochSecrets(hash, 1, unhex(nextTh), unhex(chain), unhex(resumption));
  const [after, again] = [made.next, same].map((from) =>
    from.rotate(glass.aead, unhex(kemSecret), unhex(ack), none),
  );
  assert.equal(glass.keys.splice(0, 2), glass.keys.splice(0, 2), name);
  assert.is(hex(after!.keys.client.iv), hex(again!.keys.client.iv));
  const direct = new Exporter(hash, present(secrets["exporter"]));
  assert.is(hex(direct.export("example", Buffer.from([0, 1, 2, 3, 4]), last.length)), last.octets);
}

function keyOf(provider: CryptoProvider, { aead, key, iv }: RecordVector) {
  const name = aead === 1 ? "AES-256-GCM" : "ChaCha20-Poly1305";
  return { aead: provider.aeads[name].key(unhex(key)), iv: new Uint8Array(unhex(iv)) };
}

/** Sequences that the vector leaves out hold one zero octet in MESSAGE. */
function sealAndOpen(provider: CryptoProvider, vector: RecordVector): void {
  const { streamId, epoch } = vector.records[0]!;
  const sealer = new RecordSealer(keyOf(provider, vector), streamId, epoch);
  const opener = new RecordOpener(keyOf(provider, vector), streamId, epoch);
  const zero = new Uint8Array(1);
  for (const { command, sequence, plaintext, frame, aad } of vector.records) {
    const out: Uint8Array[] = [];
    while (sealer.records < Number(sequence)) {
      out.length = 0;
      sealer.seal("MESSAGE", [zero], 1, out);
      const { body } = parseFrame(Buffer.concat(out));
      assert.ok(opener.open(decodeRecordHead(body)!, body).length === 1);
    }
    out.length = 0;
    const octets = unhex(plaintext);
    sealer.seal(command, [octets.subarray(0, 2), octets.subarray(2)], octets.length, out);
    assert.is(hex(Buffer.concat(out)), frame, `${vector.name}: ${sequence}`);
    const { body } = parseFrame(unhex(frame));
    const head = decodeRecordHead(body)!;
    assert.is(hex(body.subarray(0, head.length)), aad);
    assert.is(hex(opener.open(head, body)), plaintext, `${vector.name}: ${sequence}`);
  }
}

function cut(provider: CryptoProvider, vector: RecordVector): void {
  const { recordLimit, frames } = vector.stream!;
  const sealer = new RecordSealer(keyOf(provider, vector), 1, 0);
  const out: Uint8Array[] = [];
  cutRecords(frames.map(unhex), recordLimit, (pieces, size) => sealer.seal("MESSAGE", pieces, size, out));
  assert.is(hex(Buffer.concat(out)), vector.records.map(({ frame }) => frame).join(""), vector.name);
  assert.is(vector.records.map(({ plaintext }) => plaintext).join(""), frames.join(""), vector.name);
}

/** A server's connection in epoch 0 that receives under the vector's key. */
function connection(provider: CryptoProvider, vector: RecordVector): Connection {
  const aead = vector.aead === 1 ? "aes256gcm" : "chacha20poly1305";
  const suite = suiteByName(`x25519+mlkem768/mldsa44/${aead}/sha256`);
  const hash = provider.hashes["SHA-256"];
  const zeros = () => new Uint8Array(32);
  return new Connection(
    {
      ...{ role: "server", suite, settings: checkCommon({ provider, unixTime: () => 0, suites: [suite] }) },
      ...{ random: (length: number) => new Uint8Array(length), counters: createCounters(), output: [] },
      ...{ peerRecordLimit: 262_144, peerProven: PeerProven.anonymous("none") },
      ...{ keysConfirmed: KeysConfirmed.check(zeros(), zeros()), ticketing: { kind: "none" } },
      ...{ peerMetadata: new Map(), resumed: false, early: "none" },
      sealer: new RecordSealer(keyOf(provider, { ...vector, key: "00".repeat(32) }), 1, 0),
      opener: new RecordOpener(keyOf(provider, vector), 1, 0),
      exporter: new Exporter(hash, zeros()),
      secrets: new EpochSecrets(hash, 0, zeros(), zeros(), zeros()),
    },
    0,
  );
}

function refuse(provider: CryptoProvider, vector: RecordVector): void {
  const receiver = connection(provider, vector);
  const last = vector.records.length - 1;
  assert.is(vector.at, `record ${last}`);
  for (const [i, { frame, plaintext }] of vector.records.entries()) {
    const octets = unhex(frame);
    const receive = () => receiver.receive(octets[0]!, parseFrame(octets).body, 0);
    if (i < last) assert.is(hex(receive()!), plaintext, vector.name);
    else
      assert.throws(
        receive,
        (error: unknown) => error instanceof PeerError && error.code === vector.cause,
        vector.name,
      );
  }
}

schedule.run();
records.run();
