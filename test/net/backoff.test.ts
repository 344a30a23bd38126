/** Pauses between attempts to connect (RFC 37: random and growing). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Backoff } from "../../src/net/backoff.ts";

/** The next `count` pauses with randomness at its least. */
function pauses(backoff: Backoff, count: number, refused: boolean): number[] {
  return Array.from({ length: count }, () => backoff.next(refused));
}

test("without a maximum the pause does not grow, as with libzmq", () => {
  assert.equal(pauses(new Backoff(100, 0, () => 0), 4, false), [100, 100, 100, 100]);
});

test("with a maximum it doubles up to it, and a success begins anew", () => {
  const backoff = new Backoff(100, 500, () => 0);
  assert.equal(pauses(backoff, 5, false), [100, 200, 400, 500, 500]);
  backoff.reset();
  assert.equal(pauses(backoff, 1, false), [100]);
});

test("up to one interval is added at random", () => {
  assert.is(new Backoff(100, 0, () => 0.999).next(false), 199);
});

test("refused handshakes become no busy loop, whatever the interval", () => {
  for (const interval of [0, 1, 100]) {
    const backoff = new Backoff(interval, 0, () => 0);
    const list = pauses(backoff, 20, true);
    assert.ok(list.slice(1).every((pause) => pause >= 2));
    assert.is(list.at(-1), 30_000);
    assert.ok(list.reduce((sum, pause) => sum + pause) > 200_000);
  }
});

test.run();
