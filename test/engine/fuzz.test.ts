/**
 * Garbage into an engine and into every decoder: a PeerError, events, or nothing else, whatever comes and however it
 * is cut; and memory in proportion to what came. The cases are the same in every run.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Ready } from "../../src/engine/event.ts";
import { PeerError } from "../../src/errors.ts";
import type { MechanismFactory } from "../../src/mechanism/mechanism.ts";
import { decodeCommand, decodePing, decodeSubscription, errorReason } from "../../src/wire/command.ts";
import { FrameDecoder } from "../../src/wire/frame-decoder.ts";
import { checkGreetingStart, decodeGreeting, GREETING_LENGTH } from "../../src/wire/greeting.ts";
import { decodeMetadata, property } from "../../src/wire/metadata.ts";
import { MultipartAssembler } from "../../src/wire/multipart.ts";
import type { SocketType } from "../../src/wire/socket-type.ts";
import { exchange, Party } from "../support/engine-pair.ts";
import { command, octets, ready, sessions } from "../support/recorded.ts";
import { toyMechanism } from "../support/toy-mechanism.ts";

/** Numbers below `bound`, the same in every run (xorshift32). */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

interface Seed {
  readonly name: string;
  readonly socketType: SocketType;
  readonly mechanism: () => MechanismFactory;
  readonly octets: Buffer;
  /** Unchanged it completes its handshake. */
  readonly traffic: boolean;
}

/** Octets that mean something to some decoder. */
const TELLING = [0, 1, 2, 3, 4, 5, 6, 7, 8, 0x0f, 0x10, 0x5e, 0x7f, 0x80, 0xfe, 0xff];
const PIECES = [
  octets("02 7fffffffffffffff"),
  octets("02 0000000080000000"),
  octets("06 0000000000000001 00"),
  octets("01 00 01 00"),
  octets("00 00"),
  octets('04 07 04 "PING" ffff'),
  octets('04 06 04 "PING" ff'),
  octets('04 09 "^RROR" 03 "400"'),
  command("SUBSCRIBE"),
  command("CANCEL", Buffer.alloc(200)),
  command("ERROR", octets('ff "x"')),
  ready("DEALER"),
  ready("SUB", "INITIATE"),
];

function seeds(): Seed[] {
  const list: Seed[] = sessions().map(({ name, socketType, mechanism, segments, error }) => ({
    name,
    socketType,
    mechanism,
    // Long messages would spend the time on their bodies.
    octets: Buffer.concat(segments).subarray(0, 700),
    traffic: error === null,
  }));
  for (const asServer of [false, true]) {
    const toy = () => toyMechanism({ asServer, recordSize: 50, pauseEvery: 3 });
    const peer = new Party("DEALER", { mechanism: toyMechanism({ asServer: !asServer, recordSize: 50 }) });
    const reader = new Party("DEALER", { mechanism: toy() });
    for (let i = 0; i < 10; i++) {
      exchange(peer, reader);
      peer.runDeferred();
      reader.runDeferred();
      peer.engine.send([Buffer.alloc(i * 9, i), Buffer.from("end")]);
    }
    assert.ok(reader.items.length > 5);
    list.push({
      name: `toy, as server ${asServer}`,
      socketType: "DEALER",
      mechanism: toy,
      octets: Buffer.concat(peer.written),
      traffic: true,
    });
  }
  return list;
}

/** One to four changes of the kinds that break parsers. */
function mutate(source: Buffer, other: Buffer, below: (bound: number) => number): Buffer {
  let bytes = Buffer.from(source);
  for (let left = 1 + below(4); left > 0; left--) {
    const at = below(bytes.length + 1);
    const length = 1 + below(16);
    switch (below(9)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << below(8);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = TELLING[below(TELLING.length)]!;
        break;
      case 2:
        if (at < bytes.length) bytes[at] = below(256);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)]);
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), PIECES[below(PIECES.length)]!, bytes.subarray(at)]);
        break;
      case 6:
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length))]);
        break;
      case 7:
        bytes = Buffer.from(bytes.subarray(0, at));
        break;
      default:
        bytes = Buffer.concat([bytes, Buffer.from(Array.from({ length }, () => below(256)))]);
    }
  }
  return bytes;
}

/** What a party has become, in comparable form. */
interface Outcome {
  readonly ready: boolean;
  readonly items: string;
  readonly error: string | null;
  readonly output: Buffer;
}

function run(seed: Seed, bytes: Buffer, cuts: readonly number[], borrowed = true): Outcome {
  const party = new Party(seed.socketType, {
    borrowed,
    mechanism: seed.mechanism(),
    settings: {
      handshakeInterval: 1000,
      maxFramesPerMessage: 20,
      heartbeat: { interval: 300, timeout: 300, timeToLive: 300 },
    },
  });
  for (let at = 0, turn = 0; at < bytes.length && party.error === null; turn++) {
    const size = cuts[turn % cuts.length]!;
    party.receive(bytes.subarray(at, at + size));
    party.runDeferred();
    at += size;
  }
  const { error, engine } = party;
  assert.ok(error === null || error instanceof PeerError, `${error}`);
  let received = 0;
  const items: string[] = [];
  for (const item of party.items) {
    const parts = Array.isArray(item) ? (item as string[]) : [`${JSON.stringify(item)}`];
    assert.ok(parts.length > 0 && parts.length <= 20);
    for (const part of parts) received += part.length;
    items.push(parts.join("|"));
  }
  assert.ok(received <= 4 * bytes.length + 100);
  const output = party.output();
  assert.ok(output.length <= 500 + 4 * bytes.length, `${output.length} octets answered to ${bytes.length}`);
  if (error === null) {
    // Silence from here on: the connection ends in time, by an error of its own.
    party.advanceTo(2000);
    assert.ok(party.error instanceof PeerError);
  }
  assert.is(engine.next(2000), null);
  assert.not(engine.canSend);
  assert.is(engine.deadline, Number.POSITIVE_INFINITY);
  engine.dispose();
  const ready = party.events.some((event) => event instanceof Ready);
  return { ready, items: items.join("\n"), error: error === null ? null : (error as PeerError).code, output };
}

let cases = 0;
const reserve = Buffer.allocUnsafeSlow;
/** The largest memory asked for in one piece. */
let largest = 0;

test.before.each(() => {
  largest = 0;
  Buffer.allocUnsafeSlow = (size) => {
    largest = Math.max(largest, size);
    return reserve(size);
  };
});

test.after.each(() => {
  Buffer.allocUnsafeSlow = reserve;
});

for (const [number, seed] of seeds().entries()) {
  test(`engine, mutated session: ${seed.name}`, () => {
    const below = numbers(number + 1);
    const others = seeds();
    let reached = 0;
    for (let i = 0; i < 8000; i++, cases++) {
      const bytes = mutate(seed.octets, others[below(others.length)]!.octets, below);
      const cuts = Array.from({ length: 1 + below(4) }, () => 1 + below(below(2) === 0 ? 8 : 200));
      try {
        const inOne = run(seed, bytes, [bytes.length + 1], false);
        const inPieces = run(seed, bytes, cuts);
        assert.is(inPieces.error, inOne.error);
        if (inOne.ready) reached++;
        assert.is(inPieces.items, inOne.items);
        assert.ok(inPieces.output.equals(inOne.output), "the answers differ");
      } catch (error) {
        throw new Error(`case ${i}, cut ${cuts}: ${bytes.toString("hex")}: ${(error as Error).message}`, {
          cause: error,
        });
      }
    }
    // The cases are no use if none survives the handshake, or all do.
    if (seed.traffic) assert.ok(reached > 800 && reached < 7900, `${reached} of 8000 reached traffic`);
    // What a frame's header alone may reserve (frame-decoder.ts), and no more.
    assert.ok(largest <= 4 * 1024 * 1024, `${largest} octets in one piece`);
  });
}

test("engine, nothing but garbage, behind a good greeting or not", () => {
  const below = numbers(99);
  const list = seeds();
  for (let i = 0; i < 10_000; i++, cases++) {
    const seed = list[i % list.length]!;
    const garbage = Buffer.from(Array.from({ length: below(60) }, () => below(256)));
    const telling = Buffer.from(Array.from({ length: below(30) }, () => TELLING[below(TELLING.length)]!));
    const start = [0, 0, GREETING_LENGTH, 64 + below(80)][below(4)]!;
    run(seed, Buffer.concat([seed.octets.subarray(0, start), telling, garbage]), [1 + below(100)]);
  }
});

/** Runs `decode` on random and on mutated octets; it may throw PeerError and nothing else. */
function decoder(
  name: string,
  count: number,
  good: readonly Buffer[],
  decode: (bytes: Buffer) => void,
): void {
  test(`decoder, ${name}`, () => {
    const below = numbers(name.length * 7919);
    let accepted = 0;
    for (let i = 0; i < count; i++, cases++) {
      const pick = (): Buffer => good[below(good.length)]!;
      const random = (): Buffer => Buffer.from(Array.from({ length: below(40) }, () => below(256)));
      const bytes = i % 4 === 0 ? random() : mutate(pick(), pick(), below);
      try {
        decode(bytes);
        accepted++;
      } catch (error) {
        if (!(error instanceof PeerError))
          throw new Error(`${bytes.toString("hex")}: ${error}`, { cause: error });
      }
    }
    assert.ok(accepted > 0, "nothing was accepted");
  });
}

const READY = ready("DEALER");
const GREETING = sessions()[0]!.segments[0]!.subarray(0, 64);

decoder("greeting", 15_000, [GREETING], (bytes) => {
  checkGreetingStart(bytes);
  const full = Buffer.concat([bytes, Buffer.alloc(GREETING_LENGTH)]).subarray(0, GREETING_LENGTH);
  const { minor, mechanism } = decodeGreeting(full);
  assert.ok(minor === 0 || minor === 1);
  assert.match(mechanism, /^[A-Z0-9\-_.+]{1,20}$/);
});

decoder("command, PING, ERROR and subscription", 15_000, [READY.subarray(2), ...PIECES], (bytes) => {
  const { name, data } = decodeCommand(bytes);
  assert.is(1 + name.length + data.length, bytes.length);
  assert.match(errorReason(data), /^[\x20-\x7e]{0,255}$/);
  const change = decodeSubscription({ name: "SUBSCRIBE", data });
  assert.ok(change!.topic.equals(data));
  const { ttlTenths, context } = decodePing(data);
  assert.ok(ttlTenths <= 0xffff && context.length === data.length - 2);
});

decoder("metadata", 15_000, [READY.subarray(8), octets('01 "a" 00000001 "x" 01 "b" 00000000')], (bytes) => {
  const metadata = decodeMetadata(bytes);
  assert.ok(metadata.size <= 64);
  for (const [name, value] of metadata) {
    assert.ok(value.length <= bytes.length);
    assert.is(property(metadata, name), value);
  }
});

decoder(
  "frames and messages, under any limit",
  15_000,
  [...PIECES, READY, octets('01 01 "a" 00 01 "b"')],
  (bytes) => {
    const limit = [0, 1, 10, 255, 256, 70_000, Number.POSITIVE_INFINITY][bytes.length % 7]!;
    const frames = new FrameDecoder(limit);
    const parts = new MultipartAssembler(4, limit);
    frames.push(bytes);
    let total = 0;
    while (frames.next()) {
      assert.ok(frames.body.length <= limit);
      assert.is(frames.flags & 0xf8, 0);
      total += 2 + frames.body.length;
      const message = parts.add(frames.flags, frames.body);
      assert.ok(message === null || message.length <= 4);
    }
    assert.ok(total <= bytes.length);
  },
);

test("the number of cases", () => {
  console.log(`\n${cases} cases of garbage`);
  assert.ok(cases >= 100_000);
});

test.run();
