/** Where the octets of a stream go: the buffer that all share, or where their reader wants them. */
import { once } from "node:events";
import * as net from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ReadableSocket, ReadBuffer, type ReadTarget } from "../../src/net/read-buffer.ts";
import { type Cleanup, scenario, until } from "./harness.ts";

/** Puts every octet after the first read into memory of its own, `room` at a time. */
class Collector implements ReadTarget {
  readonly chunks: Buffer[] = [];
  /** Memory behind the borrowed chunks, and how many octets came past them. */
  readonly borrowed = new Set<ArrayBufferLike>();
  filled = 0;
  #place: Buffer | null = null;
  readonly #room: () => number;

  constructor(room: () => number) {
    this.#room = room;
  }

  get octets(): Buffer {
    return Buffer.concat(this.chunks);
  }

  onData(chunk: Buffer, borrowed: boolean): void {
    if (borrowed) this.borrowed.add(chunk.buffer);
    this.chunks.push(Buffer.from(chunk));
  }

  get space(): Buffer | null {
    const room = this.#room();
    this.#place = room === 0 ? null : Buffer.alloc(room, 0xee);
    return this.#place;
  }

  onFilled(length: number): void {
    assert.ok(this.#place !== null && length <= this.#place.length);
    this.filled += length;
    // Not copied: nobody may write here again.
    this.chunks.push(this.#place.subarray(0, length));
  }
}

/** A server that writes `octets` to whoever comes, and a connection to it read by `target`; from either end. */
async function reader(
  cleanup: Cleanup,
  buffer: ReadBuffer,
  end: "connected" | "accepted",
  octets: Buffer,
  target: ReadTarget,
): Promise<net.Socket> {
  const write = (socket: net.Socket): void => {
    socket.on("error", () => {});
    socket.end(octets);
  };
  const accepted: ReadableSocket[] = [];
  const server = net.createServer({ pauseOnConnect: end === "accepted", allowHalfOpen: true }, (socket) => {
    if (end === "connected") write(socket);
    else accepted.push(buffer.adopt(socket));
  });
  cleanup(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  let stream: ReadableSocket;
  if (end === "connected") {
    stream = buffer.connect({ port, host: "127.0.0.1" });
  } else {
    const peer = net.connect({ port, host: "127.0.0.1" });
    cleanup(() => peer.destroy());
    write(peer);
    await until(() => accepted.length > 0, "a connection");
    stream = accepted[0]!;
  }
  const { socket } = stream;
  cleanup(() => socket.destroy());
  socket.on("error", () => {});
  stream.read(target);
  return socket;
}

function pattern(length: number): Buffer {
  const octets = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) octets[i] = (i * 7 + (i >> 8)) & 0xff;
  return octets;
}

for (const end of ["connected", "accepted"] as const) {
  test(
    `octets go to the shared buffer and where they are wanted, in order: ${end}`,
    scenario(async (cleanup) => {
      const octets = pattern(3_000_000);
      let turn = 0;
      const rooms = [0, 1, 100_000, 0, 300_000, 17];
      const target = new Collector(() => rooms[turn++ % rooms.length]!);
      const socket = await reader(cleanup, new ReadBuffer(), end, octets, target);
      await once(socket, "end");
      assert.ok(target.octets.equals(octets));
      assert.ok(target.filled > 0, "nothing went where it was wanted");
      assert.is(target.borrowed.size, 1);
    }),
  );

  test(
    `connections of one buffer do not mix their octets: ${end}`,
    scenario(async (cleanup) => {
      const buffer = new ReadBuffer();
      const targets = [0, 1, 2].map((i) => new Collector(() => (i === 2 ? 0 : 200_000)));
      const streams = targets.map((_, i) => Buffer.from(pattern(2_000_000).map((octet) => octet ^ (i * 85))));
      await Promise.all(
        targets.map(async (target, i) => {
          await once(await reader(cleanup, buffer, end, streams[i]!, target), "end");
        }),
      );
      for (const [i, target] of targets.entries())
        assert.ok(target.octets.equals(streams[i]!), `stream ${i}`);
      assert.is(new Set(targets.flatMap((target) => [...target.borrowed])).size, 1);
    }),
  );

  test(
    `a reader that throws gets no more, and what it has is not written over: ${end}`,
    scenario(async (cleanup) => {
      let kept: Buffer | null = null;
      let calls = 0;
      const place = Buffer.alloc(50_000, 0xee);
      const target: ReadTarget = {
        onData: () => {},
        space: place,
        onFilled(length) {
          calls++;
          kept = Buffer.from(place.subarray(0, length));
          throw new Error("by the reader");
        },
      };
      const uncaught: unknown[] = [];
      // The runner's own handler would end the process.
      const others = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.on("uncaughtException", (error) => uncaught.push(error));
      cleanup(() => {
        process.removeAllListeners("uncaughtException");
        for (const other of others) process.on("uncaughtException", other);
      });
      const socket = await reader(cleanup, new ReadBuffer(), end, pattern(2_000_000), target);
      await until(() => socket.closed, "the socket to be closed");
      assert.is(calls, 1);
      assert.ok(place.subarray(0, kept!.length).equals(kept!));
      assert.equal(
        uncaught.map((error) => (error as Error).message),
        ["by the reader"],
      );
    }),
  );
}

test.run();
