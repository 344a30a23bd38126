/** Frames, nonces and hard limits, with an AEAD that shows what it was given. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AeadKey } from "../../../src/crypto/provider.ts";
import { PeerError } from "../../../src/errors.ts";
import {
  areWholeMessages,
  beginCommand,
  encodeCommand,
  isCommand,
  writeU64,
} from "../../../src/mechanism/qzmq/framing.ts";
import { padMetadata, readPeerMetadata, withAuthorized } from "../../../src/mechanism/qzmq/peer-metadata.ts";
import {
  cutRecords,
  decodeRecordHead,
  HARD_BYTES,
  HARD_RECORDS,
  openPart,
  RecordOpener,
  RecordSealer,
  sealPart,
} from "../../../src/mechanism/qzmq/record.ts";
import { encodeMetadata } from "../../../src/wire/metadata.ts";
import { provider } from "../../support/qzmq-identities.ts";
import { encodeFrame } from "../../support/qzmq-pair.ts";

const iv = Uint8Array.from({ length: 12 }, (_, i) => 0x10 * i);

function showing() {
  const seen: { nonce: string; aad: string }[] = [];
  const aead: AeadKey = {
    seal: (nonce, aad, plaintext) => aead.beginSeal(nonce)(aad, plaintext),
    open: () => null,
    beginSeal(nonce) {
      const shown = Buffer.from(nonce).toString("hex");
      return (aad) => {
        seen.push({ nonce: shown, aad: Buffer.from(aad).toString("latin1") });
        return [new Uint8Array(16)];
      };
    },
    beginOpen: () => () => null,
    wipe() {},
  };
  return { seen, key: { aead, iv } };
}

test("nonce = (stream || sequence) XOR iv; associated data = what stands before the ciphertext", () => {
  const { seen, key } = showing();
  const sealer = new RecordSealer(key, 0xffffffff, 259);
  const out: Uint8Array[] = [];
  for (let i = 0; i < 258; i++) sealer.seal("CONTROL", [Uint8Array.of(1)], 1, out);
  assert.equal(seen[0], { nonce: "ffefdfcf405060708090a0b0", aad: "\x07CONTROL\x03\0\0\0\0\0\0\0\0" });
  assert.equal(seen[257], { nonce: "ffefdfcf405060708090a1b1", aad: "\x07CONTROL\x03\0\0\0\0\0\0\x01\x01" });
  assert.is(sealer.records, 258);
  assert.equal(out[0]!.subarray(0, 2), Uint8Array.of(4, 17 + 1 + 16));
});

test("a cipher made ahead has the nonce of the next record, is used once, and is gone with the key", () => {
  const { seen, key } = showing();
  const sealer = new RecordSealer(key, 0, 0);
  const out: Uint8Array[] = [];
  sealer.prepare();
  sealer.seal("MESSAGE", [Uint8Array.of(1)], 1, out);
  sealer.seal("MESSAGE", [Uint8Array.of(1)], 1, out);
  sealer.prepare();
  sealer.prepare();
  sealer.seal("CONTROL", [Uint8Array.of(1)], 1, out);
  assert.equal(
    seen.map(({ nonce }) => nonce.slice(-2)),
    ["b0", "b1", "b2"],
  );

  const real = () => ({ aead: provider.aeads["AES-256-GCM"].key(new Uint8Array(32)), iv: iv.slice() });
  const [ours, theirs] = [new RecordSealer(real(), 1, 0), new RecordOpener(real(), 1, 0)];
  for (let i = 0; i < 6; i++) {
    if (i % 2 === 1) ours.prepare();
    if (i % 3 === 1) theirs.prepare();
    const pieces: Uint8Array[] = [];
    ours.seal("MESSAGE", [Uint8Array.of(i, 7)], 2, pieces);
    const body = Buffer.concat(pieces).subarray(2);
    assert.equal(theirs.open(decodeRecordHead(body)!, body), Uint8Array.of(i, 7));
  }
  ours.prepare();
  theirs.prepare();
  ours.wipe();
  theirs.wipe();
  assert.throws(() => ours.seal("MESSAGE", [Uint8Array.of(1)], 1, []), /wiped/);
  const body = Buffer.concat([Buffer.from("\x07MESSAGE\0"), Buffer.alloc(8 + 17)]);
  body[16] = 6;
  assert.throws(() => theirs.open(decodeRecordHead(body)!, body), /wiped/);
});

test("a sealed part uses stream 0, key_id 0, sequence 0", () => {
  const key = () => ({ aead: provider.aeads["AES-256-GCM"].key(new Uint8Array(32)), iv: iv.slice() });
  const name = Buffer.from("\x09CLIENTKEY");
  const sealed = sealPart(key(), name, Uint8Array.of(1, 2, 3));
  assert.equal(openPart(key(), name, sealed), Uint8Array.of(1, 2, 3));
  assert.is(openPart(key(), Buffer.from("\x08FINISHED"), sealed), null);
  assert.is(openPart(key(), name, sealed.subarray(0, 15)), null);
  const { seen, key: shown } = showing();
  sealPart(shown, name, Uint8Array.of(1));
  assert.equal(seen[0], { nonce: "00102030405060708090a0b0", aad: "\x09CLIENTKEY\0\0\0\0\0\0\0\0\0" });
});

test("sequences do not lose octets: 64-bit integers up to 2^53", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const octets = Buffer.alloc(8);
      writeU64(octets, 0, value);
      assert.is(octets.readBigUInt64BE(), BigInt(value));
    }),
  );
});

test("a key at its hard limit seals nothing", () => {
  const { key } = showing();
  const sealer = new RecordSealer(key, 1, 0);
  sealer.seal("MESSAGE", [], HARD_BYTES - 1, []);
  assert.throws(
    () => sealer.seal("MESSAGE", [], 2, []),
    (error: unknown) => error instanceof PeerError && error.code === "ERR_QZMQ_LIMIT",
  );
  sealer.seal("MESSAGE", [], 1, []);
});

test("a key at its hard limit opens nothing, and a batch is sealed up to the limit alone", () => {
  const isLimit = (error: unknown) => error instanceof PeerError && error.code === "ERR_QZMQ_LIMIT";
  const { key } = showing();
  const opener = new RecordOpener(
    { ...key, aead: { ...key.aead, beginOpen: () => () => new Uint8Array(0) } },
    1,
    0,
  );
  /** The octets that are looked at; of the rest there is only the length. */
  const body = (sequence: number, size: number): Uint8Array => {
    const head = Buffer.concat([Buffer.from("\x07MESSAGE\0"), Buffer.alloc(8)]);
    head.writeBigUInt64BE(BigInt(sequence), 9);
    const claimed = {
      length: 17 + size + 16,
      subarray: (from: number, to?: number) => head.subarray(from, to),
    };
    return claimed as unknown as Uint8Array;
  };
  const head = { name: "MESSAGE", keyId: 0, length: 17 } as const;
  opener.open(head, body(0, HARD_BYTES - 1));
  assert.throws(() => opener.open(head, body(1, 2)), isLimit);
  opener.open(head, body(1, 1));
  assert.equal([opener.records, opener.bytes], [2, HARD_BYTES]);

  const sealer = new RecordSealer(showing().key, 1, 0);
  sealer.seal("MESSAGE", [], HARD_BYTES - 300_000, []);
  const out: Uint8Array[] = [];
  assert.throws(
    () =>
      cutRecords([new Uint8Array(1_000_000)], 100_000, (pieces, size) =>
        sealer.seal("MESSAGE", pieces, size, out),
      ),
    isLimit,
  );
  assert.equal([sealer.records, sealer.bytes], [4, HARD_BYTES]);
});

test("after 2^33 records a key seals and opens nothing, and is not even tried", () => {
  const isLimit = (error: unknown) => error instanceof PeerError && error.code === "ERR_QZMQ_LIMIT";
  const make = () => ({ aead: provider.aeads["AES-256-GCM"].key(new Uint8Array(32)), iv: iv.slice() });
  const sealer = new RecordSealer(make(), 1, 0, HARD_RECORDS - 1);
  const opener = new RecordOpener(make(), 1, 0, HARD_RECORDS - 1);
  const out: Uint8Array[] = [];
  sealer.seal("MESSAGE", [Uint8Array.of(5)], 1, out);
  const body = Buffer.concat(out.splice(0)).subarray(2);
  assert.is(body.readBigUInt64BE(9), 2n ** 33n - 1n);
  const head = decodeRecordHead(body)!;
  assert.equal(opener.open(head, body), Uint8Array.of(5));
  assert.throws(() => sealer.seal("MESSAGE", [Uint8Array.of(5)], 1, out), isLimit);
  assert.throws(() => opener.open(head, body), isLimit);
  assert.equal([sealer.records, opener.records, out.length], [2 ** 33, 2 ** 33, 0]);
});

test("an opener does not move on for a record that does not open", () => {
  const make = () => ({ aead: provider.aeads["AES-256-GCM"].key(new Uint8Array(32)), iv: iv.slice() });
  const sealer = new RecordSealer(make(), 1, 0);
  const out: Uint8Array[] = [];
  sealer.seal("MESSAGE", [Uint8Array.of(5)], 1, out);
  const body = Buffer.concat(out).subarray(2);
  const opener = new RecordOpener(make(), 1, 0);
  const bad = Buffer.from(body);
  bad[20]! ^= 1;
  assert.throws(() => opener.open(decodeRecordHead(bad)!, bad));
  assert.is(opener.records, 0);
  assert.equal(opener.open(decodeRecordHead(body)!, body), Uint8Array.of(5));
});

test("cutting: every octet once, in order, within the limit, small pieces together", () => {
  const piece = fc
    .integer({ min: 0, max: 200_000 })
    .map((size) => new Uint8Array(size).map((_, i) => (i * 7 + size) % 256));
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 6 }),
      fc.constantFrom(4096, 65_536, 262_144),
      (frames, limit) => {
        const records: Buffer[] = [];
        cutRecords(frames, limit, (pieces, size) => {
          const record = Buffer.concat(pieces);
          assert.is(record.length, size);
          assert.ok(size > 0 && size <= limit);
          records.push(record);
        });
        assert.is(Buffer.concat(records).equals(Buffer.concat(frames)), true);
      },
    ),
    { numRuns: 60 },
  );
  let count = 0;
  cutRecords(Array(1000).fill(new Uint8Array(60)), 262_144, () => count++);
  assert.is(count, 1);
});

test("command frames, short and long", () => {
  for (const size of [1, 255, 256, 70_000]) {
    const frame = encodeCommand(new Uint8Array(size).fill(7));
    assert.equal(
      Buffer.from(frame),
      Buffer.from(encodeFrame({ flags: 4, body: new Uint8Array(size).fill(7) })),
    );
    assert.is(beginCommand(size, 1).body, size > 255 ? 9 : 2);
  }
  for (let flags = 0; flags < 256; flags++) assert.is(isCommand(flags), flags === 4 || flags === 6);
});

test("whole messages", () => {
  const frame = (flags: number, size: number) => encodeFrame({ flags, body: new Uint8Array(size) });
  assert.is(areWholeMessages(new Uint8Array(0)), true);
  assert.is(areWholeMessages(Buffer.concat([frame(0, 3), frame(1, 300), frame(0, 0)])), true);
  const whole = Buffer.concat([frame(1, 3), frame(0, 300)]);
  for (let length = 1; length < whole.length; length++)
    assert.is(areWholeMessages(whole.subarray(0, length)), false);
  for (const flags of [4, 8, 0x80]) assert.is(areWholeMessages(frame(flags, 3)), false);
});

test("metadata: padding hides lengths, and a peer cannot name its User-Id", () => {
  for (let size = 0; size < 600; size += 7) {
    const padded = padMetadata(
      encodeMetadata([
        ["Socket-Type", Buffer.from("REQ")],
        ["X", new Uint8Array(size)],
      ]),
    );
    assert.is(padded.length % 256, 0);
    const read = readPeerMetadata(padded);
    assert.equal([...read.keys()], ["Socket-Type", "X"]);
  }
  assert.throws(() => padMetadata(new Uint8Array(16_375)), /16384/);
  const own = new Map([
    ["Socket-Type", Buffer.from("REQ")],
    ["USER-ID", Buffer.from("x")],
    ["Team", Buffer.from("a")],
  ]);
  const merged = withAuthorized(own, new Map([["team", Buffer.from("b")]]), "id");
  assert.equal(
    [...merged].map(([name, value]) => `${name}=${Buffer.from(value)}`),
    ["Socket-Type=REQ", "team=b", "User-Id=id"],
  );
});

test("a large frame and its header make one record; batches of smaller frames share one", () => {
  const sizes = (...lengths: number[]): number[] => {
    const emitted: number[] = [];
    cutRecords(
      lengths.map((length) => new Uint8Array(length)),
      262_144,
      (_pieces, size) => emitted.push(size),
    );
    return emitted;
  };
  assert.equal(sizes(9, 65_536, 9, 65_536, 9, 65_536), [65_545, 65_545, 65_545]);
  assert.equal(sizes(49_179, 49_179, 49_179), [98_358, 49_179]);
  assert.equal(sizes(40_000, 9, 100_000), [40_009, 100_000]);
  assert.equal(
    sizes(9, 1_048_576),
    [131_072, 131_072, 131_072, 131_072, 131_072, 131_072, 131_072, 131_072, 9],
  );
});

test.run();
