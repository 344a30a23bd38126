/** The rotation machine alone: every cell of its table, and two of them with messages under way in any order. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PeerError } from "../../../src/errors.ts";
import type { Role } from "../../../src/mechanism/qzmq/certificate.ts";
import {
  ask,
  LAST_EPOCH,
  ROTATION_START,
  type Rotation,
  readAck,
  readConfirm,
  readUpdate,
  receiveKey,
  UpdateBudget,
} from "../../../src/mechanism/qzmq/rotation.ts";

function closes(run: () => unknown): void {
  assert.throws(run, (error: unknown) => error instanceof PeerError && error.code === "ERR_QZMQ_ROTATION");
}

const steady: Rotation = { kind: "steady", epoch: 5 };
const asked: Rotation = { kind: "asked", epoch: 5, crossed: false };
const crossed: Rotation = { kind: "asked", epoch: 5, crossed: true };
const answered: Rotation = { kind: "answered", epoch: 5 };

test("every state and input", () => {
  assert.equal(ask(steady), asked);
  for (const state of [asked, crossed, answered]) assert.is(ask(state), null);
  assert.is(ask({ kind: "steady", epoch: LAST_EPOCH }), null);

  for (const role of ["client", "server"] as const) {
    assert.equal(readUpdate(steady, role, 6), { state: answered, answer: "answer" });
    closes(() => readUpdate(answered, role, 6));
    for (const state of [steady, asked])
      for (const id of [0, 5, 7]) closes(() => readUpdate(state, role, id));
  }
  assert.equal(readUpdate(asked, "server", 6), { state: answered, answer: "yield" });
  assert.equal(readUpdate(asked, "client", 6), { state: crossed, answer: "ignore" });
  closes(() => readUpdate(crossed, "client", 6));

  for (const state of [asked, crossed]) assert.equal(readAck(state, 6), { kind: "steady", epoch: 6 });
  for (const state of [steady, answered]) closes(() => readAck(state, 6));
  for (const id of [5, 7]) closes(() => readAck(asked, id));

  assert.equal(readConfirm(answered, 6), { kind: "steady", epoch: 6 });
  for (const state of [steady, asked, crossed]) closes(() => readConfirm(state, 6));
  for (const id of [5, 7]) closes(() => readConfirm(answered, id));
});

test("which key opens a record", () => {
  for (const state of [steady, asked, crossed, answered]) assert.is(receiveKey(state, 5), "current");
  assert.is(receiveKey(answered, 6), "next");
  for (const state of [steady, asked, crossed]) closes(() => receiveKey(state, 6));
  for (const state of [steady, answered]) closes(() => receiveKey(state, 4));
  assert.is(receiveKey({ kind: "answered", epoch: 255 }, 0), "next");
  assert.is(receiveKey({ kind: "answered", epoch: 255 }, 255), "current");
});

type Note = "update" | "ack" | "confirm" | "data";
interface Side {
  readonly role: Role;
  state: Rotation;
  /** Epoch it seals under. */
  sealing: number;
  /** Records under way to it, in order. */
  readonly inbox: { readonly epoch: number; readonly note: Note }[];
}

test("two sides agree on epochs whatever the order of reading and asking", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.constantFrom("ask", "read", "data")), { maxLength: 200 }),
      (script) => {
        const make = (role: Role): Side => ({ role, state: ROTATION_START, sealing: 0, inbox: [] });
        const sides = [make("client"), make("server")] as const;
        const put = (from: Side, note: Note) => {
          const to = from === sides[0] ? sides[1] : sides[0];
          to.inbox.push({ epoch: from.sealing, note });
        };
        const read = (side: Side) => {
          const record = side.inbox.shift();
          if (record === undefined) return;
          const key = receiveKey(side.state, record.epoch % 256);
          assert.is(
            record.epoch,
            key === "next" ? side.state.epoch + 1 : side.state.epoch,
            "opened under its own key",
          );
          if (key === "next") assert.is(record.note, "confirm");
          if (record.note === "update") {
            const { state, answer } = readUpdate(side.state, side.role, side.state.epoch + 1);
            side.state = state;
            if (answer === "ignore") return;
            put(side, "ack");
            side.sealing++;
          } else if (record.note === "ack") {
            side.state = readAck(side.state, side.state.epoch + 1);
            side.sealing++;
            put(side, "confirm");
          } else if (record.note === "confirm") {
            side.state = readConfirm(side.state, side.state.epoch + 1);
          }
        };
        for (const [which, action] of script) {
          const side = sides[which ? 1 : 0];
          if (action === "read") read(side);
          else if (action === "data") put(side, "data");
          else {
            const state = ask(side.state);
            if (state === null) continue;
            side.state = state;
            put(side, "update");
          }
        }
        while (sides[0].inbox.length + sides[1].inbox.length > 0) for (const side of sides) read(side);
        assert.equal(sides[0].state, sides[1].state);
        assert.is(sides[0].state.kind, "steady");
        assert.is(sides[0].sealing, sides[1].sealing);
      },
    ),
    { numRuns: 500 },
  );
});

test("the budget: a burst, then one for each interval, and no more for having waited", () => {
  const budget = new UpdateBudget(8, 1000, 0);
  for (let i = 0; i < 8; i++) assert.is(budget.take(0), true);
  assert.is(budget.take(999), false);
  assert.is(budget.next, 1000);
  assert.is(budget.take(1000), true);
  assert.is(budget.take(1500), false);
  for (let i = 0; i < 8; i++) assert.is(budget.take(1_000_000), true);
  assert.is(budget.take(1_000_000), false);
});

test.run();
