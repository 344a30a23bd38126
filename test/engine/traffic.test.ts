/** Messages and commands once the handshake is done. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PeerError } from "../../src/errors.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { type Message, SubscriptionChange } from "../../src/wire/message.ts";
import { bySizes, connectedPair, exchange, Party, type PartyOptions, plain } from "../support/engine-pair.ts";
import { command, greeting, octets, ready } from "../support/recorded.ts";

/** A PULL socket with a PUSH peer of the given minor version, whose octets the test writes. */
function reader(options: PartyOptions & { minor?: number } = {}): Party {
  const party = new Party("PULL", options);
  party.receive(Buffer.concat([greeting("NULL", { minor: options.minor ?? 1 }), ready("PUSH")]));
  party.output();
  return party;
}

function errorCode(party: Party): string {
  assert.instance(party.error, PeerError);
  return (party.error as PeerError).code;
}

const PING = octets('04 07 04 "PING" 0000');
const PONG = octets('04 05 04 "PONG"');

test("RFC 37 PING: answered with PONG and its context, cut to 16 octets; nothing reaches the application", () => {
  const party = reader();
  party.receive(PING);
  assert.equal(party.output(), PONG);
  party.receive(command("PING", octets('0000 "context"')));
  assert.equal(party.output(), command("PONG", octets('"context"')));
  party.receive(command("PING", octets('0000 "0123456789abcdefgh"')));
  assert.equal(party.output(), command("PONG", octets('"0123456789abcdef"')));
  assert.equal(party.items, []);
});

test("PINGs that come in a row are all answered, in order", () => {
  const party = reader();
  const many = Array.from({ length: 50 }, (_, i) => command("PING", Buffer.of(0, 0, i)));
  party.receive(Buffer.concat(many));
  assert.equal(party.output(), Buffer.concat(many.map((_, i) => command("PONG", Buffer.of(i)))));
});

test("a flood of PINGs of a peer that does not read costs bounded memory", () => {
  const party = reader();
  const flood = Buffer.concat(Array.from({ length: 7000 }, () => PING));
  for (let i = 0; i < 20; i++) party.receive(flood);
  assert.is(party.error, null);
  assert.ok(party.engine.batched <= 16_384, `${party.engine.batched} octets wait`);
  party.output();
  party.receive(PING);
  assert.equal(party.output(), PONG);
});

test("a PING cut short ends the connection, without a crash", () => {
  for (const data of ["", "00"]) {
    const party = reader();
    party.receive(command("PING", octets(data)));
    assert.is(errorCode(party), "ERR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED");
  }
});

test("RFC 37: commands between the parts of a message", () => {
  const party = reader();
  party.receive(
    Buffer.concat([octets('01 01 "a"'), PING, octets('01 01 "b"'), command("NEWS"), octets('00 01 "c"')]),
  );
  assert.equal(party.items, [["a", "b", "c"]]);
  assert.equal(party.output(), PONG);
});

test("unknown commands, and those of other times, are ignored", () => {
  const party = reader();
  for (const name of ["PONG", "JOIN", "LEAVE", "READY", "HELLO", "X", "n".repeat(200)]) {
    party.receive(command(name, octets("00 01 02")));
  }
  party.receive(octets('00 01 "a"'));
  assert.equal(party.items, [["a"]]);
  assert.is(party.output().length, 0);
});

test("a command without a name ends the connection", () => {
  for (const bad of ["04 00", "04 01 00", '04 02 05 "a"']) {
    const party = reader();
    party.receive(octets(bad));
    assert.is(errorCode(party), "ERR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED");
  }
});

test("RFC 37 ERROR: ends the connection after the handshake too, with its reason made printable", () => {
  const party = reader();
  party.receive(octets('00 01 "a"'));
  party.receive(command("ERROR", octets('04 "no" 0a 1b')));
  assert.equal(party.items, [["a"]]);
  assert.is(errorCode(party), "ERR_ZMTP_PEER_ERROR");
  assert.is((party.error as PeerError).reason, "no??");
  const malformed = reader();
  malformed.receive(command("ERROR", octets('ff "no"')));
  assert.is((malformed.error as PeerError).reason, "");
});

test("after an error nothing but the mechanism's farewell goes out", () => {
  const [a, b] = connectedPair(["PUSH", "PULL"]);
  a.engine.send([Buffer.from("waits")]);
  a.receive(octets("08 00"));
  assert.is(errorCode(a), "ERR_ZMTP_MALFORMED_FRAME");
  assert.not(a.engine.hasOutput);
  assert.is(a.output().length, 0);
  assert.is(b.error, null);
});

test("half a message is not delivered, whatever ends the connection", () => {
  const party = reader();
  party.receive(octets('01 01 "a" 01 01 "b"'));
  party.engine.end();
  assert.equal(party.items, []);
});

test("frames and octets of one message are bounded", () => {
  const frames = reader({ settings: { maxFramesPerMessage: 3 } });
  frames.receive(octets("01 00 01 00 00 00 01 00 01 00 01 00"));
  assert.is(frames.error, null);
  frames.receive(octets("01 00"));
  assert.is(errorCode(frames), "ERR_ZMTP_MESSAGE_TOO_LARGE");
  const size = reader({ settings: { maxMessageSize: 4 } });
  size.receive(octets('01 02 "ab" 00 02 "cd" 01 04 "abcd"'));
  assert.equal(size.items, [["ab", "cd"]]);
  size.receive(octets('00 01 "e"'));
  assert.is(errorCode(size), "ERR_ZMTP_MESSAGE_TOO_LARGE");
});

test("a short message beyond the limit is refused behind others too", () => {
  const party = reader({ settings: { maxMessageSize: 4 } });
  const frames = ["a", "bc", "def", "four", "fives"].map((text) => encodeFrame(0, Buffer.from(text)));
  party.receive(Buffer.concat(frames));
  assert.equal(party.items, [["a"], ["bc"], ["def"], ["four"]]);
  assert.is(errorCode(party), "ERR_ZMTP_MESSAGE_TOO_LARGE");
});

test("subscriptions: commands to a 3.1 peer, messages to a 3.0 one; both are understood from anyone", () => {
  for (const [minor, expected] of [
    [1, Buffer.concat([command("SUBSCRIBE", octets('"t"')), command("CANCEL", octets('"t"'))])],
    [0, octets('00 02 01 "t" 00 02 00 "t"')],
  ] as const) {
    const party = new Party("SUB");
    party.receive(Buffer.concat([greeting("NULL", { minor }), ready("PUB")]));
    party.output();
    assert.ok(party.engine.send(new SubscriptionChange(true, Buffer.from("t"))));
    assert.ok(party.engine.send(new SubscriptionChange(false, Buffer.from("t"))));
    assert.equal(party.output(), expected);
    const publisher = new Party("XPUB");
    publisher.receive(
      Buffer.concat([
        greeting("NULL", { minor }),
        ready("SUB"),
        command("SUBSCRIBE", octets('"t"')),
        octets('00 02 01 "u"'),
      ]),
    );
    assert.equal(publisher.items, [{ subscribe: true, topic: "t" }, ["\x01u"]]);
  }
});

test("the greeting, the handshake and traffic go out in that order", () => {
  const [a, b] = connectedPair();
  a.engine.send([Buffer.from("1")]);
  a.receive(PING);
  a.engine.send([Buffer.from("2")]);
  assert.equal(a.output(), Buffer.concat([octets('00 01 "1"'), PONG, octets('00 01 "2"')]));
  assert.is(b.error, null);
});

test("output not taken by the kernel is left alone", () => {
  const [a] = connectedPair(["PUSH", "PULL"]);
  const expected: Buffer[] = [];
  const pieces: Uint8Array[] = [];
  for (let i = 0; i < 200; i++) {
    const body = Buffer.alloc(1000, i);
    a.engine.send([body]);
    expected.push(encodeFrame(0, body));
    if (i % 7 !== 6) continue;
    pieces.push(...a.engine.takeOutput(0));
    a.engine.written(false);
  }
  pieces.push(...a.engine.takeOutput(0));
  assert.ok(Buffer.concat(pieces).equals(Buffer.concat(expected)));
});

test("`batched` and `hasOutput` tell what waits", () => {
  const [a] = connectedPair(["PUSH", "PULL"]);
  assert.is(a.engine.batched, 0);
  assert.not(a.engine.hasOutput);
  a.engine.send([Buffer.from("abc")]);
  assert.is(a.engine.batched, 5);
  assert.ok(a.engine.hasOutput);
  a.output();
  assert.is(a.engine.batched, 0);
  assert.not(a.engine.hasOutput);
});

test("after close nothing can be sent, and what was sent goes out", () => {
  const [a, b] = connectedPair(["PUSH", "PULL"]);
  a.engine.send([Buffer.from("last")]);
  a.engine.close(0);
  assert.not(a.engine.canSend);
  assert.not(a.engine.send([Buffer.from("too late")]));
  exchange(a, b);
  assert.equal(b.items, [["last"]]);
});

test("any messages, cut anywhere, both ways at once", () => {
  const size = fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.constantFrom(255, 256, 4096, 8192, 16_384, 16_385, 65_536, 100_000),
  );
  const messages = fc.array(fc.array(size, { minLength: 1, maxLength: 5 }), { maxLength: 12 });
  fc.assert(
    fc.property(
      messages,
      messages,
      fc.array(fc.oneof(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1000, max: 70_000 })), {
        minLength: 1,
      }),
      (there, back, cuts) => {
        const [a, b] = connectedPair();
        const make = (list: number[][]): Message[] =>
          list.map((sizes, m) => sizes.map((length, f) => Buffer.alloc(length, m * 5 + f + 1)));
        const [out, home] = [make(there), make(back)];
        for (const message of out) assert.ok(a.engine.send(message));
        for (const message of home) assert.ok(b.engine.send(message));
        exchange(a, b, bySizes(cuts));
        assert.equal(b.items, out.map(plain));
        assert.equal(a.items, home.map(plain));
      },
    ),
    { numRuns: 60 },
  );
});

test.run();
