import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type StoredTicket,
  type TicketScope,
  TicketStore,
} from "../../../src/mechanism/qzmq/ticket-store.ts";
import { NOW, seedOf } from "./pki.ts";
import { CERTIFIED } from "./ticket-state.ts";

const SCOPE: TicketScope = {
  endpoint: "tcp://broker.example:5555",
  serverName: "broker.example",
  trustDigest: seedOf("trust"),
  ownKey: seedOf("own"),
  mode: "hybrid",
  socketType: "DEALER",
  identity: Uint8Array.of(1),
};
const ticket = (name: string, expires = NOW + 100): StoredTicket => ({
  ticket: seedOf(name),
  psk: seedOf(`psk ${name}`),
  suite: Uint8Array.of(4, 2, 1, 1),
  server: CERTIFIED,
  expires,
  earlyLimit: 0,
  recordLimit: 262_144,
});
const isRangeError = (error: unknown) => error instanceof RangeError;

test("each ticket comes out once, the newest first", () => {
  const store = new TicketStore();
  for (const name of ["a", "b", "c"]) store.put(SCOPE, ticket(name));
  for (const name of ["c", "b", "a"]) assert.equal(store.take(SCOPE, NOW), ticket(name));
  assert.is(store.take(SCOPE, NOW), undefined);
  assert.is(store.size, 0);
});

const others: Record<keyof TicketScope, Partial<TicketScope>> = {
  endpoint: { endpoint: "tcp://broker.example:5556" },
  serverName: { serverName: "" },
  trustDigest: { trustDigest: seedOf("other trust") },
  ownKey: { ownKey: null },
  mode: { mode: "pq-only" },
  socketType: { socketType: "REQ" },
  identity: { identity: new Uint8Array(0) },
};
for (const [field, change] of Object.entries(others)) {
  test(`a ticket is no good for another ${field}`, () => {
    const store = new TicketStore();
    store.put(SCOPE, ticket("a"));
    assert.is(store.take({ ...SCOPE, ...change }, NOW), undefined);
    assert.equal(store.take({ ...SCOPE }, NOW), ticket("a"));
  });
}

test("fields of a scope do not run into each other", () => {
  const store = new TicketStore();
  store.put({ ...SCOPE, endpoint: 'a","b', serverName: "c" }, ticket("a"));
  assert.is(store.take({ ...SCOPE, endpoint: "a", serverName: 'b","c' }, NOW), undefined);
});

test("expired tickets do not come out, and are gone", () => {
  const store = new TicketStore();
  store.put(SCOPE, ticket("good", NOW + 2));
  store.put(SCOPE, ticket("old", NOW + 1));
  assert.equal(store.take(SCOPE, NOW + 1), ticket("good", NOW + 2));
  assert.is(store.size, 0);
  store.put(SCOPE, ticket("old", NOW));
  assert.is(store.take(SCOPE, NOW), undefined);
  assert.is(store.size, 0);
});

test("the store keeps a copy of the PSK", () => {
  const store = new TicketStore();
  const given = ticket("a");
  store.put(SCOPE, given);
  given.psk.fill(0);
  assert.equal(store.take(SCOPE, NOW)!.psk, seedOf("psk a"));
});

test("scopes and tickets are bounded; the least recently used go first", () => {
  const store = new TicketStore({ maxScopes: 2, maxPerScope: 2 });
  const scope = (endpoint: string) => ({ ...SCOPE, endpoint });
  for (const name of ["a1", "a2", "a3"]) store.put(scope("a"), ticket(name));
  for (const name of ["b1", "b2"]) store.put(scope("b"), ticket(name));
  assert.is(store.size, 4);
  assert.equal(store.take(scope("a"), NOW), ticket("a3"));
  store.put(scope("c"), ticket("c1"));
  assert.is(store.take(scope("b"), NOW), undefined);
  assert.equal(store.take(scope("a"), NOW), ticket("a2"));
  assert.equal(store.take(scope("c"), NOW), ticket("c1"));
});

/** The PSK copies that a store makes while `act` runs. */
function copiesDuring(
  act: (put: (scope: TicketScope, name: string) => void) => void,
  store: TicketStore,
): Uint8Array[] {
  const copies: Uint8Array[] = [];
  act((scope, name) => {
    const given = ticket(name);
    const slice = given.psk.slice.bind(given.psk);
    given.psk.slice = (...range) => {
      const copy = slice(...range);
      copies.push(copy);
      return copy;
    };
    store.put(scope, given);
  });
  return copies;
}

test("what is dropped is overwritten", () => {
  const store = new TicketStore({ maxScopes: 1, maxPerScope: 1 });
  const isWiped = (psk: Uint8Array) => psk.every((octet) => octet === 0);
  const copies = copiesDuring((put) => {
    put(SCOPE, "a");
    put(SCOPE, "pushes a out");
    put({ ...SCOPE, endpoint: "b" }, "pushes the scope out");
  }, store);
  assert.equal(copies.map(isWiped), [true, true, false]);
  store.forget({ ...SCOPE, endpoint: "b" });
  assert.equal(copies.map(isWiped), [true, true, true]);
  const [expired] = copiesDuring((put) => put(SCOPE, "c"), store);
  assert.is(store.take(SCOPE, NOW + 100), undefined);
  assert.ok(isWiped(expired!));
  const [left] = copiesDuring((put) => put(SCOPE, "d"), store);
  store.dispose();
  assert.ok(isWiped(left!));
  assert.is(store.size, 0);
});

test("forgetting a scope leaves others", () => {
  const store = new TicketStore();
  const other = { ...SCOPE, endpoint: "other" };
  store.put(SCOPE, ticket("a"));
  store.put(other, ticket("b"));
  store.forget(SCOPE);
  assert.is(store.take(SCOPE, NOW), undefined);
  assert.equal(store.take(other, NOW), ticket("b"));
});

test("bounds below one are refused", () => {
  assert.throws(() => new TicketStore({ maxScopes: 0 }), isRangeError);
  assert.throws(() => new TicketStore({ maxPerScope: 0.5 }), isRangeError);
});

test("whatever is put and taken, nothing comes out twice and bounds hold", () => {
  const step = fc.record({
    put: fc.boolean(),
    endpoint: fc.constantFrom("a", "b", "c", "d"),
    age: fc.nat({ max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const store = new TicketStore({ maxScopes: 3, maxPerScope: 2 });
      const seen = new Set<string>();
      for (const [i, { put, endpoint, age }] of steps.entries()) {
        const scope = { ...SCOPE, endpoint };
        if (put) store.put(scope, ticket(`${i} ${endpoint}`, NOW + age));
        else {
          const taken = store.take(scope, NOW + 2);
          if (taken === undefined) continue;
          const id = taken.ticket.toString();
          assert.not(seen.has(id));
          seen.add(id);
          assert.ok(taken.expires > NOW + 2);
        }
        assert.ok(store.size <= 6);
      }
    }),
  );
});

test.run();
