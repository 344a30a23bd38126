/** PLAIN, clause by clause of RFC 24, and what libzmq makes of it. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PeerError } from "../../src/errors.ts";
import type { Authorization } from "../../src/mechanism/mechanism.ts";
import { plainMechanism } from "../../src/mechanism/plain.ts";
import { ACCEPTED, connectedPair, Party, refused } from "../support/engine-pair.ts";
import { command, greeting, octets, ready, USER } from "../support/recorded.ts";

const CLIENT = plainMechanism({ asServer: false, ...USER });
const SERVER = plainMechanism({ asServer: true });
const HELLO = command("HELLO", octets('05 "admin" 06 "secret"'));

function peerError(party: Party): PeerError {
  assert.instance(party.error, PeerError);
  return party.error as PeerError;
}

/** A server that has read a greeting; its authorizer accepts admin with secret. */
function server(
  decide: (decided: (decision: Authorization) => void) => void = (decided) => decided(ACCEPTED),
): Party {
  const party = new Party("ROUTER", {
    mechanism: SERVER,
    authorize: (_mechanism, [user, password], decided) => {
      const right =
        Buffer.from(user!).equals(Buffer.from("admin")) &&
        Buffer.from(password!).equals(Buffer.from("secret"));
      if (right) decide(decided);
      else decided(refused(400));
    },
  });
  party.receive(greeting("PLAIN"));
  party.output();
  return party;
}

/** A client that has read a greeting and said HELLO. */
function client(): Party {
  const party = new Party("DEALER", { mechanism: CLIENT });
  party.receive(greeting("PLAIN", { asServer: 1 }));
  party.output();
  return party;
}

test("RFC 24 as-server: set by the server", () => {
  assert.is(new Party("DEALER", { mechanism: CLIENT }).output()[32], 0);
  assert.is(new Party("ROUTER", { mechanism: SERVER }).output()[32], 1);
});

test("RFC 24, octet for octet", () => {
  const a = new Party("DEALER", { mechanism: CLIENT });
  const b = new Party("ROUTER", { mechanism: SERVER });
  a.receive(b.output());
  b.receive(a.output().subarray(0, 64));
  const identity = '08 "Identity" 00000000';
  const steps: [Party, Party, string][] = [
    [b, a, '04 08 07 "WELCOME"'],
    [a, b, `04 2c 08 "INITIATE" 0b "Socket-Type" 00000006 "DEALER" ${identity}`],
    [b, a, `04 29 05 "READY" 0b "Socket-Type" 00000006 "ROUTER" ${identity}`],
  ];
  b.receive(octets('04 13 05 "HELLO" 05 "admin" 06 "secret"'));
  assert.equal(Buffer.concat(a.written).subarray(64), octets('04 13 05 "HELLO" 05 "admin" 06 "secret"'));
  for (const [from, to, expected] of steps) {
    const out = from.output();
    assert.is(out.toString("hex"), octets(expected).toString("hex"));
    to.receive(out);
  }
  assert.ok(a.engine.canSend);
  assert.ok(b.engine.canSend);
});

test("RFC 24 hello: user name and password of 0 to 255 octets each", () => {
  const text = fc
    .string({ maxLength: 100, unit: "grapheme" })
    .filter((value) => Buffer.byteLength(value) <= 255);
  fc.assert(
    fc.property(text, text, (username, password) => {
      let seen: string[] = [];
      connectedPair(
        ["DEALER", "ROUTER"],
        { mechanism: plainMechanism({ asServer: false, username, password }) },
        {
          mechanism: SERVER,
          authorize: (mechanism, credentials, decided) => {
            seen = [mechanism, ...credentials.map((octets) => Buffer.from(octets).toString())];
            decided(ACCEPTED);
          },
        },
      );
      assert.equal(seen, ["PLAIN", username, password]);
    }),
  );
  const longest = "x".repeat(255);
  assert.ok(plainMechanism({ asServer: false, username: longest, password: longest }));
  for (const [username, password] of [
    ["x".repeat(256), ""],
    ["", "x".repeat(256)],
    ["é".repeat(128), ""],
  ] as const) {
    assert.throws(
      () => plainMechanism({ asServer: false, username, password }),
      (error: unknown) => error instanceof RangeError,
    );
  }
});

test("a wrong password: ERROR 400 to the client, and both sides end with the status", () => {
  const wrong = plainMechanism({ asServer: false, username: "admin", password: "?" });
  const [a, b] = connectedPair(
    ["DEALER", "ROUTER"],
    { mechanism: wrong },
    { mechanism: SERVER, authorize: (_mechanism, _credentials, decided) => decided(refused(400)) },
  );
  assert.is(peerError(b).code, "ERR_ZAP_UNSPECIFIED");
  assert.is(peerError(b).status, 400);
  assert.is(peerError(a).code, "ERR_ZMTP_PEER_ERROR");
  assert.is(peerError(a).status, 400);
});

test("RFC 24 error: sent by the server as RFC 37 spells it; nothing for 300", () => {
  for (const [status, told] of [
    [300, ""],
    [400, '04 0a 05 "ERROR" 03 "400"'],
    [500, '04 0a 05 "ERROR" 03 "500"'],
  ] as const) {
    const party = server((decided) => decided(refused(status)));
    party.receive(HELLO);
    assert.is(peerError(party).status, status);
    assert.equal(party.output(), octets(told));
  }
});

test("ERROR in place of WELCOME and of READY, in RFC 37's spelling and in libzmq's ^RROR", () => {
  for (const error of [octets('04 0a 05 "ERROR" 03 "400"'), octets('04 09 "^RROR" 03 "400"')]) {
    for (const before of [Buffer.alloc(0), command("WELCOME")]) {
      const party = client();
      party.receive(Buffer.concat([before, error]));
      assert.is(peerError(party).code, "ERR_ZMTP_PEER_ERROR");
      assert.is(peerError(party).status, 400);
      assert.is(peerError(party).reason, "400");
    }
  }
});

test("malformed HELLO", () => {
  for (const data of [
    "",
    "05",
    '05 "admin"',
    '05 "admin" 06',
    '05 "admin" 06 "secre"',
    '05 "admin" 06 "secret" 00',
    "ff",
  ]) {
    const party = server();
    party.receive(command("HELLO", octets(data)));
    assert.is(peerError(party).code, "ERR_ZMTP_MALFORMED_COMMAND_HELLO", data);
    assert.is(party.output().length, 0);
  }
});

test("a HELLO named WELCOME, as libzmq 4.3.0 and 4.3.1 send it, is refused (libzmq#3500)", () => {
  const party = server();
  party.receive(command("WELCOME", octets('05 "admin" 06 "secret"')));
  assert.is(peerError(party).code, "ERR_ZMTP_UNEXPECTED_COMMAND");
});

test("WELCOME with data", () => {
  const party = client();
  party.receive(command("WELCOME", octets("00")));
  assert.is(peerError(party).code, "ERR_ZMTP_MALFORMED_COMMAND_WELCOME");
});

test("commands out of order, by either side", () => {
  for (const [party, sequence] of [
    [server(), [ready("DEALER", "INITIATE")]],
    [server(), [ready("DEALER")]],
    [server(), [HELLO, HELLO]],
    [server(), [HELLO, ready("DEALER")]],
    [client(), [ready("ROUTER")]],
    [client(), [command("WELCOME"), command("WELCOME")]],
    [client(), [HELLO]],
  ] as const) {
    party.receive(Buffer.concat([...sequence]));
    assert.is(peerError(party).code, "ERR_ZMTP_UNEXPECTED_COMMAND");
    assert.is(party.events.length, 0);
  }
});

test("no message before READY, from a peer that is known by then or not", () => {
  for (const before of [[], [HELLO]]) {
    const party = server();
    party.receive(Buffer.concat([...before, octets('00 01 "x"')]));
    assert.is(peerError(party).code, "ERR_ZMTP_UNEXPECTED_COMMAND");
  }
});

test("the server's authorizer takes its time: INITIATE sent early waits", () => {
  let decide = (): void => {};
  const party = server((decided) => {
    decide = () => decided({ ...ACCEPTED, userId: "admin" });
  });
  party.receive(Buffer.concat([HELLO, ready("DEALER", "INITIATE"), octets('00 02 "hi"')]));
  assert.is(party.output().length, 0);
  decide();
  assert.equal(party.items, [["hi"]]);
  assert.equal(Buffer.from(party.ready.metadata.get("User-Id")!), Buffer.from("admin"));
  const out = party.output();
  assert.ok(out.indexOf("WELCOME") < out.indexOf("READY"));
});

test("credentials handed to the authorizer are copies", () => {
  let kept: readonly Uint8Array[] = [];
  const party = new Party("ROUTER", {
    mechanism: SERVER,
    authorize: (_mechanism, credentials) => {
      kept = credentials;
    },
  });
  party.engine.receive(greeting("PLAIN"), 0);
  const hello = Buffer.from(HELLO);
  party.engine.receive(hello, 0);
  party.engine.next(0);
  hello.fill(0);
  assert.is(Buffer.from(kept[1]!).toString(), "secret");
});

test("sockets that do not fit: the server answers INITIATE with ERROR, the client READY with nothing", () => {
  const party = server();
  party.receive(Buffer.concat([HELLO, ready("SUB", "INITIATE")]));
  assert.is(peerError(party).code, "ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE");
  assert.ok(party.output().includes("ERROR"));
  const other = client();
  other.receive(Buffer.concat([command("WELCOME"), ready("SUB")]));
  assert.is(peerError(other).code, "ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE");
  assert.not(other.output().includes("ERROR"));
});

test("one factory serves many connections, each from its beginning", () => {
  const first = server();
  first.receive(HELLO);
  const second = server();
  second.receive(HELLO);
  assert.is(second.error, null);
  assert.is(SERVER.optionName, "plain");
});

test("to seal with PLAIN is a mistake of ours", () => {
  assert.throws(
    () => SERVER.create().seal([], 0, 0),
    (error: unknown) => error instanceof TypeError,
  );
});

test.run();
