import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LayoutError } from "../../../src/bytes/reader.ts";
import { Writer } from "../../../src/bytes/writer.ts";
import { hex } from "../../../src/mechanism/qzmq/algorithm.ts";
import {
  decodeRevocationList,
  issueRevocationList,
  MAX_REVOKED,
  type RevocationList,
  Revocations,
  verifyRevocationList,
} from "../../../src/mechanism/qzmq/revocation.ts";
import { authority, flip, key, NOW, provider, seedOf } from "./pki.ts";

const isLayoutError = (error: unknown) => error instanceof LayoutError;
const root = await authority("root");
const SERIALS = ["a", "b", "c"].map((name) => seedOf(name).subarray(0, 16));
const PINS = ["d", "e"].map(seedOf);
const list = await issueRevocationList(
  provider,
  { number: 7, nextUpdate: NOW, serials: SERIALS, pins: PINS },
  key("root"),
);

const sorted = (items: readonly Uint8Array[]) => items.map(hex).sort();

/** The layout as the specification gives it, written without the code under test. */
function raw(
  change: { version?: number; serials?: Uint8Array; pins?: Uint8Array; signature?: Uint8Array } = {},
) {
  const join = (items: readonly Uint8Array[]) => new Uint8Array(Buffer.from(sorted(items).join(""), "hex"));
  return new Writer()
    .u8(change.version ?? 1)
    .bytes(root.keyId)
    .u64(7)
    .u64(NOW)
    .v32(change.serials ?? join(SERIALS))
    .v32(change.pins ?? join(PINS))
    .v16(change.signature ?? list.signature)
    .finish();
}

test("the layout is the specified one, and what is issued comes back", () => {
  assert.is(hex(list.encoded), hex(raw()));
  const again = decodeRevocationList(list.encoded);
  assert.equal(again, list);
  assert.equal(again.serials.map(hex), sorted(SERIALS));
  assert.equal(again.pins.map(hex), sorted(PINS));
  assert.ok(verifyRevocationList(provider, again, root));
});

test("another authority's, or another signature, does not verify", async () => {
  assert.not(verifyRevocationList(provider, list, await authority("other")));
  const forged = await issueRevocationList(provider, list, key("other"));
  const claimed = decodeRevocationList(
    Uint8Array.from(
      Buffer.from(hex(forged.encoded).replace(hex(forged.issuerKeyId), hex(root.keyId)), "hex"),
    ),
  );
  assert.not(verifyRevocationList(provider, claimed, root));
  const { publicKey } = key("other");
  const misnamed = await issueRevocationList(provider, list, { ...key("root"), publicKey });
  assert.not(verifyRevocationList(provider, misnamed, root));
  assert.not(verifyRevocationList(provider, { ...list, signature: list.signature.subarray(1) }, root));
});

test("every truncation and any octet too many is refused", () => {
  for (let length = 0; length < list.encoded.length; length++) {
    assert.throws(() => decodeRevocationList(list.encoded.subarray(0, length)), isLayoutError);
  }
  assert.throws(() => decodeRevocationList(Uint8Array.of(...list.encoded, 0)), isLayoutError);
});

test("every octet matters: one changed, and it does not decode or does not verify", () => {
  for (let at = 0; at < list.encoded.length; at++) {
    if (at >= list.signed.length + 2 && at % 131 !== 0) continue;
    let decoded: RevocationList | null = null;
    try {
      decoded = decodeRevocationList(flip(list.encoded, at, at % 8));
    } catch (error) {
      assert.ok(isLayoutError(error), String(error));
    }
    assert.not(decoded !== null && verifyRevocationList(provider, decoded, root), `octet ${at}`);
  }
});

test("malformed lists are refused", () => {
  const [low, high] = [new Uint8Array(16), new Uint8Array(16).fill(1)];
  const join = (...items: Uint8Array[]) => new Uint8Array(Buffer.concat(items));
  assert.throws(() => decodeRevocationList(raw({ version: 2 })), isLayoutError);
  assert.throws(() => decodeRevocationList(raw({ serials: new Uint8Array(15) })), isLayoutError);
  assert.throws(() => decodeRevocationList(raw({ pins: new Uint8Array(16) })), isLayoutError);
  assert.throws(() => decodeRevocationList(raw({ serials: join(high, low) })), isLayoutError);
  assert.throws(() => decodeRevocationList(raw({ serials: join(low, low) })), isLayoutError);
  assert.throws(() => decodeRevocationList(raw({ signature: new Uint8Array(0) })), isLayoutError);
  assert.throws(
    () => decodeRevocationList(raw({ serials: new Uint8Array((MAX_REVOKED + 1) * 16) })),
    isLayoutError,
  );
  assert.is(decodeRevocationList(raw({ serials: join(low, high) })).serials.length, 2);
});

test("what no decoder would accept is not issued", async () => {
  for (const change of [
    { serials: [SERIALS[0]!, SERIALS[0]!] },
    { pins: [new Uint8Array(31)] },
    { number: -1 },
  ]) {
    const error = await issueRevocationList(provider, { ...list, ...change }, key("root")).catch(
      (e: unknown) => e,
    );
    assert.ok(error instanceof RangeError);
  }
});

test("verified lists answer for their authority; pins for all", () => {
  const revocations = new Revocations([list]);
  const issuer = hex(root.keyId);
  assert.is(revocations.listOf(issuer), list);
  assert.is(revocations.listOf("other"), undefined);
  for (const serial of SERIALS) assert.ok(revocations.hasSerial(issuer, hex(serial)));
  assert.not(revocations.hasSerial("other", hex(SERIALS[0]!)));
  assert.not(revocations.hasSerial(issuer, hex(new Uint8Array(16))));
  for (const pin of PINS) assert.ok(revocations.hasPin(hex(pin)));
  assert.not(revocations.hasPin(hex(root.keyId)));
  assert.is(revocations.lack(issuer, NOW + 10, 10), null);
  assert.is(revocations.lack(issuer, NOW + 11, 10), "revocation-expired");
  assert.is(revocations.lack("other", NOW, 10), "revocation-missing");
});

test("any content survives the round trip", async () => {
  const signer = key("fast", "Ed25519");
  const items = (length: number) =>
    fc.uniqueArray(fc.uint8Array({ minLength: length, maxLength: length }), { maxLength: 20, selector: hex });
  const numbers = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  await fc.assert(
    fc.asyncProperty(numbers, numbers, items(16), items(32), async (number, nextUpdate, serials, pins) => {
      const issued = await issueRevocationList(provider, { number, nextUpdate, serials, pins }, signer);
      assert.is(issued.number, number);
      assert.is(issued.nextUpdate, nextUpdate);
      assert.equal(issued.serials.map(hex), sorted(serials));
      assert.equal(issued.pins.map(hex), sorted(pins));
    }),
    { numRuns: 50 },
  );
});

test.run();
