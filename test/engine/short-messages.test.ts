/** Messages of all kinds between commands, cut anywhere, for a reader that stops anywhere: as in the clear, so in records. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../src/engine/engine.ts";
import { PeerError } from "../../src/errors.ts";
import type { Mechanism, MechanismFactory } from "../../src/mechanism/mechanism.ts";
import { nullMechanism } from "../../src/mechanism/null.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import type { PipeItem } from "../../src/wire/message.ts";
import { exchange, Party, plain } from "../support/engine-pair.ts";
import { command, octets } from "../support/recorded.ts";
import { makeFactories } from "../support/qzmq-session.ts";
import { toyMechanism } from "../support/toy-mechanism.ts";

const LIMIT = 50_000;
const EMPTY = Buffer.alloc(0);

/** Two factories, the client's first. */
type Factories = () => Promise<readonly [MechanismFactory, MechanismFactory]>;

/** A factory, and the last mechanism that it made. */
function seen(factory: MechanismFactory): { factory: MechanismFactory; made: () => Mechanism } {
  let last: Mechanism | null = null;
  return {
    factory: { ...factory, name: factory.name, create: () => (last = factory.create()) },
    made: () => last!,
  };
}

/** A reader, and what makes octets of its peer out of a stream of frames. */
async function connected(factories: Factories): Promise<{
  engine: Engine;
  mechanism: Mechanism;
  protect: (frames: Buffer) => Buffer;
}> {
  const [client, server] = (await factories()).map(seen);
  const settings = { maxMessageSize: LIMIT, maxFramesPerMessage: 5 };
  const a = new Party("DEALER", { mechanism: client!.factory });
  const b = new Party("ROUTER", { mechanism: server!.factory, settings });
  // A signature may come in a later turn.
  while (a.error === null && b.error === null && (a.events.length === 0 || b.events.length === 0)) {
    exchange(a, b);
    a.runDeferred();
    b.runDeferred();
    await new Promise((resolve) => setImmediate(resolve));
  }
  exchange(a, b);
  assert.is(a.ready.socketType, "ROUTER");
  assert.is(b.ready.socketType, "DEALER");
  const peer = client!.made();
  const protect = (frames: Buffer): Buffer => {
    if (peer.transparent || frames.length === 0) return frames;
    return Buffer.concat(peer.seal([frames], frames.length, 0));
  };
  return { engine: b.engine, mechanism: server!.made(), protect };
}

const body = fc.oneof(
  { weight: 6, arbitrary: fc.nat(40) },
  { weight: 1, arbitrary: fc.constantFrom(0, 254, 255, 256, 257, 4096, 8190) },
  { weight: 1, arbitrary: fc.nat(10_000) },
);
/** A message of some frames, or a command. */
const item = fc.oneof(
  { weight: 6, arbitrary: body.map((size) => [size]) },
  { weight: 1, arbitrary: fc.array(body, { minLength: 1, maxLength: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom("PING", "SUBSCRIBE", "CANCEL", "PONG", "NEWS") },
);
/** What ends the stream, and the code of its refusal. */
const ENDS: readonly (readonly [string, string | null])[] = [
  ["", null],
  ["00 09 61", null],
  ["01 01 61", null],
  ["08 00 00 01 61", "ERR_ZMTP_MALFORMED_FRAME"],
  ["05 01 61 00 01 61", "ERR_ZMTP_MALFORMED_FRAME"],
  ["02 ffffffffffffffff", "ERR_ZMTP_MALFORMED_FRAME"],
  ["02 000000000000c351 00", "ERR_ZMTP_MESSAGE_TOO_LARGE"],
  ["01 00 01 00 01 00 01 00 01 00 01 00 00 00", "ERR_ZMTP_MESSAGE_TOO_LARGE"],
  ['04 06 05 "ERROR" 00 00 01 "a"', "ERR_ZMTP_PEER_ERROR"],
  ["04 00 00 01 61", "ERR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED"],
];
const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 100, max: 70_000 })), {
  minLength: 1,
  maxLength: 8,
});
const small = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 });

const KINDS: readonly (readonly [string, Factories, number])[] = [
  ["NULL", async () => [nullMechanism(), nullMechanism()], 200],
  [
    "a toy's records",
    async () => [
      toyMechanism({ asServer: false, recordSize: 300 }),
      toyMechanism({ asServer: true, recordSize: 300 }),
    ],
    100,
  ],
  [
    "QZMQ",
    async () => {
      const { client, server } = await makeFactories();
      return [client, server];
    },
    25,
  ],
];

for (const [name, factories, numRuns] of KINDS) {
  test(`${name}: what comes out is what went in, to the last message before the end`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { maxLength: 80 }),
        fc.constantFrom(...ENDS),
        cuts,
        small,
        small,
        fc.boolean(),
        async (list, [end, refusal], sizes, batches, stops, borrowed) => {
          const { engine, mechanism, protect } = await connected(factories);
          const expected: unknown[] = [];
          const stream: Buffer[] = [];
          let batch: Buffer[] = [];
          for (const [at, one] of list.entries()) {
            if (typeof one === "string") {
              const change = one === "SUBSCRIBE" || one === "CANCEL";
              batch.push(command(one, change ? Buffer.from("t") : one === "PING" ? Buffer.of(0, 0) : EMPTY));
              if (change) expected.push({ subscribe: one === "SUBSCRIBE", topic: "t" });
            } else {
              const frames = one.map((size, i) => Buffer.alloc(size, at * 5 + i + 1));
              for (const [i, frame] of frames.entries()) {
                const more = i < frames.length - 1;
                batch.push(encodeFrame(more ? 1 : 0, frame));
                if (!more || at % 2 === 0) continue;
                // A change of subscription between the parts of a message comes before it.
                batch.push(command("SUBSCRIBE", Buffer.from("between")));
                expected.push({ subscribe: true, topic: "between" });
              }
              expected.push(plain(frames));
            }
            if (batch.length < batches[at % batches.length]!) continue;
            stream.push(protect(Buffer.concat(batch)));
            batch = [];
          }
          batch.push(octets(end));
          stream.push(protect(Buffer.concat(batch)));
          const before = mechanism.transparent ? 0 : (mechanism.counters?.messagesOpened ?? 0);

          const found: PipeItem[] = [];
          let stop = 0;
          let left = stops[0]!;
          let stopped = false;
          const sink = {
            deliver(message: PipeItem): boolean {
              assert.not(stopped, "more than was wanted");
              found.push(message);
              if (--left > 0) return true;
              left = stops[++stop % stops.length]!;
              stopped = true;
              return false;
            },
          };
          const pump = (): boolean => {
            stopped = false;
            for (;;) {
              if (!engine.deliverShort(sink)) return true;
              const event = engine.next(0);
              if (event === null) return false;
              if (!sink.deliver(event as PipeItem)) return true;
            }
          };
          let error: unknown = null;
          try {
            const wire = Buffer.concat(stream);
            const shared = Buffer.alloc(70_000);
            for (let at = 0, turn = 0; at < wire.length; turn++) {
              const length = Math.min(sizes[turn % sizes.length]!, wire.length - at);
              const part = wire.subarray(at, at + length);
              engine.receive(
                borrowed ? shared.subarray(0, part.copy(shared)) : Buffer.from(part),
                0,
                borrowed,
              );
              at += length;
              if (turn % 3 !== 1) pump();
              engine.release();
              shared.fill(0xee);
            }
            while (pump());
          } catch (thrown) {
            error = thrown;
          }
          assert.equal(found.map(plain), expected);
          if (refusal === null) assert.is(error, null);
          else assert.instance(error, PeerError);
          if (refusal !== null && name !== "QZMQ") assert.is((error as PeerError).code, refusal);
          if (!mechanism.transparent && mechanism.counters !== undefined) {
            const messages = found.filter((one) => Array.isArray(one)).length;
            assert.is(mechanism.counters.messagesOpened - before, messages);
          }
          engine.dispose();
        },
      ),
      { numRuns },
    );
  });
}

test.run();
