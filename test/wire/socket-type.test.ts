/** Socket types: who may talk to whom (RFC 37, "Socket-Type"), and libzmq's numbers. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  announcesIdentity,
  isCompatible,
  SOCKET_TYPE_NUMBER,
  type SocketType,
} from "../../src/wire/socket-type.ts";

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

test("RFC 37 Socket-Type: the table of valid combinations, and nothing else", () => {
  const valid = [
    "PAIR PAIR",
    "PUB SUB",
    "PUB XSUB",
    "XPUB SUB",
    "XPUB XSUB",
    "REQ REP",
    "REQ ROUTER",
    "REP DEALER",
    "DEALER DEALER",
    "DEALER ROUTER",
    "ROUTER ROUTER",
    "PUSH PULL",
  ];
  for (const own of TYPES) {
    for (const peer of TYPES) {
      const expected = valid.includes(`${own} ${peer}`) || valid.includes(`${peer} ${own}`);
      assert.is(isCompatible(own, peer), expected, `${own} ${peer}`);
    }
    for (const peer of ["", "pair", "SERVER", "__proto__"]) assert.not(isCompatible(own, peer));
  }
});

test("RFC 37 Identity: announced by REQ, DEALER and ROUTER", () => {
  assert.equal(TYPES.filter(announcesIdentity), ["REQ", "DEALER", "ROUTER"]);
});

test("zmq.h: the types' numbers are their places in its list", () => {
  for (const [number, type] of TYPES.entries()) assert.is(SOCKET_TYPE_NUMBER[type], number);
});

test.run();
