import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  checkSuites,
  defaultSuites,
  hasClassicalPart,
  parseSuite,
  suiteAllowed,
  suiteByName,
} from "../../../src/mechanism/qzmq/suite.ts";

test("exactly the combinations of the table are valid", () => {
  const valid: string[] = [];
  for (let kem = 0; kem <= 6; kem++)
    for (let signature = 0; signature <= 5; signature++)
      for (let aead = 0; aead <= 3; aead++)
        for (let hash = 0; hash <= 3; hash++) {
          if (parseSuite(Uint8Array.of(kem, signature, aead, hash))) valid.push(`${kem}${signature}`);
        }
  const count = (pair: string) => valid.filter((other) => other === pair).length;
  assert.is(count("11"), 4);
  for (const kem of "24") for (const signature of "234") assert.is(count(kem + signature), 4);
  for (const kem of "35") for (const signature of "34") assert.is(count(kem + signature), 2);
  assert.is(valid.length, 4 + 6 * 4 + 4 * 2);
  assert.is(parseSuite(Uint8Array.of(4, 2, 1)), null);
  assert.is(parseSuite(Uint8Array.of(3, 3, 1, 1)), null);
});

test("older spellings and aliases name the same suites", () => {
  const wanted = suiteByName("4,2,1,1");
  for (const text of [
    "x25519+mlkem768/mldsa44/aes256gcm/sha256",
    "hybrid768/mldsa2/AES-256-GCM/SHA-256",
    "X25519+ML-KEM-768 / ML-DSA-44 / aes-256-gcm / sha256",
    wanted.name,
  ]) {
    assert.equal(suiteByName(text).octets, wanted.octets, text);
  }
  assert.equal(suiteByName("mlkem1024/mldsa3/chacha20-poly1305/sha384").octets, Uint8Array.of(3, 3, 2, 2));
  for (const text of [
    "",
    "4,2,1",
    "4,2,1,1,1",
    "mlkem512/mldsa44/aes256gcm/sha256",
    "0,2,1,1",
    "mlkem1024/mldsa44/aes256gcm/sha384",
  ]) {
    assert.throws(
      () => suiteByName(text),
      (error: unknown) => error instanceof RangeError,
    );
  }
});

test("modes", () => {
  assert.is(defaultSuites("hybrid")[0]!.name, suiteByName("4,2,1,1").name);
  for (const mode of ["hybrid", "pq-only", "classical"] as const) {
    assert.equal(checkSuites(defaultSuites(mode), mode), defaultSuites(mode));
    assert.ok(defaultSuites(mode).length <= 16);
  }
  assert.is(suiteAllowed(suiteByName("1,1,1,1"), "hybrid"), false);
  assert.is(suiteAllowed(suiteByName("4,2,1,1"), "pq-only"), false);
  assert.is(suiteAllowed(suiteByName("2,2,1,1"), "hybrid"), true);
  assert.is(hasClassicalPart(Uint8Array.of(2, 1, 1, 1)), true);
  assert.throws(() => checkSuites([suiteByName("1,1,1,1")], "hybrid"), /not allowed/);
  assert.throws(() => checkSuites([], "hybrid"), /1 to 16/);
  assert.throws(() => checkSuites([suiteByName("4,2,1,1"), suiteByName("4,2,1,1")], "hybrid"), /twice/);
});

test.run();
