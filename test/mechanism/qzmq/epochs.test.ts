/** A connection against a peer that holds the same keys and does not keep to the rules: both roles, no handshake. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PeerError } from "../../../src/errors.ts";
import type { Role } from "../../../src/mechanism/qzmq/certificate.ts";
import { checkCommon } from "../../../src/mechanism/qzmq/config.ts";
import { Connection, type Ticketing } from "../../../src/mechanism/qzmq/connection.ts";
import { type Control, decodeControl, encodeControl } from "../../../src/mechanism/qzmq/control.ts";
import { createCounters } from "../../../src/mechanism/qzmq/counters.ts";
import { keyExchange } from "../../../src/mechanism/qzmq/kem.ts";
import {
  type EpochSecrets,
  MasterSecrets,
  type TrafficKeys,
} from "../../../src/mechanism/qzmq/key-schedule.ts";
import { KeysConfirmed, PeerProven } from "../../../src/mechanism/qzmq/proof.ts";
import {
  decodeRecordHead,
  HARD_RECORDS,
  RecordOpener,
  RecordSealer,
  STREAM,
} from "../../../src/mechanism/qzmq/record.ts";
import { suiteByName } from "../../../src/mechanism/qzmq/suite.ts";
import { provider } from "../../support/qzmq-identities.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const suite = suiteByName("4,2,1,1");
const hash = provider.hashes["SHA-256"];
const aead = provider.aeads["AES-256-GCM"];
const kem = keyExchange(provider, 4);
const random = seededRandom("peer");

function secrets() {
  const fill = (octet: number) => new Uint8Array(32).fill(octet);
  const master = new MasterSecrets(hash, fill(1), fill(2), fill(3));
  const keys = { client: master.clientTraffic(aead), server: master.serverTraffic(aead) };
  return { keys, ...master.intoSession(fill(4)) };
}

/** A connection of `role` that has sent and got so many records, and the other side's keys in the hands of the test. */
function rig(role: Role, ticketing: Ticketing = { kind: "none" }, { sent = 0, got = 0 } = {}) {
  const ours = secrets();
  const theirs = secrets();
  const other = role === "client" ? "server" : "client";
  const output: Uint8Array[] = [];
  const counters = createCounters();
  const connection = new Connection(
    {
      ...{ role, suite, random: seededRandom("own"), counters, output, peerRecordLimit: 65_536, ticketing },
      settings: checkCommon({ provider, unixTime: () => 0 }),
      peerProven: PeerProven.anonymous("none"),
      keysConfirmed: KeysConfirmed.check(new Uint8Array(1), new Uint8Array(1)),
      sealer: new RecordSealer(ours.keys[role], STREAM.application, 0, sent),
      opener: new RecordOpener(ours.keys[other], STREAM.application, 0, got),
      ...{
        exporter: ours.exporter,
        secrets: ours.epoch,
        peerMetadata: new Map(),
        resumed: false,
        early: "none",
      },
    },
    0,
  );
  const peer = {
    sealer: new RecordSealer(theirs.keys[other], STREAM.application, 0, got),
    opener: new RecordOpener(theirs.keys[role], STREAM.application, 0, sent),
    secrets: theirs.epoch as EpochSecrets,
  };
  const send = (name: "MESSAGE" | "CONTROL", plaintext: Uint8Array, now = 0, sealer = peer.sealer) => {
    const out: Uint8Array[] = [];
    sealer.seal(name, [plaintext], plaintext.length, out);
    const frame = Buffer.concat(out);
    const header = (frame[0]! & 2) === 0 ? 2 : 9;
    return connection.receive(frame[0]!, frame.subarray(header), now);
  };
  const control = (message: Control, now = 0, sealer = peer.sealer) =>
    send("CONTROL", encodeControl(message), now, sealer);
  /** Plaintexts of what the connection has sent. */
  const read = (opener = peer.opener): Uint8Array[] => {
    const list: Uint8Array[] = [];
    let rest = Buffer.concat(output.splice(0));
    while (rest.length > 0) {
      const header = (rest[0]! & 2) === 0 ? 2 : 9;
      const size = header === 2 ? rest[1]! : Number(rest.readBigUInt64BE(1));
      const body = rest.subarray(header, header + size);
      list.push(opener.open(decodeRecordHead(body)!, body));
      rest = rest.subarray(header + size);
    }
    return list;
  };
  /** Rotates as the peer; returns its sealer and opener of the next epoch, and the KEYUPDATE's answer. */
  const askAndAdvance = () => {
    const pair = kem.generate(random);
    const newKeyId = peer.secrets.epoch + 1;
    const update = { type: "keyUpdate", time: 0, newKeyId, kemPublic: pair.publicKey } as const;
    control(update);
    const ack = read()[0]!;
    const decoded = decodeControl(ack);
    if (decoded.type !== "keyUpdateAck") throw new Error(decoded.type);
    return next(
      peer.secrets.rotate(aead, pair.decapsulate(decoded.ciphertext), encodeControl(update), ack),
      newKeyId,
    );
  };
  const next = (step: { keys: TrafficKeys; next: EpochSecrets }, epoch: number) => {
    peer.secrets = step.next;
    return {
      sealer: new RecordSealer(step.keys[other], STREAM.application, epoch),
      opener: new RecordOpener(step.keys[role], STREAM.application, epoch),
    };
  };
  return { connection, control, send, read, askAndAdvance, next, peer, counters };
}

function closes(code: string, run: () => unknown): void {
  assert.throws(run, (error: unknown) => error instanceof PeerError && error.code === code);
}

for (const role of ["client", "server"] as const) {
  test(`${role}: application data stops for good 2^22 records before the hard limit, control messages do not`, () => {
    const { connection, control, read, askAndAdvance } = rig(role, undefined, {
      sent: HARD_RECORDS - 2 ** 22 - 1,
    });
    assert.ok(connection.canSend);
    connection.queue([Uint8Array.of(1)], 1);
    assert.not(connection.canSend);
    assert.equal(read(), [Uint8Array.of(1)]);
    const { sealer } = askAndAdvance();
    assert.ok(connection.canSend, "the next epoch begins anew");
    control({ type: "keyConfirm", newKeyId: 1 }, 0, sealer);
  });

  test(`${role}: a peer that goes on beyond 2^33 records is refused`, () => {
    const { connection, send, counters } = rig(role, undefined, { got: HARD_RECORDS - 1 });
    assert.equal(send("MESSAGE", Uint8Array.of(1)), Uint8Array.of(1));
    assert.is(counters.recordsOpened, 1);
    const body = Buffer.concat([Buffer.from("\x07MESSAGE\0"), Buffer.alloc(8 + 17)]);
    body.writeBigUInt64BE(BigInt(HARD_RECORDS), 9);
    closes("ERR_QZMQ_LIMIT", () => connection.receive(4, body, 0));
    assert.is(counters.recordsOpened, 1);
  });

  test(`${role}: the peer rotates, its old key is good until KEYCONFIRM and no longer`, () => {
    const { connection, control, send, read, askAndAdvance } = rig(role);
    const { sealer, opener } = askAndAdvance();
    assert.is(connection.facts["epoch"], 1);
    assert.equal(send("MESSAGE", Uint8Array.of(1)), Uint8Array.of(1));
    control({ type: "keyConfirm", newKeyId: 1 }, 0, sealer);
    assert.equal(send("MESSAGE", Uint8Array.of(2), 0, sealer), Uint8Array.of(2));
    connection.queue([Uint8Array.of(3)], 1);
    assert.equal(read(opener), [Uint8Array.of(3)]);
    closes("ERR_QZMQ_ROTATION", () => send("MESSAGE", Uint8Array.of(4)));
  });

  test(`${role}: the first record under a new key is KEYCONFIRM`, () => {
    const other: Control[] = [
      { type: "pad", length: 1 },
      { type: "close", code: 0 },
    ];
    for (const message of other) {
      const { control, askAndAdvance } = rig(role);
      const { sealer } = askAndAdvance();
      closes("ERR_QZMQ_ROTATION", () => control(message, 0, sealer));
    }
    const data = rig(role);
    const { sealer } = data.askAndAdvance();
    closes("ERR_QZMQ_ROTATION", () => data.send("MESSAGE", Uint8Array.of(1), 0, sealer));
    const early = rig(role);
    early.askAndAdvance();
    closes("ERR_QZMQ_ROTATION", () => early.control({ type: "keyConfirm", newKeyId: 1 }));
  });

  test(`${role}: KEYUPDATE again before KEYCONFIRM`, () => {
    const { control, askAndAdvance } = rig(role);
    askAndAdvance();
    const { publicKey } = kem.generate(random);
    closes("ERR_QZMQ_ROTATION", () =>
      control({ type: "keyUpdate", time: 0, newKeyId: 1, kemPublic: publicKey }),
    );
  });

  test(`${role}: our KEYUPDATE answered wrongly`, () => {
    for (const [newKeyId, length, code] of [
      [2, 1120, "ERR_QZMQ_ROTATION"],
      [0, 1120, "ERR_QZMQ_ROTATION"],
      [1, 1119, "ERR_QZMQ_PROTOCOL"],
      [1, 1120, "ERR_QZMQ_PROTOCOL"],
    ] as const) {
      const { connection, control } = rig(role);
      assert.is(connection.rotate(0), true);
      // All zeros: the X25519 part has small order.
      closes(code, () => control({ type: "keyUpdateAck", newKeyId, ciphertext: new Uint8Array(length) }));
    }
  });

  test(`${role}: a wrong ciphertext in the answer shows in the next record, and only there`, () => {
    const { connection, control, read, peer, next } = rig(role);
    connection.rotate(0);
    const update = read()[0]!;
    const decoded = decodeControl(update);
    if (decoded.type !== "keyUpdate") throw new Error(decoded.type);
    const { ciphertext, secret } = kem.encapsulate(decoded.kemPublic, random);
    ciphertext[0]! ^= 1;
    const ack = { type: "keyUpdateAck", newKeyId: 1, ciphertext } as const;
    control(ack);
    const { sealer } = next(peer.secrets.rotate(aead, secret, update, encodeControl(ack)), 1);
    closes("ERR_QZMQ_AUTH", () => control({ type: "pad", length: 1 }, 0, sealer));
  });

  test(`${role}: a ninth KEYUPDATE in a burst closes, one a second does not`, () => {
    for (const pause of [0, 1000]) {
      const { control, peer, read } = rig(role);
      let rounds = 0;
      const round = (now: number) => {
        const pair = kem.generate(random);
        const newKeyId = peer.secrets.epoch + 1;
        const update = { type: "keyUpdate", time: 0, newKeyId, kemPublic: pair.publicKey } as const;
        control(update, now);
        const ack = read()[0]!;
        const decoded = decodeControl(ack);
        if (decoded.type !== "keyUpdateAck") throw new Error(decoded.type);
        const step = peer.secrets.rotate(
          aead,
          pair.decapsulate(decoded.ciphertext),
          encodeControl(update),
          ack,
        );
        peer.secrets = step.next;
        const other = role === "client" ? "server" : "client";
        peer.sealer = new RecordSealer(step.keys[other], STREAM.application, newKeyId);
        peer.opener = new RecordOpener(step.keys[role], STREAM.application, newKeyId);
        control({ type: "keyConfirm", newKeyId }, now, peer.sealer);
        rounds++;
      };
      for (let i = 0; i < 8; i++) round(i * pause);
      if (pause === 0) closes("ERR_QZMQ_ROTATION", () => round(999));
      else for (let i = 8; i < 20; i++) round(i * pause);
      assert.is(rounds, pause === 0 ? 8 : 20);
    }
  });
}

test("tickets: four are kept, a fifth closes; none between KEYUPDATE and KEYCONFIRM; none for a server", () => {
  const kept: Uint8Array[] = [];
  const ticketing: Ticketing = { kind: "keep", keep: (_, psk) => kept.push(psk.slice()) };
  const ticket: Control = {
    ...{ type: "ticket", lifetime: 60, earlyLimit: 0 },
    ...{ nonce: new Uint8Array(16), ticket: Uint8Array.of(1) },
  };
  const many = rig("client", ticketing);
  for (let i = 0; i < 4; i++) many.control(ticket);
  assert.is(kept.length, 4);
  assert.equal(kept[0], many.peer.secrets.ticketPsk(new Uint8Array(16)));
  closes("ERR_QZMQ_PROTOCOL", () => many.control(ticket));

  const during = rig("client", ticketing);
  during.askAndAdvance();
  closes("ERR_QZMQ_PROTOCOL", () => during.control(ticket));

  const after = rig("client", ticketing);
  const advanced = after.askAndAdvance();
  after.control({ type: "keyConfirm", newKeyId: 1 }, 0, advanced.sealer);
  after.control(ticket, 0, advanced.sealer);
  assert.is(kept.length, 5);
  assert.not.equal(kept[4], kept[0]);

  closes("ERR_QZMQ_PROTOCOL", () => rig("server").control(ticket));
});

test("a server issues no ticket while its own KEYUPDATE is out", () => {
  let issued = 0;
  const issue = () => {
    issued++;
    return { ticket: Uint8Array.of(1), lifetime: 1, earlyLimit: 0 };
  };
  const { connection } = rig("server", { kind: "issue", issue });
  connection.issueTickets(1);
  connection.rotate(0);
  connection.issueTickets(1);
  assert.is(issued, 1);
});

test("secrets of an epoch are gone after its rotation", () => {
  const { epoch } = secrets();
  const nonce = new Uint8Array(16);
  const before = epoch.ticketPsk(nonce);
  epoch.rotate(aead, new Uint8Array(64), new Uint8Array(1), new Uint8Array(1));
  assert.not.equal(epoch.ticketPsk(nonce), before);
});

test.run();
