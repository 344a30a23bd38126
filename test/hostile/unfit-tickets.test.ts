/** Tickets that do not resume: a full handshake follows, and the reason stays here. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { qzmqServer } from "../../src/mechanism/qzmq/index.ts";
import { Trust } from "../../src/mechanism/qzmq/trust.ts";
import { extension } from "../support/naive-client.ts";
import { bytes, u8, v8 } from "../support/naive-codec.ts";
import { provider } from "../support/qzmq-identities.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { alice, bob, flip, type Ground, ground, key } from "./scene.ts";
import { earn, resumed, returning, type Ticket } from "./tickets.ts";

/** What a ticket has against it leads to a full handshake, by this cause. */
const causes = suite("tickets that do not resume");
type Unfit = (on: Ground) => {
  readonly ticket: Ticket;
  readonly extensions?: Buffer;
  readonly suites?: string;
};
const unfit: readonly (readonly [name: string, cause: string, make: Unfit])[] = [
  ["garbage", "foreign", () => ({ ticket: { ticket: bytes("garbage"), psk: Buffer.alloc(32) } })],
  ["one octet", "foreign", () => ({ ticket: { ticket: u8(0), psk: Buffer.alloc(32) } })],
  ...[0, 1, 13, 200, -1].map((at): (typeof unfit)[number] => [
    `octet ${at} turned over`,
    "foreign",
    (on) => {
      const earned = earn(on);
      return { ticket: { ...earned, ticket: flip(earned.ticket, at < 0 ? earned.ticket.length + at : at) } };
    },
  ]),
  ["cut short", "foreign", (on) => ({ ticket: { ...earn(on), ticket: earn(on).ticket.subarray(0, -1) } })],
  ["longer", "foreign", (on) => ({ ticket: { ...earn(on), ticket: bytes(earn(on).ticket, "\0") } })],
  [
    "used",
    "used",
    (on) => {
      const ticket = earn(on);
      resumed(on, ticket).victim.dispose();
      return { ticket };
    },
  ],
  [
    "expired",
    "expired",
    (on) => {
      const ticket = earn(on);
      on.clock.now += 60_000;
      return { ticket };
    },
  ],
  [
    "for another server_name",
    "server-name",
    (on) => ({ ticket: earn(on), extensions: extension(0, "carol") }),
  ],
  ["for a server_name, used without", "server-name", (on) => ({ ticket: earn(on, {}, extension(0, "bob")) })],
  [
    "with its suite not offered",
    "suite-not-offered",
    (on) => ({ ticket: earn(on), suites: "\x04\x02\x02\x01" }),
  ],
  [
    "after the full handshake was too long ago",
    "auth-age",
    (on) => {
      const ticket = earn(on);
      on.clock.now += 31_000;
      return { ticket };
    },
  ],
];
for (const [name, cause, make] of unfit) {
  causes(`a ticket: ${name}`, async () => {
    const on = await ground({ server: { tickets: { lifetime: 60, maxAuthAge: 30 } } });
    const { ticket, extensions, suites } = make(on);
    const scene = returning(on, ticket);
    const { peer } = scene;
    if (extensions) peer.extensions = extensions;
    // The suite that is offered in its place is the other AEAD's, which the naive client does not go on with.
    scene.say(peer.hello(suites === undefined ? {} : { suites: v8(suites) }));
    assert.equal(on.server.counters.ticketsRefused, { [cause]: 1 });
    if (suites === undefined) {
      peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
      assert.is(peer.resumed, false);
      key(scene, "established");
      assert.is(scene.victim.mechanism.facts?.["resumed"], false);
    }
    assert.is(scene.victim.error, null);
    assert.ok(on.bystanders.talk());
    scene.victim.dispose();
  });
}

/** Tickets of one server at another that shares nothing, or that has changed its mind. */
causes("a ticket of another listener", async () => {
  const one = await ground({ server: { tickets: {} } });
  const two = await ground({ server: { tickets: {}, random: seededRandom("another listener") } });
  const scene = returning(two, earn(one));
  scene.say(scene.peer.hello());
  scene.peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
  assert.is(scene.peer.resumed, false);
  assert.equal(two.server.counters.ticketsRefused, { foreign: 1 });
});

causes("an anonymous client's ticket, once certificates are required", async () => {
  let required = false;
  const on = await ground({ server: { clientAuth: "optional", tickets: {} } });
  const trust = new Trust(provider, {
    mode: "hybrid",
    pins: [{ fingerprint: alice.fingerprint, name: "alice" }],
  });
  const server = qzmqServer({
    ...{ provider, unixTime: on.clock.read, identities: () => [bob], trust: () => trust, tickets: {} },
    get clientAuth() {
      return required ? ("required" as const) : ("optional" as const);
    },
  });
  const ticket = earn({ ...on, server }, { identity: null });
  required = true;
  const scene = returning({ ...on, server }, ticket, { identity: null });
  scene.say(scene.peer.hello());
  scene.peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
  assert.is(scene.peer.resumed, false);
});

causes("a client whose pin is gone since", async () => {
  const make = (name: string) =>
    new Trust(provider, { mode: "hybrid", pins: [{ fingerprint: alice.fingerprint, name }] });
  let trust = make("alice");
  const on = await ground({ server: { tickets: {}, trust: () => trust } });
  const ticket = earn(on);
  trust = make("eve");
  const scene = returning(on, ticket);
  scene.say(scene.peer.hello());
  scene.peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
  assert.is(scene.peer.resumed, false, "the context was renewed with the trust");
});

causes("a used-up memory of used tickets: nothing resumes", async () => {
  const on = await ground({ server: { tickets: { maxUsed: 1 } } });
  const [one, two] = [earn(on), earn(on)];
  resumed(on, one).victim.dispose();
  const scene = returning(on, two);
  scene.say(scene.peer.hello());
  scene.peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
  assert.is(scene.peer.resumed, false);
  assert.equal(on.server.counters.ticketsRefused, { full: 1 });
});

causes.run();
