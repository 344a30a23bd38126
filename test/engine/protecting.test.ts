/** The engine works the door of a mechanism that protects its traffic as mechanism.ts says. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PeerError } from "../../src/errors.ts";
import {
  bySizes,
  type Cut,
  exchange,
  Party,
  type PartyOptions,
  plain,
  whole,
} from "../support/engine-pair.ts";
import { greeting, octets } from "../support/recorded.ts";
import { type Toy, type ToyOptions, toyMechanism } from "../support/toy-mechanism.ts";

interface Pair {
  readonly a: Party;
  readonly b: Party;
  readonly toyA: Toy;
  readonly toyB: Toy;
}

/** `a` is the client. */
function pair(options: Partial<ToyOptions> = {}, party: PartyOptions = {}): Pair {
  const client = toyMechanism({ asServer: false, ...options });
  const server = toyMechanism({ asServer: true, ...options });
  const a = new Party("DEALER", { ...party, mechanism: client });
  const b = new Party("ROUTER", { ...party, mechanism: server });
  return { a, b, toyA: client.made[0]!, toyB: server.made[0]! };
}

function connected(options: Partial<ToyOptions> = {}, party: PartyOptions = {}, cut: Cut = whole): Pair {
  const joined = pair(options, party);
  exchange(joined.a, joined.b, cut);
  joined.b.runDeferred();
  exchange(joined.a, joined.b, cut);
  return joined;
}

function errorCode(party: Party): string | null {
  return party.error instanceof PeerError ? party.error.code : null;
}

test("handshake with a waiting state; nothing is handed in meanwhile, nothing sealed before ready", () => {
  const { a, b, toyA, toyB } = pair();
  exchange(a, b);
  assert.is(toyB.status, "waiting");
  assert.not(b.engine.canSend);
  assert.not(b.engine.send([Buffer.from("x")]));
  b.receive(octets("00 00"));
  assert.equal(toyB.calls, ["start", "receive"]);
  b.runDeferred();
  assert.is(toyB.status, "ready");
  assert.is(errorCode(b), "ERR_ZMTP_CRYPTOGRAPHIC");
  assert.not(toyA.calls.includes("seal"));
  assert.not(toyB.calls.includes("seal"));
});

test("both sides are ready, with the other's metadata and the mechanism's facts", () => {
  const { a, b, toyA, toyB } = connected();
  assert.is(a.ready.socketType, "ROUTER");
  assert.is(b.ready.socketType, "DEALER");
  assert.equal(a.ready.facts, { records: 0 });
  assert.equal(a.engine.facts, toyA.facts);
  assert.not([...toyA.calls, ...toyB.calls].includes("seal"));
});

test("a mechanism's copy of a frame is a copy, though the read buffer is used again", () => {
  const { a, toyB } = connected();
  assert.equal(
    toyB.kept.map((body) => Buffer.from(body).subarray(0, 6)),
    [octets('05 "HELLO"')],
  );
  assert.ok(Buffer.concat(a.written).includes(Buffer.from(toyB.kept[0]!)));
});

test("many messages share a record, large ones take several, and frames are cut anywhere", () => {
  const { a, b, toyA, toyB } = connected({ recordSize: 100 });
  for (let i = 0; i < 10; i++) a.engine.send([Buffer.from(`message ${i}`)]);
  a.engine.send([Buffer.alloc(777, "L"), Buffer.alloc(0), Buffer.alloc(20_000, "M")]);
  exchange(a, b);
  assert.equal(b.items, [
    ...Array.from({ length: 10 }, (_, i) => [`message ${i}`]),
    ["L".repeat(777), "", "M".repeat(20_000)],
  ]);
  assert.is(toyA.calls.filter((name) => name === "seal").length, 1);
  assert.is(toyA.sealed[0], 100);
  assert.equal(toyB.opened, toyA.sealed);
});

test("records reach the mechanism whole and in order, however the octets are cut", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });
  const lengths = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(
      sizes,
      lengths,
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 5 }),
      (cuts, list, recordSize, pauseEvery) => {
        const { a, b } = connected({ recordSize, pauseEvery }, {}, bySizes(cuts));
        const messages = list.map((length, at) => [Buffer.alloc(length, at + 1)]);
        const waiting = [...messages];
        for (let rounds = 0; waiting.length > 0; rounds++) {
          assert.ok(rounds < 1000, "sending has come to a stop");
          while (waiting.length > 0 && a.engine.send(waiting[0]!)) waiting.shift();
          exchange(a, b, bySizes(cuts));
        }
        exchange(a, b, bySizes(cuts));
        assert.is(a.error, null);
        assert.is(b.error, null);
        assert.equal(b.items, messages.map(plain));
      },
    ),
    { numRuns: 100 },
  );
});

test("while canSend is false the batch waits: nothing is lost, overwritten or out of order", () => {
  const { a, b, toyA } = connected();
  const sent: string[] = [];
  const send = (text: string): void => {
    assert.ok(a.engine.send([Buffer.from(text)]));
    sent.push(text);
  };
  send("first");
  for (let i = 0; i < 300; i++) send(`${i}`.repeat(300));
  toyA.allow(false);
  assert.not(a.engine.canSend);
  assert.not(a.engine.send([Buffer.from("refused")]));
  assert.not(a.engine.hasOutput);
  assert.is(a.output().length, 0);
  // The mechanism says something while the batch waits; its octets are written, the batch must not notice.
  toyA.speak();
  assert.ok(a.engine.hasOutput);
  b.receive(a.output());
  toyA.speak();
  const pieces = Buffer.concat(a.engine.takeOutput(0));
  a.engine.written(false);
  b.receive(pieces);
  assert.is(b.items.length, 0);
  toyA.allow(true);
  exchange(a, b);
  assert.is(b.error, null);
  assert.equal(
    b.items,
    sent.map((text) => [text]),
  );
});

test("sealed octets survive the batch's memory", () => {
  const { a, b } = connected({ recordSize: 1 << 16 });
  const pieces: Uint8Array[] = [];
  for (let i = 0; i < 50; i++) {
    a.engine.send([Buffer.alloc(2000, i)]);
    pieces.push(...a.engine.takeOutput(0));
    a.engine.written(false);
  }
  b.receive(Buffer.concat(pieces));
  assert.is(b.error, null);
  assert.equal(
    b.items,
    Array.from({ length: 50 }, (_, i) => [Buffer.alloc(2000, i).toString("latin1")]),
  );
});

test("the mechanism gets ready for the next record when one is on its way, not before, and not for a handshake", () => {
  const { a, toyA } = connected();
  assert.not(toyA.calls.includes("prepare"));
  a.engine.send([Buffer.from("x")]);
  a.engine.takeOutput(0);
  assert.is(toyA.calls.at(-1), "seal");
  a.engine.written(true);
  assert.is(toyA.calls.at(-1), "prepare");
  a.engine.send([Buffer.from("y")]);
  a.engine.takeOutput(0);
  a.engine.written(false);
  assert.is(toyA.calls.filter((name) => name === "prepare").length, 2);
});

test("sealed octets are freed when they are written, not before", () => {
  const { a, b } = connected({ recordSize: 1 << 16 });
  const take = (text: string): Uint8Array[] => {
    a.engine.send([Buffer.from(text)]);
    return a.engine.takeOutput(0);
  };
  const whole = (pieces: Uint8Array[]): Buffer => Buffer.concat(pieces);
  const first = take("first");
  const octets = whole(first);
  a.engine.written(false);
  assert.ok(whole(first).equals(octets), "the kernel still reads them");
  a.engine.drained();
  assert.not(whole(first).equals(octets));
  const second = take("second");
  const more = whole(second);
  a.engine.written(true);
  assert.not(whole(second).equals(more));
  b.receive(octets);
  b.receive(more);
  assert.equal(b.items, [["first"], ["second"]]);
});

test("what sealing makes the mechanism say follows the sealed records, before the next", () => {
  const { a, b, toyA } = connected({ pauseEvery: 1 });
  a.engine.send([Buffer.from("1")]);
  const first = a.output();
  assert.not(a.engine.canSend);
  assert.ok(a.engine.hasOutput);
  const pause = a.output();
  assert.is(first[2], 0);
  assert.is(pause[2], 1);
  b.receive(first);
  b.receive(pause);
  a.receive(b.output());
  assert.ok(toyA.canSend);
  a.engine.send([Buffer.from("2")]);
  exchange(a, b);
  assert.equal(b.items, [["1"], ["2"]]);
});

test("the mechanism speaks unasked, and on its deadline, ahead of application data", () => {
  const { a, b, toyA } = connected();
  a.engine.send([Buffer.from("data")]);
  toyA.deadline = 500;
  assert.is(a.engine.deadline, 500);
  a.advanceTo(500);
  const out = a.output();
  assert.is(out[2], 2);
  assert.is(out[9], 0);
  b.receive(out);
  assert.is(b.error, null);
  assert.equal(b.items, [["data"]]);
});

test("the mechanism's deadline counts during the handshake too", () => {
  const { a } = pair({ deadline: 50 }, { settings: { handshakeInterval: 100 } });
  a.receive(greeting("XOR-TOY"));
  assert.is(a.engine.deadline, 50);
  a.advanceTo(50);
  assert.is(errorCode(a), "ERR_ZMTP_KEY_EXCHANGE");
});

test("outer frames are bounded by the mechanism, not by maxMessageSize; messages by maxMessageSize", () => {
  const huge = connected({ recordSize: 1000 }, { settings: { maxMessageSize: 100_000 } });
  huge.b.receive(octets("02 00000000000003ee"));
  assert.is(errorCode(huge.b), "ERR_ZMTP_MESSAGE_TOO_LARGE");

  const inner = connected({ recordSize: 1000 }, { settings: { maxMessageSize: 100 } });
  inner.a.engine.send([Buffer.alloc(100)]);
  exchange(inner.a, inner.b);
  assert.is(inner.b.items.length, 1);
  inner.a.engine.send([Buffer.alloc(101)]);
  exchange(inner.a, inner.b);
  assert.is(errorCode(inner.b), "ERR_ZMTP_MESSAGE_TOO_LARGE");

  const early = pair();
  early.b.receive(Buffer.concat([greeting("XOR-TOY"), octets("06 0000000000001001")]));
  assert.is(errorCode(early.b), "ERR_ZMTP_MESSAGE_TOO_LARGE");
});

test("PING and PONG travel in records", () => {
  const { a, b } = connected(
    {},
    { settings: { heartbeat: { interval: 100, timeout: -1, timeToLive: 300 } } },
  );
  for (let now = 0; now <= 5000; now += 50) {
    a.advanceTo(now);
    b.advanceTo(now);
    exchange(a, b);
  }
  assert.is(a.error, null);
  assert.is(b.error, null);
  assert.not(Buffer.concat(a.written).includes("PING"));
});

test("of a batch of more than 512 KiB 256 KiB are sealed at a time, and what is smaller as a whole", () => {
  const { a, b, toyA } = connected({ recordSize: 1 << 16 });
  const take = (): number => {
    const before = toyA.sealed.reduce((sum, size) => sum + size, 0);
    b.receive(a.output());
    return toyA.sealed.reduce((sum, size) => sum + size, 0) - before;
  };
  for (const [size, portions] of [
    [524_279, [524_288]],
    [524_280, [262_144, 262_145]],
    [1_000_000, [262_144, 262_144, 475_721]],
  ] as const) {
    a.engine.send([Buffer.alloc(size, size)]);
    for (const portion of portions) {
      assert.ok(a.engine.hasOutput);
      assert.is(take(), portion);
    }
    assert.not(a.engine.hasOutput);
    assert.equal(b.items.pop(), [Buffer.alloc(size, size).toString("latin1")]);
  }
  assert.is(b.error, null);
});

test("a frame that does not open ends the connection, and the peer is told", () => {
  const { a, b } = connected();
  a.engine.send([Buffer.from("x")]);
  const record = a.output();
  record[6]! ^= 1;
  b.engine.send([Buffer.from("secret that must not follow the error")]);
  b.receive(record);
  assert.is(errorCode(b), "ERR_ZMTP_CRYPTOGRAPHIC");
  assert.ok(b.engine.hasOutput);
  assert.equal(b.output(), octets('04 11 05 "ERROR" 0a "Bad record"'));
  assert.is(b.output().length, 0);
});

test("an error while sealing ends the connection once; what the mechanism said before goes out", () => {
  const { a, toyA } = connected();
  toyA.speak();
  toyA.seal = () => {
    throw new PeerError("ERR_ZMTP_CRYPTOGRAPHIC", "no more");
  };
  a.engine.send([Buffer.from("x")]);
  assert.is(a.output().length, 0);
  assert.is(errorCode(a), "ERR_ZMTP_CRYPTOGRAPHIC");
  assert.ok(a.engine.hasOutput);
  assert.is(a.output().length, 7);
  assert.not(a.engine.hasOutput);
  assert.is(a.engine.takeOutput(0).length, 0);
});

test("close: what was sealed for it stays as it is when the kernel is done with what was written before", () => {
  const { a, b } = connected({ recordSize: 1 << 16 });
  a.engine.send([Buffer.from("before")]);
  const before = Buffer.concat(a.engine.takeOutput(0));
  a.engine.written(false);
  a.engine.send([Buffer.from("last")]);
  a.engine.close(0);
  a.engine.drained();
  b.receive(before);
  b.receive(a.output());
  assert.is(b.error, null);
  assert.equal(b.items, [["before"], ["last"]]);
});

test("close: what was sent, then the goodbye, then nothing", () => {
  const { a, b, toyB } = connected({ recordSize: 10 });
  a.engine.send([Buffer.from("the last message of all")]);
  a.engine.close(0);
  assert.not(a.engine.canSend);
  a.engine.close(0);
  exchange(a, b);
  assert.equal(b.items, [["the last message of all"]]);
  assert.not(toyB.canSend);
  assert.ok(a.engine.ended);
  assert.ok(b.engine.ended);
  b.engine.end();
  assert.not(b.engine.ended);
  assert.is(b.error, null);
});

test("octets that lie undecoded are told before and after ready, which may come before the handshake is done", () => {
  const { b, toyB } = connected();
  assert.is(toyB.held, 0);
  b.receive(Buffer.concat([Buffer.from([0, 200]), Buffer.alloc(50)]));
  assert.is(toyB.held, 200);
  toyB.status = "waiting";
  b.receive(Buffer.alloc(150));
  b.receive(Buffer.alloc(1000));
  assert.is(toyB.held, 1350);
});

test("octets put into space are a sign of life, and are told too", () => {
  const size = 262_144;
  const heartbeat = { interval: 100, timeout: 50, timeToLive: 0 };
  const { b, toyB } = connected({ recordSize: size }, { settings: { heartbeat } });
  const header = Buffer.alloc(9);
  header[0] = 2;
  header.writeUInt32BE(size, 5);
  b.receive(header);
  b.advanceTo(100);
  assert.is(b.error, null);
  for (let at = 140; at <= 600; at += 40) {
    assert.ok(b.engine.space!.length <= size);
    b.engine.filled(100, at);
    assert.is(b.engine.next(at), null);
    b.advanceTo(at);
    assert.is(b.error, null, `dead at ${at} although octets come`);
  }
  assert.ok(toyB.held >= size);
  b.engine.dispose();
  assert.is(b.engine.space, null);
  b.engine.filled(100, 700);
});

test("a cut connection is told from a goodbye", () => {
  const { b } = connected();
  assert.throws(
    () => b.engine.end(),
    (error: PeerError) => error.code === "ERR_ZMTP_CRYPTOGRAPHIC",
  );
});

test("dispose reaches the mechanism, and nothing after it", () => {
  const { a, toyA } = connected();
  a.engine.dispose();
  assert.ok(toyA.disposed);
  a.engine.receive(octets("00 00"), 1);
  assert.is(a.engine.next(1), null);
  a.engine.advance(1);
  a.engine.end();
  assert.is(toyA.calls.filter((name) => name === "dispose").length, 1);
});

test.run();
