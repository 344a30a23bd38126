/** Callers may hand in Buffers, whose `slice()` is a view: what a back end keeps must be its own copy. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cryptoProvider } from "../../src/crypto/select.ts";

const buffers = suite("inputs that are Buffers");

for (const choice of ["noble", "auto"] as const) {
  buffers(`a key outlives the Buffer it came in (${choice})`, () => {
    const provider = cryptoProvider(choice);
    const raw = Buffer.alloc(32, 7);
    const key = provider.aeads["AES-256-GCM"].key(raw);
    const nonce = new Uint8Array(12);
    const sealed = Buffer.concat(key.seal(nonce, nonce, [Buffer.from("hello")]));
    raw.fill(0);
    assert.is(Buffer.from(key.open(nonce, nonce, sealed)!).toString(), "hello");
  });

  buffers(`wiping a signing key leaves the caller's seed alone (${choice})`, () => {
    const seed = Buffer.alloc(32, 9);
    for (const name of ["Ed25519", "ML-DSA-44"] as const) {
      const signing = cryptoProvider(choice).signatures[name].key(seed);
      signing.wipe();
      assert.ok(seed.equals(Buffer.alloc(32, 9)), name);
    }
  });
}

buffers.run();
