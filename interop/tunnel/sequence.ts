/**
 * What may become of a stream of numbers that is cut some times on its way.
 *
 * ZeroMQ promises for one connection: whole messages, in order, none twice. A connection that is cut loses what was
 * under way on it: messages that the sender's socket had handed to the connection and that the receiver's socket had
 * not read from it. Those are one run of numbers for each cut. (PUB and ROUTER also drop what is sent until the peer
 * is back: the same run, only longer.) Between messages of different connections there is no order: those of the new
 * one may be read while some of the old one still wait.
 */
import * as assert from "uvu/assert";

/** Checks numbers in the order in which they were received against all that this says. */
export function checkSequence(name: string, received: readonly number[], cuts: number): void {
  assert.is(new Set(received).size, received.length, `${name}: none doubled`);
  const order = chains(received);
  assert.ok(order <= cuts + 1, `${name}: the order of each connection (${order} runs for ${cuts} cuts)`);
  const sorted = [...received].sort((a, b) => a - b);
  const gaps = sorted.filter((number, i) => i > 0 && number !== sorted[i - 1]! + 1).length;
  assert.ok(gaps <= cuts, `${name}: one loss a cut at most, not ${gaps}`);
}

/** The least number of rising sequences of which `numbers` can be a mixture. */
function chains(numbers: readonly number[]): number {
  const ends: number[] = [];
  for (const number of numbers) {
    // The greatest end below: greedy, and minimal (Dilworth).
    let best = -1;
    for (const [i, end] of ends.entries()) if (end < number && (best < 0 || end > ends[best]!)) best = i;
    if (best < 0) ends.push(number);
    else ends[best] = number;
  }
  return ends.length;
}
