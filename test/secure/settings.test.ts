/** Mistakes in the security option are told where they are made, with what was expected. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Push, qzmq } from "../../src/index.ts";
import { alice, bob, pinned } from "./sockets.ts";

/** Calls with arguments that the types forbid. */
const server = qzmq.server as (options: object) => unknown;
const client = qzmq.client as (options: object) => unknown;

const CASES: readonly [string, () => unknown, RegExp][] = [
  ["a server without identity", () => server({}), /identity: expected what generateIdentity/],
  ["a server with a name for identity", () => server({ identity: "bob" }), /identity: expected/],
  ["a server with no identity in its list", () => server({ identity: [] }), /at least one identity/],
  ["a client without trust", () => client({}), /trust: expected pins, authorities or files/],
  [
    "a client that trusts nobody",
    () => client({ trust: {} }),
    /nothing is trusted: give pins or authorities/,
  ],
  [
    "a client with a key for identity",
    () => client({ trust: pinned(bob), identity: {} }),
    /identity: expected/,
  ],
  ["a pin that is none", () => client({ trust: { pins: ["bob"] } }), /64 lower-case hexadecimal digits/],
  [
    "clientAuth without trust",
    () => server({ identity: bob, clientAuth: "required" }),
    /needs trust in clients/,
  ],
  ["a suite that does not exist", () => client({ trust: pinned(bob), suites: ["none"] }), /suite/],
  [
    "too few messages for a key",
    () => server({ identity: bob, maxMessages: 7 }),
    /maxMessages: an integer in 8\.\./,
  ],
  ["a name that is none", () => client({ trust: pinned(bob), serverName: "no name" }), /serverName: /],
  ["a socket with something else", () => new Push({ security: {} as never }), /Security must be an object/],
];

for (const [title, call, text] of CASES) {
  test(title, () => assert.throws(call, text));
}

test("what they are right with", () => {
  assert.ok(server({ identity: [bob, alice] }) instanceof qzmq.Security);
  assert.ok(client({ trust: pinned(bob) }) instanceof qzmq.Security);
});

test.run();
