/** NULL, clause by clause of RFC 37, "The NULL Security Mechanism", and of RFC 27. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PeerError } from "../../src/errors.ts";
import type { Authorization } from "../../src/mechanism/mechanism.ts";
import { nullMechanism } from "../../src/mechanism/null.ts";
import { property } from "../../src/wire/metadata.ts";
import { ACCEPTED, Party, refused } from "../support/engine-pair.ts";
import { command, greeting, octets, ready } from "../support/recorded.ts";

function peerError(party: Party): PeerError {
  assert.instance(party.error, PeerError);
  return party.error as PeerError;
}

test("the mechanism's name, its option and its place in the greeting", () => {
  const factory = nullMechanism();
  assert.is(factory.name, "NULL");
  assert.is(factory.optionName, null);
  const mechanism = factory.create();
  assert.is(mechanism.asServer, false);
  assert.ok(mechanism.transparent);
  assert.is.not(mechanism, factory.create());
});

test("RFC 37 null: READY is the only command, ERROR its only alternative", () => {
  for (const name of ["HELLO", "WELCOME", "INITIATE", "ready", "READY2", "SUBSCRIBE"]) {
    const party = new Party("PULL");
    party.receive(Buffer.concat([greeting("NULL"), command(name)]));
    assert.is(peerError(party).code, "ERR_ZMTP_UNEXPECTED_COMMAND", name);
  }
});

test("RFC 37 error: its reason is reported; one of three digits is a status", () => {
  const party = new Party("PULL");
  party.receive(Buffer.concat([greeting("NULL"), command("ERROR", octets('03 "400"'))]));
  assert.is(peerError(party).code, "ERR_ZMTP_PEER_ERROR");
  assert.is(peerError(party).status, 400);
  const other = new Party("PULL");
  other.receive(Buffer.concat([greeting("NULL"), command("ERROR", octets('06 "go" 0a "way"'))]));
  assert.is(peerError(other).reason, "go?way");
  assert.is(peerError(other).status, undefined);
});

test("malformed READY", () => {
  for (const data of ["01", "00 00000000", '01 "a" 00000009 "x"', '01 "a" 80000000']) {
    const party = new Party("PULL");
    party.receive(Buffer.concat([greeting("NULL"), command("READY", octets(data))]));
    assert.is(peerError(party).code, "ERR_ZMTP_INVALID_METADATA");
  }
});

test("the authorizer is asked without credentials, before READY goes out", () => {
  let asked: unknown;
  const party = new Party("PULL", {
    authorize: (mechanism, credentials) => {
      asked = [mechanism, credentials];
    },
  });
  party.output();
  party.receive(greeting("NULL"));
  assert.equal(asked, ["NULL", []]);
  assert.is(party.output().length, 0);
});

test("RFC 27 refusal: 400 and 500 are told to the peer, 300 is not; READY is sent in no case", () => {
  for (const [status, told] of [
    [300, ""],
    [400, '04 0a 05 "ERROR" 03 "400"'],
    [500, '04 0a 05 "ERROR" 03 "500"'],
  ] as const) {
    for (const when of ["at once", "later"]) {
      let decide = (): void => {};
      const party = new Party("PULL", {
        authorize: (_mechanism, _credentials, decided) => {
          decide = () => decided(refused(status));
          if (when === "at once") decide();
        },
      });
      party.output();
      party.receive(Buffer.concat([greeting("NULL"), ready("PUSH")]));
      if (when === "later") decide();
      assert.is(peerError(party).code, "ERR_ZAP_UNSPECIFIED");
      assert.is(peerError(party).status, status);
      assert.equal(party.output(), octets(told));
      assert.is(party.events.length, 0);
    }
  }
});

test("an authorizer that broke its own protocol is reported as that", () => {
  const broken = new PeerError("ERR_ZAP_BAD_VERSION", "version 2");
  const party = new Party("PULL", {
    authorize: (_mechanism, _credentials, decided) => decided({ ...refused(500), error: broken }),
  });
  party.receive(greeting("NULL"));
  assert.is(party.error, broken);
});

test("what the authorizer says of the peer replaces what the peer says of itself", () => {
  const party = new Party("PULL", {
    authorize: (_mechanism, _credentials, decided) =>
      decided({ ...ACCEPTED, userId: "alice", metadata: new Map([["Role", Buffer.from("guest")]]) }),
  });
  const claims = Buffer.concat([
    octets('07 "user-id" 00000004 "root" 04 "ROLE" 00000005 "admin" 03 "X-Y" 00000001 "z"'),
  ]);
  party.receive(Buffer.concat([greeting("NULL"), command("READY", claims)]));
  const said = (name: string): string | undefined => {
    const value = property(party.ready.metadata, name);
    return value && Buffer.from(value).toString();
  };
  for (const name of ["User-Id", "user-id", "USER-ID"]) assert.is(said(name), "alice");
  for (const name of ["Role", "ROLE", "role"]) assert.is(said(name), "guest");
  assert.is(said("X-Y"), "z");
  assert.is(party.ready.metadata.size, 3);
});

test("a peer cannot give itself a User-Id", () => {
  for (const name of ["User-Id", "USER-ID"]) {
    const party = new Party("PULL");
    party.receive(
      Buffer.concat([greeting("NULL"), command("READY", octets(`07 "${name}" 00000004 "root"`))]),
    );
    assert.is(property(party.ready.metadata, "User-Id"), undefined);
  }
});

test("to seal with NULL is a mistake of ours", () => {
  assert.throws(
    () => nullMechanism().create().seal([], 0, 0),
    (error: unknown) => error instanceof TypeError,
  );
});

test("a side that answers says nothing before the peer's READY, and asks about what that claims", () => {
  let decide = (_decision: Authorization): void => {};
  let claims: unknown;
  const party = new Party("PULL", {
    mechanism: nullMechanism("answer"),
    authorize: (_mechanism, _credentials, decided, claimed) => {
      claims = claimed === null ? null : Buffer.from(claimed.get("Socket-Type")!).toString();
      decide = decided;
    },
  });
  const peer = new Party("PUSH");
  party.output();
  party.receive(peer.output());
  assert.is(party.output().length, 0);
  peer.receive(party.written[0]!);
  party.receive(peer.output());
  assert.is(claims, "PUSH");
  assert.is(party.output().length, 0, "not before the decision");
  decide({ status: 200, text: "", userId: "somebody", metadata: new Map() });
  party.receive(Buffer.alloc(0));
  assert.ok(party.output().includes("READY"));
});

test.run();
