import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Random } from "../../../src/crypto/provider.ts";
import { hex } from "../../../src/mechanism/qzmq/algorithm.ts";
import type { TicketState } from "../../../src/mechanism/qzmq/ticket.ts";
import { encodeTicket } from "../../../src/mechanism/qzmq/ticket.ts";
import { MAX_TICKET, TicketKeys, type TicketKeysOptions } from "../../../src/mechanism/qzmq/ticket-keys.ts";
import { counting, flip, NOW, provider } from "./pki.ts";
import { STATE } from "./ticket-state.ts";

const HOUR = 3600;

function keysWith(options: TicketKeysOptions = {}, random: Random = counting()) {
  const keys = new TicketKeys(provider, random, options);
  const seal = (now = NOW, change: Partial<TicketState> = {}) =>
    keys.seal({ ...STATE, context: keys.context, expires: now + keys.lifetime, ...change }, now)!;
  const open = (ticket: Uint8Array, now = NOW) => {
    const outcome = keys.open(ticket, now);
    return outcome.kind === "refused" ? outcome.cause : "opened";
  };
  return { keys, seal, open };
}

test("what is sealed opens, once", () => {
  const { keys, seal } = keysWith();
  const ticket = seal();
  const opened = keys.open(ticket, NOW);
  assert.ok(opened.kind === "opened");
  assert.equal(opened.state, { ...STATE, context: keys.context, expires: NOW + 7200 });
  assert.equal(keys.open(ticket, NOW), { kind: "refused", cause: "used" });
});

test("the layout is key number, nonce, ciphertext and tag, with the first two authenticated", () => {
  const drawn: Uint8Array[] = [];
  const source = counting();
  const recorded: Random = (length) => {
    const octets = source(length);
    drawn.push(octets.slice());
    return octets;
  };
  const { keys, seal } = keysWith({}, recorded);
  const ticket = seal();
  const [context, secret, nonce] = drawn as [Uint8Array, Uint8Array, Uint8Array];
  const head = Uint8Array.of(0, ...nonce);
  const plaintext = encodeTicket({ ...STATE, context, expires: NOW + 7200 })!;
  const sealed = provider.aeads["AES-256-GCM"].key(secret).seal(nonce, head, [plaintext]);
  assert.is(hex(ticket), hex(Buffer.concat([head, ...sealed])));
  assert.is(hex(keys.context), hex(context));
  assert.ok(ticket.length <= MAX_TICKET);
});

test("every octet matters, and so does the length", () => {
  const { seal, open } = keysWith();
  const ticket = seal();
  for (let at = 0; at < ticket.length; at++)
    assert.is(open(flip(ticket, at, at % 8)), "foreign", `octet ${at}`);
  for (let length = 0; length < ticket.length; length++)
    assert.is(open(ticket.subarray(0, length)), "foreign");
  assert.is(open(Uint8Array.of(...ticket, 0)), "foreign");
  assert.is(open(ticket), "opened");
});

test("tickets of other keys are foreign", () => {
  const other: Random = (length) => new Uint8Array(length).fill(9);
  assert.is(keysWith().open(keysWith({}, other).seal()), "foreign");
});

test("a ticket with another context inside is told apart", () => {
  const { seal, open } = keysWith();
  assert.is(open(seal(NOW, { context: STATE.context })), "context");
});

test("a sealed plaintext that is no ticket is malformed", () => {
  const source = counting();
  const secrets: Uint8Array[] = [];
  const { seal, open } = keysWith({}, (length) => {
    const octets = source(length);
    if (length === 32) secrets.push(octets.slice());
    return octets;
  });
  const head = seal().subarray(0, 13);
  const sealed = provider.aeads["AES-256-GCM"]
    .key(secrets[0]!)
    .seal(head.subarray(1), head, [new Uint8Array(256)]);
  assert.is(open(new Uint8Array(Buffer.concat([head, ...sealed]))), "malformed");
});

test("tickets expire to the second, and are not made expired or too long-lived", () => {
  const { keys, seal, open } = keysWith({ lifetime: 100 });
  const [first, second] = [seal(), seal()];
  assert.is(open(first, NOW + 99), "opened");
  assert.is(open(second, NOW + 100), "expired");
  const state = { ...STATE, context: keys.context };
  assert.is(keys.seal({ ...state, expires: NOW }, NOW), null);
  assert.throws(() => keys.seal({ ...state, expires: NOW + 101 }, NOW), /too long/);
});

test("a state too large gives no ticket", () => {
  const { keys } = keysWith();
  const client = { ...STATE.client!, identity: "i".repeat(4000) };
  assert.is(keys.seal({ ...STATE, client, expires: NOW + 1 }, NOW), null);
});

test("a key seals for an hour, and opens until its last ticket has expired", () => {
  const { seal, open } = keysWith({ lifetime: 2 * HOUR });
  const early = seal(NOW);
  const last = seal(NOW + HOUR - 1);
  const later = seal(NOW + HOUR);
  assert.equal([early[0], last[0], later[0]], [0, 0, 1]);
  assert.is(open(last, NOW + 3 * HOUR - 2), "opened");
  assert.is(open(early, NOW + 3 * HOUR - 2), "expired");
  // The second after, the first key is gone and the other is not.
  assert.is(open(early, NOW + 3 * HOUR), "foreign");
  assert.is(open(later, NOW + 3 * HOUR - 1), "opened");
});

test("a key seals so many tickets and no more", () => {
  const { seal, open } = keysWith({ maxPerKey: 2 });
  const tickets = [seal(), seal(), seal()];
  assert.equal(
    tickets.map((ticket) => ticket[0]),
    [0, 0, 1],
  );
  for (const ticket of tickets) assert.is(open(ticket), "opened");
});

test("erased keys are overwritten", () => {
  const wiped: number[] = [];
  let made = 0;
  const watched = Object.create(provider, {
    aeads: {
      value: {
        "AES-256-GCM": {
          key(secret: Uint8Array) {
            const number = made++;
            const aead = provider.aeads["AES-256-GCM"].key(secret);
            return { seal: aead.seal.bind(aead), open: aead.open.bind(aead), wipe: () => wiped.push(number) };
          },
        },
      },
    },
  });
  const keys = new TicketKeys(watched, counting(), { lifetime: 10 });
  const state = (now: number) => ({ ...STATE, context: keys.context, expires: now + 10 });
  keys.seal(state(NOW), NOW);
  keys.seal(state(NOW + HOUR), NOW + HOUR);
  assert.equal(wiped, [0]);
  keys.dispose();
  assert.equal(wiped, [0, 1]);
});

test("numbers go round, and never two keys have one", () => {
  const { seal, open } = keysWith({ lifetime: 86_400 });
  let tickets: Uint8Array[] = [];
  for (let hour = 0; hour < 300; hour++) {
    const now = NOW + hour * HOUR;
    const ticket = seal(now);
    assert.is(ticket[0], hour % 256);
    tickets = [...tickets, ticket].slice(-24);
    assert.is(open(tickets[0]!, now), "opened", `hour ${hour}`);
    tickets[0] = seal(now);
  }
});

test("however the clock jumps, keys are bounded, and the newest ticket opens", () => {
  const { seal, open } = keysWith({ lifetime: 86_400 });
  const first = seal(NOW);
  for (let i = 1; i <= 40; i++) {
    const now = NOW - i * HOUR;
    assert.is(open(seal(now), now), "opened");
  }
  assert.is(open(first, NOW - 40 * HOUR), "foreign");
});

test("used tickets are remembered in a bounded set, freed as they expire", () => {
  const { seal, open } = keysWith({ lifetime: 100, maxUsed: 2 });
  const used = [seal(), seal()];
  for (const ticket of used) assert.is(open(ticket), "opened");
  const third = seal(NOW + 50);
  assert.is(open(third, NOW + 50), "full");
  assert.is(open(used[0]!, NOW + 50), "used");
  // Looked through once a second at most: what expires within that second is found in the next one.
  assert.is(open(third, NOW + 100), "opened");
  assert.is(open(third, NOW + 100), "used");
});

test("after dispose nothing opens", () => {
  const { keys, seal, open } = keysWith();
  const ticket = seal();
  keys.dispose();
  assert.is(open(ticket), "foreign");
});

test("settings out of bounds are refused", () => {
  for (const lifetime of [0, 86_401, 1.5, -1]) assert.throws(() => keysWith({ lifetime }), /lifetime/);
  for (const maxUsed of [0, 1.5]) assert.throws(() => keysWith({ maxUsed }), /maxUsed/);
  for (const maxPerKey of [0, 2 ** 32 + 1]) assert.throws(() => keysWith({ maxPerKey }), /maxPerKey/);
  assert.is(keysWith({ lifetime: 86_400 }).keys.lifetime, 86_400);
});

test.run();
