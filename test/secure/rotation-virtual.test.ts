/**
 * Rotation where the limits on KEYUPDATE make real time too slow: two mechanisms on a virtual clock, on a line that
 * delays and splits at random. And what rotation is for: keys of old epochs are gone.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CryptoProvider, Hash } from "../../src/crypto/provider.ts";
import type { CommonOptions } from "../../src/mechanism/qzmq/config.ts";
import { type QzmqFactory, qzmqClient, qzmqServer } from "../../src/mechanism/qzmq/index.ts";
import { Trust } from "../../src/mechanism/qzmq/trust.ts";
import { provider, testIdentity } from "../support/qzmq-identities.ts";
import { type End, message, Pair } from "../support/qzmq-pair.ts";
import { seeded } from "../support/random.ts";
import { seededRandom } from "../support/seeded-random.ts";

/** A client and a server that pin each other, in a mode, with a provider of each test's choice. */
async function factories(
  options: Partial<CommonOptions> = {},
): Promise<{ readonly client: QzmqFactory; readonly server: QzmqFactory }> {
  const algorithm = options.mode === "classical" ? "Ed25519" : "ML-DSA-44";
  const [bob, alice] = [await testIdentity(1, algorithm), await testIdentity(2, algorithm)];
  const mode = options.mode ?? "hybrid";
  const trusting = (fingerprint: Uint8Array, name: string) => {
    const trust = new Trust(provider, { mode, pins: [{ fingerprint, name }] });
    return () => trust;
  };
  const common = {
    ...{
      provider,
      unixTime: () => 1_800_000_000_000,
      random: seededRandom("socket"),
      maxAge: Number.POSITIVE_INFINITY,
    },
    ...options,
  };
  return {
    client: qzmqClient({ ...common, identity: () => alice, trust: trusting(bob.fingerprint, "bob") }),
    server: qzmqServer({
      ...common,
      identities: () => [bob],
      clientAuth: "required",
      trust: trusting(alice.fingerprint, "alice"),
    }),
  };
}

/** One direction: numbered messages go in at one end, octets travel in random portions, numbers come out. */
class Lane {
  readonly #from: End;
  readonly #to: End;
  readonly #random: () => number;
  #line: Uint8Array[] = [];
  sent = 0;
  received = 0;
  #seen = 0;

  constructor(from: End, to: End, random: () => number) {
    this.#from = from;
    this.#to = to;
    this.#random = random;
  }

  get idle(): boolean {
    return this.#line.length === 0 && this.#to.inbox.length === 0;
  }

  send(now: number): void {
    const body = Buffer.alloc(4);
    body.writeUInt32BE(this.sent++);
    const frame = message(body);
    this.#from.call(() => {
      this.#line.push(...this.#from.mechanism.seal([frame], frame.length, now));
    });
  }

  collect(): void {
    this.#line.push(...this.#from.mechanism.takeOutput());
  }

  /** Some octets arrive, or all, cut anywhere. */
  carry(now: number, all: boolean): void {
    const octets = Buffer.concat(this.#line);
    const size = all ? octets.length : Math.floor(this.#random() * (octets.length + 1));
    this.#line = size < octets.length ? [octets.subarray(size)] : [];
    const to = this.#to;
    to.inbox = Buffer.concat([to.inbox, octets.subarray(0, size)]);
    for (let frame = to.takeFrame(); frame !== null; frame = to.takeFrame()) {
      const { flags, body } = frame;
      to.call(() => to.mechanism.receive(flags, body, now));
      if (to.error !== null) throw to.error;
    }
    for (; this.#seen < to.received.length; this.#seen++) this.#check(Buffer.from(to.received[this.#seen]!));
  }

  #check(plaintext: Buffer): void {
    for (let at = 0; at < plaintext.length; at += 6) {
      const number = plaintext.readUInt32BE(at + 2);
      if (number !== this.received) assert.unreachable(`message ${number} in place of ${this.received}`);
      this.received++;
    }
  }
}

function epochOf(end: End): number {
  return end.mechanism.facts!["epoch"] as number;
}

for (const { mode, count } of [
  { mode: "classical", count: 100_000 },
  { mode: "hybrid", count: 10_000 },
] as const) {
  test(`${mode}: ${count} messages each way, both sides rotate every 50`, async () => {
    const { client, server } = await factories({ mode });
    const pair = new Pair(client, server).start();
    const random = seeded(11);
    const toServer = new Lane(pair.client, pair.server, random);
    const toClient = new Lane(pair.server, pair.client, random);
    const lanes = [
      { lane: toServer, end: pair.client },
      { lane: toClient, end: pair.server },
    ];
    let now = pair.now;
    for (let round = 0; round < count / 50; round++) {
      now += 1100;
      for (const { lane, end } of lanes) {
        end.mechanism.rotate(now);
        lane.collect();
      }
      // Bursts, one after the other in random order, with octets arriving in between and after.
      const left = [50, 50];
      while (left[0]! + left[1]! > 0) {
        const i = left[0] === 0 ? 1 : left[1] === 0 ? 0 : random() < 0.5 ? 0 : 1;
        for (let burst = Math.min(left[i]!, 1 + Math.floor(random() * 20)); burst > 0; burst--, left[i]!--) {
          lanes[i]!.lane.send(now);
        }
        const j = random() < 0.5 ? 0 : 1;
        lanes[j]!.lane.carry(now, false);
        for (const { lane } of lanes) lane.collect();
      }
      // Sometimes everything arrives before the next round, sometimes rotations of two rounds are under way at once.
      while (random() < 0.8 && !(toServer.idle && toClient.idle)) {
        for (const { lane } of lanes) {
          lane.carry(now, true);
          for (const each of lanes) each.lane.collect();
        }
      }
    }
    while (!(toServer.idle && toClient.idle)) {
      for (const { lane } of lanes) lane.carry(now, true);
      for (const { lane } of lanes) lane.collect();
    }
    assert.equal([toServer.received, toClient.received], [count, count]);
    assert.is(epochOf(pair.client), epochOf(pair.server));
    assert.ok(epochOf(pair.client) >= count / 50 / 2, `epoch ${epochOf(pair.client)}`);
    assert.is(pair.client.mechanism.facts!["rotation"], "steady");
    assert.is(pair.server.mechanism.facts!["rotation"], "steady");
    assert.is(client.counters.rotations, epochOf(pair.client));
    assert.is(server.counters.rotations, epochOf(pair.server));
    pair.dispose();
  });
}

test("a consumer that pauses for a day keeps its connection", async () => {
  const { client, server } = await factories({ mode: "classical", maxAge: 600_000 });
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
        generate(seed: Uint8Array) {
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
      publicKey: (secret) => provider.x25519.publicKey(secret),
      sharedSecret(secret, publicKey) {
        const shared = provider.x25519.sharedSecret(secret, publicKey);
        return shared === null ? null : note("x25519", shared);
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
  const { client, server } = await factories({ provider: recorder });
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
  const { client, server } = await factories({ provider: recorder });
  const pair = new Pair(client, server).start();
  pair.client.mechanism.rotate(pair.now);
  assert.equal(alive(ledger)["kem"], 1, "the key of the KEYUPDATE");
  pair.dispose();
  assert.equal(alive(ledger), {});
});

test.run();
