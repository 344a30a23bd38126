/** The feed harness passes a decoder that does not mind how its input is cut, and fails each kind that does. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Consumer, feedEveryWay } from "./feed.ts";

/** Reads strings with a length octet in front; refuses a length over 100 at once. */
class Strings implements Consumer<string[]> {
  #held: number[] = [];
  #out: string[] = [];

  push(chunk: Uint8Array): void {
    this.#held.push(...chunk);
    for (let size = this.#held[0]; size !== undefined; size = this.#held[0]) {
      if (size > 100) throw new RangeError(`length ${size}`);
      if (this.#held.length <= size) return;
      this.#out.push(String.fromCharCode(...this.#held.splice(0, size + 1).slice(1)));
    }
  }

  end(): string[] {
    return this.#out;
  }
}

const INPUT = Uint8Array.from([3, 97, 98, 99, 0, 2, 100, 101, 1, 102, 4, 103]);

function fails(fresh: () => Consumer<unknown>, input = INPUT): string {
  try {
    feedEveryWay(input, fresh);
  } catch (error) {
    const { message } = error as Error;
    assert.match(message, "differs from the same");
    return message;
  }
  throw new Error("the harness let it pass");
}

test("returns what came out when every way agrees", () => {
  assert.equal(
    feedEveryWay(INPUT, () => new Strings()),
    ["abc", "", "de", "f"],
  );
  assert.equal(
    feedEveryWay(new Uint8Array(), () => new Strings()),
    [],
  );
});

test("throws on the error that every way agrees on", () => {
  const refused = Uint8Array.from([1, 97, 101, 0]);
  assert.throws(
    () => feedEveryWay(refused, () => new Strings()),
    (error: unknown) => error instanceof RangeError && error.message === "length 101",
  );
});

test("finds a consumer that takes a chunk for a whole message", () => {
  const out: number[] = [];
  const naive = (): Consumer<number> => {
    out.length = 0;
    return { push: (chunk) => void out.push(chunk.length), end: () => out.length };
  };
  assert.match(fails(naive), "cut octet by octet");
});

test("finds a consumer that fails at one cut only", () => {
  const fussy = (): Consumer<number> => {
    let total = 0;
    return {
      push: (chunk) => {
        total += chunk.length;
        if (chunk.length === 7) total++;
      },
      end: () => total,
    };
  };
  assert.match(fails(fussy), "cut at 5 differs");
});

test("finds a consumer that reads the buffer under its chunk", () => {
  const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);
  const careless = (): Consumer<number> => {
    const sums: number[] = [];
    return { push: (chunk) => void sums.push(sum(new Uint8Array(chunk.buffer))), end: () => sum(sums) };
  };
  fails(careless);
});

test("finds an error that depends on the cut, and one that is thrown in some cuts only", () => {
  const telling = (): Consumer<void> => ({
    push: (chunk) => {
      throw new Error(`got ${chunk.length}`);
    },
    end: () => undefined,
  });
  fails(telling);
  let consumers = 0;
  const moody = (): Consumer<number> => {
    const nth = consumers++;
    return {
      push: () => {
        if (nth === 9) throw new Error("no");
      },
      end: () => 1,
    };
  };
  fails(moody);
});

test("feeds inputs too long for every split at both of their ends", () => {
  const cuts = new Set<number>();
  const watch = (): Consumer<number> => {
    let total = 0;
    let chunks = 0;
    return {
      push: (chunk) => {
        if (++chunks === 2) cuts.add(total);
        total += chunk.length;
      },
      end: () => total,
    };
  };
  assert.is(feedEveryWay(new Uint8Array(5000), watch, { randomSplits: 0 }), 5000);
  assert.ok([0, 1, 1024, 3976, 5000].every((cut) => cuts.has(cut)));
  assert.not.ok(cuts.has(2500));
});

test.run();
