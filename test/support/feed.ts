/**
 * The feed harness: a stream decoder must come to the same result however the stream was cut into chunks.
 * Gives one input whole, octet by octet, in every split into two, and in seeded random splits.
 */
import * as assert from "uvu/assert";
import { seeded } from "./random.ts";

/** A decoder under test, fresh for each way of feeding. */
export interface Consumer<R> {
  /** Takes the next chunk, which may be empty. The chunk is the consumer's to keep. */
  push(chunk: Uint8Array): void;
  /** Called once after the last chunk: everything that came out, in a form that compares by value. */
  end(): R;
}

export interface FeedOptions {
  /** How many random splits, each into up to eight chunks. Default 20. */
  readonly randomSplits?: number;
  /** Seed of the random splits. Default 1. */
  readonly seed?: number;
}

/** Inputs longer than twice this get a split in two only within this many octets of either end: all would take n^2. */
const SPLIT_WINDOW = 1024;

/**
 * Feeds `bytes` in every way to consumers made by `fresh` and asserts that all agree with the input fed whole.
 * A consumer that throws must do so each time, with the same name, code and message; that error is then thrown
 * on, so `assert.throws` around the call tests a refusal in every split.
 *
 * @returns what the consumer returned for the input fed whole.
 */
export function feedEveryWay<R>(bytes: Uint8Array, fresh: () => Consumer<R>, options: FeedOptions = {}): R {
  const whole = outcome(bytes, [], fresh);
  for (const cuts of everyWay(bytes.length, options)) {
    const other = outcome(bytes, cuts, fresh);
    assert.equal(
      other,
      whole,
      `cut ${describe(cuts, bytes.length)} differs from the same ${bytes.length} octets whole`,
    );
  }
  if ("error" in whole) throw whole.thrown();
  return whole.result;
}

type Outcome<R> =
  | { readonly result: R }
  | { readonly error: { name: string; code: unknown; message: string }; readonly thrown: () => unknown };

function outcome<R>(bytes: Uint8Array, cuts: readonly number[], fresh: () => Consumer<R>): Outcome<R> {
  const consumer = fresh();
  try {
    let start = 0;
    for (const end of [...cuts, bytes.length]) {
      consumer.push(chunk(bytes, start, end));
      start = end;
    }
    return { result: consumer.end() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { name, message } = error;
    // Compared by value: the error itself, with its stack, is kept out of the comparison.
    const refused = { error: { name, code: "code" in error ? error.code : undefined, message } };
    return Object.defineProperty(refused, "thrown", { value: () => error }) as Outcome<R>;
  }
}

/** A copy that does not begin at offset 0 of its buffer: a consumer that reads `chunk.buffer` by itself gets it wrong. */
function chunk(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const room = new Uint8Array(end - start + 16).fill(0xa5);
  const view = room.subarray(8, 8 + end - start);
  view.set(bytes.subarray(start, end));
  return view;
}

function* everyWay(length: number, { randomSplits = 20, seed = 1 }: FeedOptions): Generator<number[]> {
  yield Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
  for (let cut = 0; cut <= length; cut++) {
    if (cut <= SPLIT_WINDOW || cut >= length - SPLIT_WINDOW) yield [cut];
  }
  const random = seeded(seed);
  for (let i = 0; i < randomSplits; i++) {
    const cuts = Array.from({ length: 1 + Math.floor(random() * 7) }, () =>
      Math.floor(random() * (length + 1)),
    );
    yield cuts.sort((a, b) => a - b);
  }
}

function describe(cuts: readonly number[], length: number): string {
  return cuts.length === length - 1 && cuts.length > 1 ? "octet by octet" : `at ${cuts.join(", ")}`;
}
