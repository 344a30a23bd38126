import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LayoutError } from "../../../src/bytes/reader.ts";
import { utf8, Writer } from "../../../src/bytes/writer.ts";
import { hex } from "../../../src/mechanism/qzmq/algorithm.ts";
import { decodeTicket, encodeTicket, type TicketState } from "../../../src/mechanism/qzmq/ticket.ts";
import type { PeerRecord } from "../../../src/mechanism/qzmq/verdict.ts";
import { NOW, seedOf } from "./pki.ts";
import { CERTIFIED, recordOf, STATE } from "./ticket-state.ts";

const isLayoutError = (error: unknown) => error instanceof LayoutError;
const PINNED: PeerRecord = {
  kind: "pinned",
  identity: "alice",
  chain: [
    {
      ...recordOf("alice"),
      issuerKeyId: new Uint8Array(32),
      serial: new Uint8Array(16),
      notBefore: 0,
      notAfter: 0,
    },
  ],
};

/** The layout as the specification gives it, written without the code under test. */
interface Raw {
  format: number;
  psk: Uint8Array;
  clientState: number;
  identity: Uint8Array;
  records: number;
  padding: Uint8Array | null;
}
function raw(change: Partial<Raw> = {}): Uint8Array {
  const fields = {
    format: 1,
    psk: STATE.psk,
    clientState: 2,
    identity: utf8("client.example"),
    records: 2,
    padding: null,
    ...change,
  };
  const out = new Writer().u8(fields.format).bytes(STATE.context).bytes(STATE.suite).bytes(STATE.serverKey);
  out
    .v8(utf8("broker.example"))
    .v8(fields.psk)
    .u8(fields.clientState)
    .v16(fields.identity)
    .u8(fields.records);
  for (let i = 0; i < fields.records; i++) {
    const { keyId, issuerKeyId, serial, notBefore, notAfter } = CERTIFIED.chain[i % 2]!;
    out.bytes(keyId).bytes(issuerKeyId).bytes(serial).u64(notBefore).u64(notAfter);
  }
  out
    .v8(utf8("DEALER"))
    .v8(STATE.identity)
    .u64(NOW - 60)
    .u64(NOW + 3600)
    .u32(4096)
    .u32(262_144);
  return out.bytes(fields.padding ?? new Uint8Array(256 - (out.length % 256))).finish();
}

test("the layout is the specified one, padded to a multiple of 256", () => {
  const encoded = encodeTicket(STATE)!;
  assert.is(hex(encoded), hex(raw()));
  assert.is(encoded.length % 256, 0);
});

for (const [what, client] of [
  ["anonymous", null],
  ["pinned", PINNED],
  ["certified", CERTIFIED],
] as const) {
  test(`the state of a client that is ${what} comes back`, () => {
    const state = { ...STATE, client };
    assert.equal(decodeTicket(encodeTicket(state)!), state);
  });
}

test("every truncation is refused, and so is a block too many", () => {
  const encoded = raw();
  for (let length = 0; length < encoded.length; length++) {
    assert.throws(() => decodeTicket(encoded.subarray(0, length)), isLayoutError);
  }
  assert.throws(() => decodeTicket(new Uint8Array([...encoded, 0])), isLayoutError);
  assert.throws(() => decodeTicket(new Uint8Array([...encoded, ...new Uint8Array(256)])), isLayoutError);
});

const faults: Record<string, Partial<Raw>> = {
  "format 0": { format: 0 },
  "format 2": { format: 2 },
  "a PSK of 31": { psk: new Uint8Array(31) },
  "a PSK of 40": { psk: new Uint8Array(40) },
  "a PSK of 49": { psk: new Uint8Array(49) },
  "an unknown client state": { clientState: 3 },
  "an anonymous client with an identity": { clientState: 0, records: 0 },
  "an anonymous client with a chain": { clientState: 0, identity: new Uint8Array(0) },
  "a pinned client with a chain of two": { clientState: 1 },
  "a pinned client with none": { clientState: 1, records: 0 },
  "a certified client with none": { records: 0 },
  "a certified client with a chain of five": { records: 5 },
  "an identity that is not UTF-8": { identity: Uint8Array.of(0xff) },
  "padding with something in it": { padding: new Uint8Array(256 - (raw().length - 256)).fill(1) },
};
for (const [what, change] of Object.entries(faults)) {
  test(`refused: ${what}`, () => {
    assert.throws(() => decodeTicket(raw(change)), isLayoutError);
  });
}

test("a state that is too large gives no ticket", () => {
  const client = (length: number) => ({ ...CERTIFIED, identity: "i".repeat(length) });
  assert.is(encodeTicket({ ...STATE, client: client(3300) })!.length, 3840);
  assert.is(encodeTicket({ ...STATE, client: client(3700) }), null);
});

test("a field of another length is the caller's mistake", () => {
  const isRangeError = (error: unknown) => error instanceof RangeError;
  for (const change of [
    { context: new Uint8Array(15) },
    { suite: new Uint8Array(3) },
    { serverKey: new Uint8Array(33) },
    { psk: new Uint8Array(33) },
  ]) {
    assert.throws(() => encodeTicket({ ...STATE, ...change }), isRangeError);
  }
});

const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const time = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const chainRecord = fc
  .tuple(exactly(32), exactly(32), exactly(16), time, time)
  .map(([keyId, issuerKeyId, serial, notBefore, notAfter]) => ({
    keyId,
    issuerKeyId,
    serial,
    notBefore,
    notAfter,
  }));
const text = fc.string({ unit: "grapheme", maxLength: 10 });
const u32 = fc.nat({ max: 0xffffffff });
const client = fc.option(
  fc.oneof(
    fc.record({
      kind: fc.constant("pinned" as const),
      identity: text,
      chain: fc.array(chainRecord, { minLength: 1, maxLength: 1 }),
    }),
    fc.record({
      kind: fc.constant("certified" as const),
      identity: text,
      chain: fc.array(chainRecord, { minLength: 1, maxLength: 4 }),
    }),
  ),
);
const state: fc.Arbitrary<TicketState> = fc.record({
  ...{ context: exactly(16), suite: exactly(4), serverKey: exactly(32), serverName: text },
  ...{
    psk: fc.oneof(exactly(32), exactly(48)),
    client,
    socketType: text,
    identity: fc.uint8Array({ maxLength: 255 }),
  },
  ...{ authenticatedAt: time, expires: time, earlyLimit: u32, recordLimit: u32 },
});
/** Comparable whatever prototypes there are, and in whatever order. */
const shown = (value: TicketState) =>
  Object.entries(value)
    .map(
      ([name, field]) =>
        `${name} ${JSON.stringify(field, (_, part) => (part instanceof Uint8Array ? hex(part) : part))}`,
    )
    .sort();

test("any state survives the round trip", () => {
  fc.assert(
    fc.property(state, (some) => {
      assert.equal(shown(decodeTicket(encodeTicket(some)!)), shown(some));
    }),
  );
});

test("arbitrary octets are refused, or are the one encoding of what they say", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.nat({ max: 500 }), (octets, at) => {
      const mixed = raw();
      mixed.set(octets, at % (mixed.length - octets.length));
      try {
        assert.is(hex(encodeTicket(decodeTicket(mixed))!), hex(mixed));
      } catch (error) {
        if (!isLayoutError(error)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});

test("what is decoded does not change with the input", () => {
  const encoded = encodeTicket(STATE)!;
  const decoded = decodeTicket(encoded);
  encoded.fill(0);
  assert.equal(decoded, STATE);
  assert.is(hex(decoded.psk), hex(seedOf("psk")));
});

test.run();
