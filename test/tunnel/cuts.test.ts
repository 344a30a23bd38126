/**
 * A connection through a tunnel that is cut behind any octet: in the handshake of the near program, of the secured leg
 * and of the far program, in messages and between their frames. Whole messages arrive or none of them, in order,
 * and nothing of the connection is left. Mode classical, whose handshakes are cheap: what is cut is the same.
 */
import * as net from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { qzmq } from "../../src/index.ts";
import { Environment } from "../../src/net/environment.ts";
import { type Cleanup, frame, handshakeOf, RawPeer, RawServer, until } from "../net/harness.ts";
import { leaksNothing } from "../net/leaks-nothing.ts";
import { type Observed, pinned, startLink } from "./tunnel-pair.ts";

const LIMIT = 50_000;
const HELLO = handshakeOf("DEALER");
const MESSAGES = [["one"], ["two", "frames"], [""], ["l".repeat(260), "", "last"]];
const ENCODED = MESSAGES.map((parts) =>
  Buffer.concat(parts.map((part, i) => frame(i < parts.length - 1 ? 1 : 0, part))),
);
const TRAFFIC = Buffer.concat(ENCODED);

const carol = await qzmq.generateIdentity("Ed25519");
const dave = await qzmq.generateIdentity("Ed25519");
const mode = "classical";

/** One for each side. What an environment holds the process with stays: it has it before a test begins. */
const environments = [new Environment(), new Environment()] as const;
for (const { keepAlive } of environments) {
  keepAlive.acquire();
  keepAlive.release();
}

/** Passes one connection on at a time, and cuts it when so many octets have gone one way. */
class Shears {
  /** Which way octets are counted, and how many pass. */
  way: "up" | "down" = "up";
  left = Number.POSITIVE_INFINITY;
  reset = false;
  /** Octets of the connection so far. */
  readonly passed = { up: 0, down: 0 };
  readonly endpoint: string;

  constructor(server: net.Server, target: number) {
    this.endpoint = `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
    server.on("connection", (near) => this.#join(near, net.connect({ port: target, host: "127.0.0.1" })));
  }

  static async between(target: string, cleanup: Cleanup): Promise<Shears> {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanup(() => server.close());
    return new Shears(server, Number(target.split(":").at(-1)));
  }

  #join(near: net.Socket, far: net.Socket): void {
    Object.assign(this.passed, { up: 0, down: 0 });
    for (const [from, to, way] of [
      [near, far, "up"],
      [far, near, "down"],
    ] as const) {
      from.on("error", () => {});
      from.on("close", () => to.destroy());
      from.on("data", (chunk: Buffer) => {
        const some = way === this.way ? chunk.subarray(0, this.left - this.passed[way]) : chunk;
        this.passed[way] += some.length;
        to.write(some);
        if (way !== this.way || this.passed[way] < this.left) return;
        // What passed before the cut has arrived: FIN follows it.
        if (this.reset) from.resetAndDestroy();
        else from.destroy();
        to.end();
        this.left = Number.POSITIVE_INFINITY;
      });
    }
  }
}

interface Place {
  readonly client: Observed;
  readonly server: Observed;
  readonly shears: Shears;
  readonly raw: RawServer;
}

async function place(cleanup: Cleanup): Promise<Place> {
  const raw = await RawServer.listen(cleanup);
  const server = await startLink("server", raw.endpoint, cleanup, {
    environment: environments[0],
    security: qzmq.server({ mode, identity: dave, trust: pinned(carol, "carol") }),
  });
  const shears = await Shears.between(server.endpoint, cleanup);
  const client = await startLink("client", shears.endpoint, cleanup, {
    environment: environments[1],
    security: qzmq.client({ mode, identity: carol, trust: pinned(dave, "dave") }),
  });
  return { client, server, shears, raw };
}

const whole = (octets: number): number => {
  let end = 0;
  let count = 0;
  for (const message of ENCODED) {
    end += message.length;
    if (end <= octets) count++;
  }
  return count;
};

/** Says hello and, once the other end has, what comes behind it: `octets` in all. */
async function speak(peer: RawPeer, octets: number): Promise<void> {
  const { socket } = peer;
  socket.write(HELLO.subarray(0, octets));
  if (octets <= HELLO.length) return;
  await until(() => peer.frames.length > 0 || peer.ended || peer.closed, "READY or an end");
  if (!socket.destroyed) await peer.write(TRAFFIC.subarray(0, octets - HELLO.length));
}

/** Nothing is left of any connection in either link. */
async function over({ client, server }: Place): Promise<void> {
  await until(
    () => [client, server].every(({ link }) => link.status().connections.length === 0),
    "both links to be empty",
  );
}

function leave({ socket }: RawPeer, reset: boolean): void {
  if (reset) socket.resetAndDestroy();
  else socket.end();
}

/** Closes what the tunnel has closed. */
async function close(peers: readonly (RawPeer | undefined)[]): Promise<void> {
  for (const peer of peers) {
    await peer?.gone();
    peer?.socket.destroy();
  }
}

/** The first ones of the messages that were sent, each as it was. */
function isBeginning(peer: RawPeer | undefined, atLeast: number, what: string): void {
  const got = peer?.messages ?? [];
  assert.equal(got, MESSAGES.slice(0, got.length), what);
  assert.ok(got.length >= atLeast, `${what}: ${got.length} messages of ${atLeast}`);
}

/** The same connection, not cut. */
async function comesThrough({ client, raw }: Place): Promise<void> {
  const known = raw.peers.length;
  const near = await RawPeer.connect(client.endpoint);
  const speaking = speak(near, HELLO.length + TRAFFIC.length);
  const far = await raw.accept(known);
  await Promise.all([speaking, speak(far, HELLO.length + TRAFFIC.length)]);
  for (const peer of [near, far]) {
    await until(() => peer.messages.length === MESSAGES.length, "all messages");
    assert.equal(peer.messages, MESSAGES);
  }
  near.socket.end();
  await close([near, far]);
}

const ALL = HELLO.length + TRAFFIC.length;

leaksNothing(
  "the near program leaves behind each octet",
  async (cleanup) => {
    const it = await place(cleanup);
    for (let octets = 0; octets <= ALL; octets++) {
      const known = it.raw.peers.length;
      const reset = octets % 3 === 1;
      const near = await RawPeer.connect(it.client.endpoint);
      const speaking = speak(near, octets);
      const far = octets < HELLO.length ? undefined : await it.raw.accept(known);
      if (far !== undefined) await speak(far, ALL);
      await speaking;
      if (octets > HELLO.length) await until(() => near.messages.length === MESSAGES.length, "the answer");
      leave(near, reset);
      await close([far]);
      near.socket.destroy();
      await over(it);
      isBeginning(far, reset ? 0 : whole(octets - HELLO.length), `cut at ${octets}`);
    }
    const { opened, failed } = it.client.link.status();
    assert.is(opened + failed, ALL + 1);
    await comesThrough(it);
  },
  LIMIT,
);

for (const reset of [false, true]) {
  leaksNothing(
    `the near program leaves while the far one says nothing${reset ? ", by a reset" : ""}`,
    async (cleanup) => {
      const it = await place(cleanup);
      const near = await RawPeer.connect(it.client.endpoint);
      near.socket.write(HELLO);
      const far = await it.raw.accept(0);
      leave(near, reset);
      await until(() => far.ended || far.closed, "the far program to be left");
      await close([far]);
      near.socket.destroy();
      await over(it);
      await comesThrough(it);
    },
  );
}

leaksNothing(
  "the far program leaves behind each octet of its messages, and behind some of its handshake",
  async (cleanup) => {
    const it = await place(cleanup);
    for (let octets = 0; octets <= ALL; octets += octets < HELLO.length ? 9 : 1) {
      const known = it.raw.peers.length;
      const reset = octets % 3 === 1;
      const near = await RawPeer.connect(it.client.endpoint);
      const speaking = speak(near, ALL);
      const far = await it.raw.accept(known);
      await speak(far, octets);
      if (octets > HELLO.length) await speaking;
      leave(far, reset);
      await close([near]);
      await speaking;
      far.socket.destroy();
      await over(it);
      isBeginning(near, reset ? 0 : whole(octets - HELLO.length), `cut at ${octets}`);
      isBeginning(far, 0, `cut at ${octets}`);
      if (octets >= HELLO.length) continue;
      assert.equal(near.frames, [], "the near program hears nothing");
      await comesThrough(it);
    }
    await comesThrough(it);
  },
  LIMIT,
);

for (const way of ["up", "down"] as const) {
  leaksNothing(
    `the secured leg is cut on its way ${way} behind some octets`,
    async (cleanup) => {
      const it = await place(cleanup);
      const { shears, raw } = it;
      await comesThrough(it);
      await over(it);
      const all = shears.passed[way];
      assert.ok(all > 1000);
      // As many cuts as there is time for: a link waits longer and longer after failures, until one comes through.
      for (let octets = 1; octets < all; octets += 67) {
        const known = raw.peers.length;
        Object.assign(shears, { way, left: octets, reset: octets % 3 === 1 });
        const near = await RawPeer.connect(it.client.endpoint);
        const speaking = speak(near, ALL);
        await until(() => raw.peers.length > known || near.ended || near.closed, "a far leg or an end");
        const far = raw.peers[known];
        if (far !== undefined) await speak(far, ALL);
        await speaking;
        // Behind the last message only a goodbye may be left to cut.
        await until(() => near.ended || near.closed || near.messages.length === MESSAGES.length, "an end");
        near.socket.end();
        await close([near, far]);
        await over(it);
        isBeginning(near, 0, `cut at ${octets}`);
        isBeginning(far, 0, `cut at ${octets}`);
        await comesThrough(it);
        await over(it);
      }
    },
    LIMIT,
  );
}

test.run();
