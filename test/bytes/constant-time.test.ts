import { test } from "uvu";
import * as assert from "uvu/assert";
import { equalSecret, isAllZero, wipe } from "../../src/bytes/constant-time.ts";

test("secrets are equal octet by octet", () => {
  const secret = Uint8Array.of(1, 2, 3);
  assert.ok(equalSecret(secret, Uint8Array.of(1, 2, 3)));
  assert.not(equalSecret(secret, Uint8Array.of(1, 2, 4)));
  assert.not(equalSecret(secret, Uint8Array.of(0, 2, 3)));
  assert.not(equalSecret(secret, Uint8Array.of(1, 2)));
  assert.ok(equalSecret(new Uint8Array(0), new Uint8Array(0)));
});

test("one bit anywhere is not all zero", () => {
  assert.ok(isAllZero(new Uint8Array(32)));
  for (let i = 0; i < 32; i++) {
    const bytes = new Uint8Array(32);
    bytes[i] = 0x80;
    assert.not(isAllZero(bytes));
  }
});

test("wiping overwrites every secret given", () => {
  const a = Uint8Array.of(1, 2);
  const b = Uint8Array.of(3);
  wipe(a, undefined, b);
  assert.ok(isAllZero(a) && isAllZero(b));
});

test.run();
