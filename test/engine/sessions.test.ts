/** Recorded sessions give the same events however their octets are cut. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PeerError } from "../../src/errors.ts";
import { bySizes, type Cut, every, Party, whole } from "../support/engine-pair.ts";
import { type Session, sessions } from "../support/recorded.ts";

/** Lets a fresh engine read the session; checks what comes out. */
function replay(session: Session, chunks: readonly Buffer[], borrowed = true): Party {
  const party = new Party(session.socketType, { mechanism: session.mechanism(), borrowed });
  for (const chunk of chunks) party.receive(chunk);
  const { error } = party;
  assert.is(error instanceof PeerError ? error.code : error, session.error, session.name);
  assert.equal(party.items, session.items, session.name);
  return party;
}

for (const session of sessions()) {
  const all = Buffer.concat(session.segments);
  const as = (cut: Cut): Buffer[] => cut(all);

  test(session.name, () => {
    const expected = replay(session, session.segments);
    const output = expected.output();
    for (const cut of [whole, every(1), every(2), every(7), every(64), every(8192), every(65_536)]) {
      for (const borrowed of [true, false]) {
        const party = replay(session, as(cut), borrowed);
        assert.ok(party.output().equals(output), "the answers differ");
      }
    }
  });

  test(`${session.name}: every split in two`, () => {
    const points = Math.min(all.length, 600);
    for (let at = 1; at < points; at++) replay(session, [all.subarray(0, at), all.subarray(at)]);
  });

  test(`${session.name}: any split`, () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 20_000 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(sizes, fc.boolean(), (cuts, borrowed) => {
        replay(session, as(bySizes(cuts)), borrowed);
      }),
      { numRuns: 40 },
    );
  });

  test(`${session.name}: any beginning of it`, () => {
    for (let length = 0; length < Math.min(all.length, 400); length++) {
      const party = new Party(session.socketType, { mechanism: session.mechanism() });
      party.receive(all.subarray(0, length));
      assert.is(party.error, null);
      party.engine.end();
      assert.ok(party.items.length <= session.items.length);
    }
  });
}

test.run();
