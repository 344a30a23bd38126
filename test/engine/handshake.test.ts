/** From the first octet to Ready, and all the ways in which that can fail. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PeerError } from "../../src/errors.ts";
import { nullMechanism } from "../../src/mechanism/null.ts";
import { plainMechanism } from "../../src/mechanism/plain.ts";
import { isCompatible, type SocketType } from "../../src/wire/socket-type.ts";
import { bySizes, connectedPair, every, exchange, Party } from "../support/engine-pair.ts";
import { command, greeting, octets, ready, USER } from "../support/recorded.ts";

const TYPES: SocketType[] = [
  "PAIR",
  "PUB",
  "SUB",
  "REQ",
  "REP",
  "DEALER",
  "ROUTER",
  "PULL",
  "PUSH",
  "XPUB",
  "XSUB",
];

function errorCode(party: Party): string | null {
  if (party.error === null) return null;
  assert.instance(party.error, PeerError);
  return (party.error as PeerError).code;
}

test("NULL: greeting and READY, octet for octet", () => {
  const party = new Party("DEALER", { settings: { routingId: Buffer.from("me") } });
  assert.equal(
    party.output(),
    octets(`ff 0000000000000000 7f 03 01 "NULL" ${"00".repeat(16)} 00 ${"00".repeat(31)}`),
  );
  party.receive(greeting("NULL"));
  assert.equal(
    party.output(),
    octets('04 2b 05 "READY" 0b "Socket-Type" 00000006 "DEALER" 08 "Identity" 00000002 "me"'),
  );
});

test("RFC 37 Identity: only REQ, DEALER and ROUTER announce one", () => {
  for (const type of TYPES) {
    const party = new Party(type, { settings: { routingId: Buffer.from("me") } });
    party.receive(greeting("NULL"));
    assert.is(party.output().includes("Identity"), ["REQ", "DEALER", "ROUTER"].includes(type), type);
  }
});

test("NULL: neither side waits for the other's READY (rfc#93)", () => {
  const a = new Party("PUSH");
  const b = new Party("PULL");
  a.receive(greeting("NULL"));
  b.receive(greeting("NULL"));
  assert.ok(a.output().includes("READY"));
  assert.ok(b.output().includes("READY"));
});

test("every pair of socket types: compatible ones connect, others close both sides", () => {
  for (const own of TYPES) {
    for (const peer of TYPES) {
      const [a, b] = connectedPair([own, peer]);
      if (isCompatible(own, peer)) {
        assert.is(a.ready.socketType, peer);
        assert.is(b.ready.socketType, own);
        assert.ok(a.engine.canSend);
      } else {
        const codes = [errorCode(a), errorCode(b)];
        assert.ok(codes.includes("ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE"), `${own} ${peer}: ${codes}`);
        assert.not(codes.includes(null));
      }
    }
  }
});

test("RFC 37 READY: a mismatch of types is answered with ERROR", () => {
  const party = new Party("PULL");
  party.receive(Buffer.concat([greeting("NULL"), ready("SUB")]));
  assert.is(errorCode(party), "ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE");
  assert.ok(party.output().includes(octets('05 "ERROR" 13 "Invalid socket type"')));
});

test("a peer's type shows in our error only as letters", () => {
  const party = new Party("PULL");
  const type = octets('0b "Socket-Type" 00000005 "A" 0a 1b "ZZ"');
  party.receive(Buffer.concat([greeting("NULL"), command("READY", type)]));
  assert.match((party.error as Error).message, /A\?\?ZZ/);
});

test("READY without Socket-Type is accepted, as libzmq accepts it", () => {
  const party = new Party("PULL");
  party.receive(Buffer.concat([greeting("NULL"), command("READY")]));
  assert.is(party.ready.socketType, "");
});

test("RFC 37 Identity: empty, long, too long", () => {
  const withIdentity = (length: number): Party => {
    const party = new Party("ROUTER");
    const data = Buffer.concat([
      octets('08 "Identity"'),
      Buffer.of(0, 0, length >> 8, length),
      Buffer.alloc(length, "i"),
    ]);
    const body = Buffer.concat([octets('05 "READY"'), data]);
    const header = Buffer.from([6, 0, 0, 0, 0, 0, 0, body.length >> 8, body.length & 0xff]);
    party.receive(Buffer.concat([greeting("NULL"), header, body]));
    return party;
  };
  assert.is(withIdentity(0).ready.routingId.length, 0);
  assert.equal(withIdentity(255).ready.routingId, Buffer.alloc(255, "i"));
  assert.is(errorCode(withIdentity(256)), "ERR_ZMTP_INVALID_METADATA");
});

test("as-server of the peer is not looked at by NULL", () => {
  const party = new Party("PULL");
  party.receive(Buffer.concat([greeting("NULL", { asServer: 1 }), ready("PUSH")]));
  assert.ok(party.ready);
});

test("PLAIN: every role on every type, whichever side speaks first", () => {
  const client = plainMechanism({ asServer: false, ...USER });
  const server = plainMechanism({ asServer: true });
  for (const [a, b] of [
    [client, server],
    [server, client],
  ] as const) {
    const pair = connectedPair(["DEALER", "ROUTER"], { mechanism: a }, { mechanism: b });
    assert.is(pair[0].ready.socketType, "ROUTER");
    assert.is(pair[1].ready.socketType, "DEALER");
  }
});

test("PLAIN: two clients and two servers do not get along", () => {
  const client = plainMechanism({ asServer: false, ...USER });
  const clients = connectedPair(["DEALER", "DEALER"], { mechanism: client }, { mechanism: client });
  assert.equal(clients.map(errorCode), ["ERR_ZMTP_UNEXPECTED_COMMAND", "ERR_ZMTP_UNEXPECTED_COMMAND"]);
  const server = plainMechanism({ asServer: true });
  const timed = { mechanism: server, settings: { handshakeInterval: 100 } };
  const servers = connectedPair(["DEALER", "DEALER"], timed, timed);
  for (const party of servers) {
    assert.is(errorCode(party), null);
    party.advanceTo(100);
    assert.is(errorCode(party), "ERR_ZMTP_HANDSHAKE_TIMEOUT");
  }
});

test("RFC 37 mechanism: another one is refused, after our greeting went out", () => {
  const [a, b] = connectedPair(
    ["DEALER", "ROUTER"],
    { mechanism: nullMechanism() },
    { mechanism: plainMechanism({ asServer: true }) },
  );
  assert.is(errorCode(a), "ERR_ZMTP_MECHANISM_MISMATCH");
  assert.is(errorCode(b), "ERR_ZMTP_MECHANISM_MISMATCH");
  assert.is(Buffer.concat(a.written).length, 64);
});

test("RFC 37 version negotiation: 1.0 and 2.0 peers are refused by the octet that shows them", () => {
  const upTo = (bytes: Buffer): number => {
    const party = new Party("PULL");
    for (let at = 0; at < bytes.length; at++) {
      party.receive(bytes.subarray(at, at + 1));
      if (party.error !== null) {
        assert.is(errorCode(party), "ERR_ZMTP_UNSUPPORTED_VERSION");
        return at + 1;
      }
    }
    return -1;
  };
  assert.is(upTo(octets("01 00")), 1);
  assert.is(upTo(octets("ff 0000000000000001 00")), 10);
  assert.is(upTo(octets("ff 0000000000000001 7f 01 08 00 00")), 11);
  assert.is(upTo(octets("ff 0000000000000001 7f 02 08 00 00")), 11);
});

test("a connection that begins with something else than ZMTP is refused at once", () => {
  for (const text of ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00", "SSH-2.0-x\r\n"]) {
    const party = new Party("PULL");
    party.receive(Buffer.from(text, "latin1"));
    assert.is(errorCode(party), "ERR_ZMTP_UNSUPPORTED_VERSION");
  }
});

test("the handshake is cut to time, from the first octet to Ready", () => {
  const silent = new Party("PULL", { now: 1000, settings: { handshakeInterval: 500 } });
  assert.is(silent.engine.deadline, 1500);
  silent.advanceTo(1499);
  assert.is(errorCode(silent), null);
  silent.advanceTo(1500);
  assert.is(errorCode(silent), "ERR_ZMTP_HANDSHAKE_TIMEOUT");
  assert.is(silent.engine.deadline, Number.POSITIVE_INFINITY);

  const slow = new Party("PULL", { settings: { handshakeInterval: 500 } });
  slow.receive(greeting("NULL"));
  slow.advanceTo(499);
  slow.receive(ready("PUSH").subarray(0, 10));
  slow.advanceTo(500);
  assert.is(errorCode(slow), "ERR_ZMTP_HANDSHAKE_TIMEOUT");

  const done = new Party("PULL", { settings: { handshakeInterval: 500 } });
  done.receive(Buffer.concat([greeting("NULL"), ready("PUSH")]));
  assert.is(done.engine.deadline, Number.POSITIVE_INFINITY);
  done.advanceTo(10_000);
  assert.is(errorCode(done), null);
});

test("a message before READY is refused, and nothing of it comes out", () => {
  for (const early of ['00 01 "x"', '01 01 "x"', '02 0000000000000001 "x"']) {
    const party = new Party("PULL");
    party.receive(Buffer.concat([greeting("NULL"), octets(early), ready("PUSH")]));
    assert.is(errorCode(party), "ERR_ZMTP_UNEXPECTED_COMMAND");
    assert.is(party.events.length, 0);
  }
});

test("PING before READY is refused", () => {
  const party = new Party("PULL");
  party.receive(Buffer.concat([greeting("NULL"), command("PING", octets("0000")), ready("PUSH")]));
  assert.is(errorCode(party), "ERR_ZMTP_UNEXPECTED_COMMAND");
});

test("handshake frames are bounded whatever maxMessageSize says", () => {
  const party = new Party("PULL");
  party.receive(Buffer.concat([greeting("NULL"), octets("06 0000000000010001")]));
  assert.is(errorCode(party), "ERR_ZMTP_MESSAGE_TOO_LARGE");
});

test("maxMessageSize holds from the first octet behind READY, and not before", () => {
  const party = new Party("PULL", { settings: { maxMessageSize: 3 } });
  party.receive(Buffer.concat([greeting("NULL"), ready("PUSH"), octets('00 03 "abc" 00 04')]));
  assert.equal(party.items, [["abc"]]);
  assert.is(errorCode(party), "ERR_ZMTP_MESSAGE_TOO_LARGE");
});

test("nothing can be sent before Ready, or after an error", () => {
  const party = new Party("PULL");
  assert.not(party.engine.canSend);
  assert.not(party.engine.send([Buffer.from("x")]));
  party.receive(greeting("NULL"));
  assert.not(party.engine.send([Buffer.from("x")]));
  party.receive(octets("08 00"));
  assert.ok(party.error !== null);
  assert.not(party.engine.send([Buffer.from("x")]));
  assert.is(party.engine.batched, 0);
});

test("an error is thrown once; then the engine is silent", () => {
  const party = new Party("PULL");
  party.receive(octets("00"));
  assert.is(errorCode(party), "ERR_ZMTP_UNSUPPORTED_VERSION");
  party.engine.receive(octets("00"), 1);
  assert.is(party.engine.next(1), null);
  party.engine.advance(1);
  party.engine.onDeadline(1);
  party.engine.end();
  party.engine.close(1);
  party.engine.dispose();
});

test("a waiting mechanism: input is kept in order, and taken when it goes on", () => {
  let decide: (() => void) | undefined;
  const party = new Party("PULL", {
    authorize: (_mechanism, _credentials, decided) => {
      decide = () => decided({ status: 200, text: "", userId: "bob", metadata: new Map() });
    },
  });
  party.receive(greeting("NULL"));
  party.output();
  for (const chunk of every(3)(Buffer.concat([ready("PUSH"), octets('00 01 "a" 00 01 "b"')])))
    party.receive(chunk);
  assert.is(party.events.length, 0);
  assert.is(party.output().length, 0);
  decide!();
  assert.is(Buffer.from(party.ready.metadata.get("User-Id")!).toString(), "bob");
  assert.equal(party.items, [["a"], ["b"]]);
  assert.ok(party.output().includes("READY"));
});

test("a waiting mechanism: the engine says when it has enough, and when it can take more", () => {
  let decide: (() => void) | undefined;
  const party = new Party("PULL", {
    authorize: (_mechanism, _credentials, decided) => {
      decide = () => decided({ status: 200, text: "", userId: "", metadata: new Map() });
    },
  });
  party.receive(Buffer.concat([greeting("NULL"), ready("PUSH")]));
  assert.not(party.engine.full);
  const frame = Buffer.concat([octets("00 ff"), Buffer.alloc(255)]);
  let held = 0;
  for (; !party.engine.full && held < 1000; held++) party.receive(frame);
  assert.ok(held * frame.length <= 66_000, `${held} messages were held`);
  decide!();
  assert.not(party.engine.full);
  assert.is(party.items.length, held);
});

test("a waiting mechanism is cut to time too, and a late decision changes nothing", () => {
  let decide: (() => void) | undefined;
  const party = new Party("PULL", {
    settings: { handshakeInterval: 100 },
    authorize: (_mechanism, _credentials, decided) => {
      decide = () => decided({ status: 200, text: "", userId: "", metadata: new Map() });
    },
  });
  party.receive(Buffer.concat([greeting("NULL"), ready("PUSH")]));
  party.advanceTo(100);
  assert.is(errorCode(party), "ERR_ZMTP_HANDSHAKE_TIMEOUT");
  party.output();
  decide!();
  assert.is(party.events.length, 0);
  assert.is(party.output().length, 0);
});

test("the transport may end at any time before Ready", () => {
  const party = new Party("PULL");
  party.receive(greeting("NULL").subarray(0, 20));
  party.engine.end();
  party.receive(greeting("NULL").subarray(20));
  assert.is(party.error, null);
  assert.is(party.events.length, 0);
});

test("any cutting of both directions gives the same handshake and the same messages", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(sizes, fc.boolean(), (cuts, secured) => {
      const [a, b] = secured
        ? [plainMechanism({ asServer: false, ...USER }), plainMechanism({ asServer: true })]
        : [nullMechanism(), nullMechanism()];
      const left = new Party("DEALER", { mechanism: a! });
      const right = new Party("ROUTER", { mechanism: b! });
      exchange(left, right, bySizes(cuts));
      left.engine.send([Buffer.from("x"), Buffer.alloc(300, "y")]);
      right.engine.send([Buffer.from("z")]);
      exchange(left, right, bySizes(cuts));
      assert.equal(right.items, [["x", "y".repeat(300)]]);
      assert.equal(left.items, [["z"]]);
    }),
    { numRuns: 200 },
  );
});

test.run();
