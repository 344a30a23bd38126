/** What the tests of hostile peers share: a socket that serves an honest peer, and attacks on it that it must outlive. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SocketEvent } from "../../src/net/events.ts";
import { LONG } from "../../src/wire/frame.ts";
import type { Message } from "../../src/wire/message.ts";
import {
  type Bare,
  type BareOptions,
  bare,
  type Cleanup,
  pause,
  RawPeer,
  scenario,
  until,
} from "./harness.ts";

/** A size. */
export const MIB = 1024 * 1024;
/** Something large to send. */
export const KIB_64 = Buffer.alloc(65_536, 0x63);

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** Octets in use, garbage apart. */
export function memory(): number {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What has come into use since `before` is less than that many MiB, once garbage of the attack has been collected. */
export async function costsAtMost(mib: number, before: number): Promise<void> {
  let cost = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 50 && cost >= mib; i++) {
    if (i > 0) await pause(20);
    cost = (memory() - before) / MIB;
  }
  assert.ok(cost < mib, `it cost ${cost} MiB`);
}

/** Types that can be under attack. */
export type Served = "ROUTER" | "REP" | "PULL" | "PUSH" | "PUB";

/** What is under attack. */
export interface Target<T extends Served> {
  readonly it: Bare<T>;
  readonly endpoint: string;
  /** Messages of hostile peers that came through. */
  readonly strange: string[][];
  /** Waits for some further exchanges with the honest peer. */
  honest(): Promise<void>;
  /** The errors that peers have caused so far, in order: codes. */
  errors(): (string | undefined)[];
}

/** Who talks to each. */
export const PARTNER = { ROUTER: "DEALER", REP: "REQ", PULL: "PUSH", PUSH: "PULL", PUB: "SUB" } as const;
/** What the honest peer is called, and says. */
export const HONEST = "honest";

/** A bound socket that serves, and an honest peer that talks to it without a pause until the test ends. */
export async function target<T extends Served>(
  type: T,
  cleanup: Cleanup,
  options: BareOptions = {},
): Promise<Target<T>> {
  const it = bare(type, cleanup, options);
  await it.hub.bind("tcp://127.0.0.1:0");
  const endpoint = it.hub.lastEndpoint!;
  const friend = bare(PARTNER[type], cleanup, { pattern: { routingId: Buffer.from(HONEST) } });
  if (friend.pattern.type === "SUB") friend.pattern.subscribe(Buffer.from(HONEST));
  friend.hub.connect(endpoint);
  const strange: string[][] = [];
  let exchanges = 0;
  let running = true;
  cleanup(() => {
    running = false;
  });

  const take = (message: Message): void => {
    const text = message.map((part) => part.subarray(0, 100).toString("latin1"));
    if (!text.includes(HONEST)) strange.push(text);
    if (type === "PULL" && text[0] === HONEST) exchanges++;
    if (type === "ROUTER") it.pattern.send(message);
    if (type === "REP") it.pattern.send(message);
  };
  const hello = [Buffer.from(HONEST)];
  const turn = (): void => {
    if (!running) return;
    for (let i = 0; i < 50 && it.pattern.readable; i++) take(it.pattern.receive()!);
    if (type === "PUSH" || type === "PUB") {
      it.pattern.send(hello);
    } else if (friend.pattern.writable && !friend.pattern.readable) {
      friend.pattern.send(hello);
    }
    while (friend.pattern.type !== "PUSH" && friend.pattern.readable) {
      if (String(friend.pattern.receive()![0]) === HONEST) exchanges++;
    }
    setImmediate(turn);
  };
  turn();
  const honest = async (): Promise<void> => {
    const enough = exchanges + 20;
    await until(() => exchanges >= enough, "further exchanges with the honest peer");
    assert.not(friend.types().includes("disconnect"), "the honest peer was cut");
  };
  await honest();
  return {
    it,
    endpoint,
    strange,
    honest,
    errors: () =>
      it.events.flatMap((event: SocketEvent) => {
        const { error } = event as { error?: { code?: string } };
        const told = event.type === "disconnect" || event.type.startsWith("handshake:error");
        return told && error !== undefined ? [error.code] : [];
      }),
  };
}

/** One peer attacks; it must be cut with that error, told once, and cost no more than some MiB at its height. */
export function attack<T extends Served>(
  title: string,
  type: T,
  code: string,
  octets: (peer: RawPeer) => Promise<void> | void,
  options: BareOptions & { readonly shake?: boolean; readonly cost?: number } = {},
): void {
  test(
    `${type}: ${title}: ${code}`,
    scenario(async (cleanup) => {
      const { it, endpoint, honest, errors, strange } = await target(type, cleanup, options);
      const before = memory();
      const peer =
        options.shake === false
          ? await RawPeer.connect(endpoint)
          : await RawPeer.join(endpoint, PARTNER[type], "hostile");
      cleanup(() => peer.socket.destroy());
      await octets(peer);
      await peer.gone();
      await costsAtMost(options.cost ?? 16, before);
      await it.saw("disconnect");
      await honest();
      // A failed handshake is told by its own event and by the disconnect that follows.
      assert.equal([...new Set(errors())], [code]);
      assert.is(it.types().filter((one) => one === "disconnect").length, 1);
      assert.equal(strange, []);
    }),
  );
}

/** The head of a frame of that size. */
export function sizeOf(size: bigint, flags = LONG): Buffer {
  const header = Buffer.alloc(9);
  header[0] = flags;
  header.writeBigUInt64BE(size, 1);
  return header;
}
