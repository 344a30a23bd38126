/**
 * Every sequence of messages up to a depth, said to both roles: what the specification's tables allow is done, and the
 * first message that they do not allow is refused, with the right cause. Sequences that begin with a refused one are
 * decided by it, so they are counted and not run again.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LETTERS, type Letter, type Rules, refusalOf, type State, tables } from "./oracle.ts";
import { Earner, recordSession, Speaker } from "./speaker.ts";
import { toyGround } from "./toy-ground.ts";

interface Counts {
  runs: number;
  /** Sequences of each length that are legal throughout. */
  legal: number[];
  /** Sequences that end the handshake, at whatever length. */
  completed: number;
  refused: number;
}

function explore(rules: Rules, depth: number): Counts {
  const ground = toyGround(rules);
  const earner = new Earner(ground, rules);
  const recorded = recordSession(ground.server, ground.client);
  const table = tables(rules);
  const counts: Counts = { runs: 0, legal: new Array<number>(depth + 1).fill(0), completed: 0, refused: 0 };

  /** Says a sequence that is legal up to its last letter, and checks what became of that. */
  const run = (sequence: readonly Letter[], from: State, to: State | undefined): void => {
    const speaker = new Speaker(ground, rules, recorded, earner.earn());
    const { victim } = speaker;
    const story = sequence.join(" ");
    sequence.forEach((letter, i) => {
      const last = i === sequence.length - 1;
      if (!last) {
        speaker.say(letter);
        assert.is(victim.error, null, `${story}: at ${i}`);
        return;
      }
      const delivered = victim.items.length;
      const before = speaker.messages;
      speaker.say(letter);
      if (to === undefined) {
        assert.is(victim.error?.code, refusalOf(from, letter), story);
        assert.is(victim.items.length, delivered, `${story}: nothing is delivered`);
        counts.refused++;
        return;
      }
      assert.is(victim.error, null, story);
      assert.is(victim.ready !== null, to.startsWith("E") || to === "over", story);
      if (from.startsWith("E")) assert.is(victim.items.length - delivered, speaker.messages - before, story);
      if (!from.startsWith("E") && to.startsWith("E")) counts.completed++;
    });
    counts.runs++;
    victim.dispose();
  };

  const walk = (sequence: readonly Letter[], state: State): void => {
    counts.legal[sequence.length]!++;
    if (sequence.length === depth) return;
    for (const letter of LETTERS) {
      // The user's wish does nothing before there is a connection, or after it.
      if (letter === "ask" && !state.startsWith("E")) continue;
      const next = table[state]![letter];
      const longer = [...sequence, letter];
      run(longer, state, next);
      if (next !== undefined) walk(longer, next);
    }
  };
  walk([], rules.role === "server" ? "S1" : "C1");
  return counts;
}

const setups: readonly (readonly [rules: Rules, depth: number])[] = [
  [{ role: "server", cookies: false, early: false }, 6],
  [{ role: "server", cookies: true, early: false }, 6],
  [{ role: "server", cookies: false, early: true }, 6],
  [{ role: "server", cookies: true, early: true }, 6],
  [{ role: "client", cookies: false, early: false }, 6],
  [{ role: "client", cookies: false, early: true }, 5],
];

for (const [rules, depth] of setups) {
  const { role, cookies, early } = rules;
  const title = `${role}${cookies ? ", cookies" : ""}${early ? ", early data" : ""}`;
  test(`${title}: all sequences of ${depth} out of ${LETTERS.length}`, () => {
    const { runs, legal, completed, refused } = explore(rules, depth);
    const all = LETTERS.length ** depth;
    console.log(
      `  ${title}: ${all} sequences of ${depth}, ${legal[depth]} of them legal throughout; ` +
        `${runs} runs, ${refused} refusals, ${completed} shortest ways through the handshake`,
    );
    assert.ok(completed > 0);
    assert.ok(refused > runs / 2);
  });
}

test.run();
