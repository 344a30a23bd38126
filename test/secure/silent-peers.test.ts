/** Peers that connect and say nothing, or half of something: bounded by address and in time, and the honest get through. */
import { once } from "node:events";
import * as net from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, type qzmq } from "../../src/index.ts";
import { encodeGreeting } from "../../src/wire/greeting.ts";
import {
  aliceClient,
  bobServer,
  closeAll,
  freeEndpoint,
  log,
  settled,
  texts,
  until,
  use,
} from "./sockets.ts";

test.after.each(closeAll);

/** A raw connection, and what came on it. */
class Raw {
  readonly socket: net.Socket;
  heard: Buffer = Buffer.alloc(0);
  ended = false;

  constructor(endpoint: string) {
    this.socket = net.connect({
      host: "127.0.0.1",
      port: Number(endpoint.split(":").pop()),
      allowHalfOpen: true,
    });
    this.socket.on("data", (chunk: Buffer) => {
      this.heard = Buffer.concat([this.heard, chunk]);
    });
    this.socket.on("end", () => {
      this.ended = true;
      this.socket.end();
    });
  }

  close(): void {
    this.socket.destroy();
  }

  async connected(): Promise<this> {
    await settled(once(this.socket, "connect"), "a connection");
    return this;
  }
}

/** A bound server that reports what it saw. */
async function serving(options: Partial<qzmq.ServerSecurityOptions>) {
  const security = bobServer(options);
  const socket = use(new Dealer({ security }));
  const events = log(socket);
  await socket.bind(freeEndpoint());
  return { security, socket, events, endpoint: socket.lastEndpoint! };
}

test("at most so many silent connections of one address; the next is told `busy`", async () => {
  const { security, socket, events, endpoint } = await serving({ limits: { maxHandshakesPerAddress: 2 } });
  const silent = [await use(new Raw(endpoint)).connected(), await use(new Raw(endpoint)).connected()];
  await until(() => security.mechanism.admission!.load.handshakes === 2, "two places taken");
  const third = await use(new Raw(endpoint)).connected();
  await until(() => third.ended, "the end of the third");
  assert.is(third.heard.subarray(64).toString("latin1"), "\x04\x0b\x05ERROR\x04busy");
  assert.equal(security.counters.failures, { ERR_QZMQ_BUSY: 1 });
  assert.is((await events.next("handshake:error:protocol")).error.code, "ERR_QZMQ_BUSY");
  assert.equal(
    silent.map((peer) => peer.ended),
    [false, false],
  );
  silent[0]!.close();
  const honest = use(new Dealer({ security: aliceClient() }));
  honest.connect(endpoint);
  await settled(honest.send("hello"));
  assert.equal(await texts(socket), ["hello"]);
});

for (const [what, octets] of [
  ["nothing", Buffer.alloc(0)],
  ["half a greeting", encodeGreeting("QZMQ", false).subarray(0, 40)],
  ["a greeting and no more", encodeGreeting("QZMQ", false)],
  [
    "a greeting and half a CLIENTHELLO",
    Buffer.concat([encodeGreeting("QZMQ", false), Buffer.from([6, 0, 0, 0])]),
  ],
] as const) {
  test(`a peer that sends ${what} is gone after helloTimeout`, async () => {
    const { security, endpoint } = await serving({ helloTimeout: 150 });
    const peer = await use(new Raw(endpoint)).connected();
    peer.socket.write(octets);
    await until(() => peer.ended, "the end of the connection");
    assert.equal(security.counters.failures, { ERR_QZMQ_TIMEOUT: 1 });
    assert.is(security.mechanism.admission!.load.handshakes, 0);
  });
}

test("octets of unfinished messages are bounded over all connections", async () => {
  const limits = { maxHandshakeBytes: 10_000, cookies: "never" } as const;
  const { security, endpoint } = await serving({ limits });
  // A CLIENTHELLO of 8000 octets is announced; its room is reserved and counted.
  const start = Buffer.concat([
    encodeGreeting("QZMQ", false),
    Buffer.from([6, 0, 0, 0, 0, 0, 0, 0x1f, 0x40, 11]),
  ]);
  const one = await use(new Raw(endpoint)).connected();
  one.socket.write(start);
  await until(() => security.mechanism.admission!.load.bytes >= 8000, "the first one's octets");
  const other = await use(new Raw(endpoint)).connected();
  other.socket.write(start);
  await until(() => other.ended, "the end of the second");
  assert.equal(security.counters.failures, { ERR_QZMQ_BUSY: 1 });
  assert.is(one.ended, false);
  one.close();
  await until(() => security.mechanism.admission!.load.bytes === 0, "the account to be even");
});

test.run();
