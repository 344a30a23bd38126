/** Mistakes in the security option are told where they are made, with what was expected. */
import { once } from "node:events";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push, qzmq } from "../../src/index.ts";
import { PROVIDER } from "../../src/security.ts";
import { within } from "../support/within.ts";
import { alice, aliceClient, bob, bobServer, pinned } from "./sockets.ts";

const PIN = { fingerprint: bob.fingerprint, name: "bob" };

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
  [
    "a trust made for a weaker mode",
    () => client({ mode: "pq-only", trust: new qzmq.Trust(PROVIDER, { mode: "classical", pins: [PIN] }) }),
    /trust: made for mode classical, not pq-only/,
  ],
  ["a socket with something else", () => new Push({ security: {} as never }), /Security must be an object/],
];

for (const [title, call, text] of CASES) {
  test(title, () => assert.throws(call, text));
}

test("a secured socket refuses inproc, where no mechanism runs", async () => {
  const pull = new Pull({ security: bobServer() });
  const push = new Push({ security: aliceClient() });
  const refused = (error: unknown): boolean => (error as { code?: string }).code === "ENOTSUP";
  await pull.bind("inproc://secured").then(
    () => assert.unreachable("it was bound"),
    (error: unknown) => assert.ok(refused(error)),
  );
  assert.throws(() => pull.bindSync("inproc://secured"), refused);
  assert.throws(() => push.connect("inproc://secured"), refused);
  pull.close();
  push.close();
});

test("mode classical warns", async () => {
  const warned = once(process, "warning");
  server({ identity: bob, mode: "classical" });
  const [warning] = (await within(10_000, warned, "the warning")) as [Error];
  assert.match(warning.message, /classical does not resist a quantum computer/);
});

test("what they are right with", () => {
  assert.ok(server({ identity: [bob, alice] }) instanceof qzmq.Security);
  assert.ok(client({ trust: pinned(bob) }) instanceof qzmq.Security);
});

test.run();
