/**
 * Rotation where the limits on KEYUPDATE make real time too slow, on a virtual clock; rotation-hybrid.test.ts has the
 * default suite. And what rotation is for: keys of old epochs are gone.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CryptoProvider, Hash } from "../../src/crypto/provider.ts";
import { provider } from "../support/qzmq-identities.ts";
import { message, Pair } from "../support/qzmq-pair.ts";
import { seeded } from "../support/random.ts";
import { epochOf, Lane, rotateUnderLoad, rotatingFactories } from "../support/rotating.ts";

test("classical: 100 000 messages each way, both sides rotate every 50", () =>
  rotateUnderLoad("classical", 100_000));

test("a consumer that pauses for a day keeps its connection", async () => {
  const { client, server } = await rotatingFactories({ mode: "classical", maxAge: 600_000 });
  const pair = new Pair(client, server).start();
  const toServer = new Lane(pair.client, pair.server, seeded(1));
  const toClient = new Lane(pair.server, pair.client, seeded(2));
  const both = [pair.client, pair.server];
  let now = pair.now;
  for (let hour = 0; hour < 24; hour++) {
    // The server reads nothing; every timer of both sides runs.
    for (let minute = 0; minute < 60; minute++) {
      now += 60_000;
      if (pair.client.mechanism.canSend) toServer.send(now);
      for (const end of both)
        if (end.mechanism.deadline <= now) end.call(() => end.mechanism.onDeadline(now));
      toServer.collect();
      toClient.collect();
    }
  }
  assert.equal([pair.client.error, pair.server.error], [null, null]);
  assert.is(pair.client.mechanism.canSend, false, "twice the age of a key: application data waits");
  for (let round = 0; round < 10; round++) {
    for (const lane of [toServer, toClient]) {
      lane.carry(now, true);
      for (const each of [toServer, toClient]) each.collect();
    }
  }
  assert.is(pair.client.mechanism.canSend, true);
  toServer.send(now);
  toServer.carry(now, true);
  assert.is(toServer.received, toServer.sent);
  assert.ok(epochOf(pair.server) >= 1);
  assert.is(epochOf(pair.client), epochOf(pair.server));
});

/** Everything secret that a provider handed out: octets, and keys that are objects. */
interface Ledger {
  readonly octets: { readonly label: string; readonly value: Uint8Array }[];
  readonly keys: { readonly label: string; wiped: boolean }[];
}

/** The provider, with every secret that it hands out recorded. */
function recording(): { readonly recorder: CryptoProvider; readonly ledger: Ledger } {
  const ledger: Ledger = { octets: [], keys: [] };
  const note = (label: string, value: Uint8Array): Uint8Array => {
    ledger.octets.push({ label, value });
    return value;
  };
  const wrapKey = <K extends { wipe(): void }>(label: string, key: K): K => {
    const entry = { label, wiped: false };
    ledger.keys.push(entry);
    const wipe = key.wipe.bind(key);
    key.wipe = () => {
      entry.wiped = true;
      wipe();
    };
    return key;
  };
  const wrapHash = (hash: Hash): Hash => ({
    name: hash.name,
    length: hash.length,
    digest: (...parts) => hash.digest(...parts),
    start: () => hash.start(),
    hmac: (key, ...parts) => hash.hmac(key, ...parts),
    extract: (salt, material) => note("extract", hash.extract(salt, material)),
    expand: (key, info, size) => {
      const label = Buffer.from(info.subarray(3, 3 + info[2]!)).toString("latin1");
      return note(label, hash.expand(key, info, size));
    },
  });
  const aead = provider.aeads["AES-256-GCM"];
  const kem = provider.kems["ML-KEM-768"];
  const recorder: CryptoProvider = {
    ...{ name: provider.name, signatures: provider.signatures, random: provider.random },
    scrypt: (passphrase, salt, parameters) => provider.scrypt(passphrase, salt, parameters),
    hashes: { ...provider.hashes, "SHA-256": wrapHash(provider.hashes["SHA-256"]) },
    aeads: {
      ...provider.aeads,
      [aead.name]: { name: aead.name, key: (key: Uint8Array) => wrapKey("aead", aead.key(key)) },
    },
    kems: {
      ...provider.kems,
      [kem.name]: {
        ...{ name: kem.name, publicKeyLength: kem.publicKeyLength, ciphertextLength: kem.ciphertextLength },
        generate(seed: Parameters<typeof kem.generate>[0]) {
          const pair = kem.generate(seed);
          return { publicKey: pair.publicKey, secretKey: wrapKey("kem", pair.secretKey) };
        },
        encapsulate(publicKey: Uint8Array, randomness: Uint8Array) {
          const result = kem.encapsulate(publicKey, randomness);
          if (result !== null) note("encapsulated", result.secret);
          return result;
        },
        decapsulate: (ciphertext: Uint8Array, key: Parameters<typeof kem.decapsulate>[1]) =>
          note("decapsulated", kem.decapsulate(ciphertext, key)),
      },
    },
    x25519: {
      ...provider.x25519,
      generate(source) {
        const pair = wrapKey("x25519 pair", provider.x25519.generate(source));
        return {
          ...pair,
          sharedSecret(publicKey) {
            const shared = pair.sharedSecret(publicKey);
            return shared === null ? null : note("x25519", shared);
          },
        };
      },
    },
  };
  return { recorder, ledger };
}

/** What is left of what was handed out, by label. */
function alive(ledger: Ledger): Record<string, number> {
  const counts: Record<string, number> = {};
  const labels = [
    ...ledger.octets.filter(({ value }) => value.some((octet) => octet !== 0)).map(({ label }) => label),
    ...ledger.keys.filter(({ wiped }) => !wiped).map(({ label }) => label),
  ];
  for (const label of labels.sort()) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/** At both ends: keys and ivs of two directions, and one of each secret. */
const ONE_EPOCH = { aead: 4, "qzmq1 chain": 2, "qzmq1 exporter": 2, "qzmq1 iv": 4, "qzmq1 resumption": 2 };

test("of old epochs, and of the handshake, nothing is left", async () => {
  const { recorder, ledger } = recording();
  const { client, server } = await rotatingFactories({ provider: recorder });
  const pair = new Pair(client, server).start();
  assert.is(pair.client.error, null);
  assert.equal(alive(ledger), ONE_EPOCH, "after the handshake");
  for (const starters of [["client"], ["server"], ["client", "server"]] as const) {
    const [octets, keys] = [[...ledger.octets], [...ledger.keys]];
    pair.pass(10_000);
    for (const starter of starters) pair[starter].mechanism.rotate(pair.now);
    pair.send("client", message("c")).send("server", message("s")).settle();
    assert.equal(alive(ledger), ONE_EPOCH, `started by ${starters}`);
    const former = { octets: octets.filter(({ label }) => label !== "qzmq1 exporter"), keys };
    assert.equal(alive(former), {}, `before the rotation started by ${starters}`);
  }
  assert.equal([epochOf(pair.client), epochOf(pair.server)], [3, 3]);
  pair.dispose();
  assert.equal(alive(ledger), {}, "after the end");
});

test("a rotation that nobody answers leaves nothing behind either", async () => {
  const { recorder, ledger } = recording();
  const { client, server } = await rotatingFactories({ provider: recorder });
  const pair = new Pair(client, server).start();
  pair.client.mechanism.rotate(pair.now);
  assert.equal(alive(ledger)["kem"], 1, "the key of the KEYUPDATE");
  pair.dispose();
  assert.equal(alive(ledger), {});
});

test.run();
