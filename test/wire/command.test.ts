/** Commands, clause by clause of RFC 37, "Commands". */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  decodeCommand,
  decodePing,
  decodeSubscription,
  encodeCommand,
  encodeError,
  encodePing,
  encodePong,
  encodeSubscription,
  errorReason,
} from "../../src/wire/command.ts";
import { SubscriptionChange } from "../../src/wire/message.ts";
import { octets } from "../support/recorded.ts";
import { code, frames } from "../support/wire.ts";

const MALFORMED = "ERR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED";

test("RFC 37 command: name-length, name, data; COMMAND set, long form above 255", () => {
  assert.equal(encodeCommand("READY"), octets('04 06 05 "READY"'));
  assert.equal(encodeCommand("X", octets("aa"), octets("bb")), octets('04 04 01 "X" aa bb'));
  assert.equal(
    encodeCommand("READY", Buffer.alloc(250)).subarray(0, 15),
    octets('06 0000000000000100 05 "READY"'),
  );
});

test("RFC 37 command-name: 1 to 255 octets, within the body", () => {
  for (const body of ["", "00", "00 41", "01", '06 "READY"', "ff 41"]) {
    assert.is(
      code(() => decodeCommand(octets(body))),
      MALFORMED,
      body,
    );
  }
  assert.is(decodeCommand(octets('05 "READY"')).name, "READY");
  const longest = decodeCommand(Buffer.concat([Buffer.of(255), Buffer.alloc(255, "n"), octets("aa")]));
  assert.is(longest.name, "n".repeat(255));
  assert.equal(longest.data, octets("aa"));
});

test("RFC 37 error: reason-length and reason", () => {
  assert.equal(encodeError("400"), octets('04 0a 05 "ERROR" 03 "400"'));
  assert.is(errorReason(octets('03 "400"')), "400");
  assert.is(errorReason(octets('03 "400" "trailing"')), "400");
  assert.is(errorReason(octets("00")), "");
  assert.is(errorReason(octets("")), "");
  assert.is(errorReason(octets('04 "400"')), "");
  assert.is(errorReason(octets('05 "a" 0a 1b 7f "b"')), "a???b");
});

test("RFC 37 subscribe and cancel: commands to a 3.1 peer", () => {
  const topic = Buffer.from("abc");
  assert.equal(
    encodeSubscription(new SubscriptionChange(true, topic), 1),
    octets('04 0d 09 "SUBSCRIBE" "abc"'),
  );
  assert.equal(
    encodeSubscription(new SubscriptionChange(false, topic), 1),
    octets('04 0a 06 "CANCEL" "abc"'),
  );
});

test("RFC 23: a subscription to a 3.0 peer is the message 01 or 00 with the topic", () => {
  const topic = Buffer.from("abc");
  assert.equal(encodeSubscription(new SubscriptionChange(true, topic), 0), octets('00 04 01 "abc"'));
  assert.equal(encodeSubscription(new SubscriptionChange(false, topic), 0), octets('00 04 00 "abc"'));
  const long = new SubscriptionChange(true, Buffer.alloc(255, "t"));
  assert.equal(encodeSubscription(long, 0).subarray(0, 10), octets("02 0000000000000100 01"));
});

test("topics of every length near the long form come back, from either peer", () => {
  for (let length = 240; length < 260; length++) {
    const change = new SubscriptionChange(true, Buffer.alloc(length, "t"));
    const [[flags, body]] = frames(encodeSubscription(change, 1)) as [[number, string]];
    assert.ok(flags & 4);
    const decoded = decodeSubscription(decodeCommand(Buffer.from(body, "latin1")));
    assert.equal(decoded?.topic, change.topic);
    assert.is(frames(encodeSubscription(change, 0))[0]![1].length, length + 1);
  }
});

test("a decoded topic is a copy", () => {
  const body = octets('09 "SUBSCRIBE" "abc"');
  const change = decodeSubscription(decodeCommand(body))!;
  body.fill(0);
  assert.equal(change.topic, octets('"abc"'));
  assert.is(decodeSubscription(decodeCommand(octets('04 "JOIN" "abc"'))), null);
});

test("RFC 37 ping: two octets of TTL, then the context; pong: the context, cut to 16", () => {
  assert.equal(encodePing(0), octets('04 07 04 "PING" 0000'));
  assert.equal(encodePing(655), octets('04 07 04 "PING" 028f'));
  assert.equal(decodePing(octets('012c "ctx"')), { ttlTenths: 300, context: octets('"ctx"') });
  assert.equal(encodePong(octets("")), octets('04 05 04 "PONG"'));
  assert.equal(encodePong(octets('"0123456789abcdef"')), octets('04 15 04 "PONG" "0123456789abcdef"'));
  assert.equal(encodePong(octets('"0123456789abcdefX"')), octets('04 15 04 "PONG" "0123456789abcdef"'));
});

test("a PING shorter than its TTL is refused", () => {
  assert.is(
    code(() => decodePing(octets(""))),
    MALFORMED,
  );
  assert.is(
    code(() => decodePing(octets("00"))),
    MALFORMED,
  );
});

test("any octets decode to a command or to a PeerError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const refused = code(() => {
        const command = decodeCommand(bytes);
        assert.is(1 + command.name.length + command.data.length, bytes.length);
        errorReason(command.data);
        decodeSubscription(command);
      });
      assert.ok(refused === null || refused === MALFORMED);
    }),
    { numRuns: 2000 },
  );
});

test("any command comes back", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 255, unit: fc.constantFrom(..."ABCXYZ0-_.+") }),
      fc.uint8Array({ maxLength: 600 }),
      (name, data) => {
        const [[flags, body]] = frames(encodeCommand(name, data)) as [[number, string]];
        assert.is(flags & 4, 4);
        const command = decodeCommand(Buffer.from(body, "latin1"));
        assert.is(command.name, name);
        assert.ok(command.data.equals(data));
      },
    ),
  );
});

test.run();
