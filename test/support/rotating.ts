/**
 * Two mechanisms on a virtual clock, on a line that delays and splits at random, where both sides rotate their keys all
 * the time: real time would be too slow for the limits on KEYUPDATE.
 */
import * as assert from "uvu/assert";
import type { CommonOptions } from "../../src/mechanism/qzmq/config.ts";
import { type QzmqFactory, qzmqClient, qzmqServer } from "../../src/mechanism/qzmq/index.ts";
import { Trust } from "../../src/mechanism/qzmq/trust.ts";
import { provider, testIdentity } from "./qzmq-identities.ts";
import { type End, message, Pair } from "./qzmq-pair.ts";
import { seeded } from "./random.ts";
import { seededRandom } from "./seeded-random.ts";

/** A client and a server that pin each other, in a mode, with a provider of each test's choice. */
export async function rotatingFactories(
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
export class Lane {
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

/** Where an end stands. */
export function epochOf(end: End): number {
  return end.mechanism.facts!["epoch"] as number;
}

/**
 * `count` messages each way, a rotation asked for by both sides at once every 50, and pauses in which neither side
 * reads. Throws when a message is lost, doubled or out of order, or when something stalls.
 */
export async function rotateUnderLoad(mode: "classical" | "hybrid", count: number): Promise<void> {
  const { client, server } = await rotatingFactories({ mode });
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
    // Now and then neither side reads for ten rounds: everything piles up on the line.
    const paused = round % 200 >= 190;
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
      if (!paused) lanes[j]!.lane.carry(now, false);
      for (const { lane } of lanes) lane.collect();
    }
    // Sometimes everything arrives before the next round, sometimes rotations of two rounds are under way at once.
    while (!paused && random() < 0.8 && !(toServer.idle && toClient.idle)) {
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
}
