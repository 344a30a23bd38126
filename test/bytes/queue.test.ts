import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Queue } from "../../src/bytes/queue.ts";

type Step = ["push" | "unshift" | "fill", number] | ["shift" | "peek" | "clear" | "empty"];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom("push" as const, "unshift" as const), fc.nat()) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("fill" as const), fc.integer({ min: 1, max: 3000 })) },
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom("shift" as const, "peek" as const)) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom("clear" as const, "empty" as const)) },
);

test("a queue behaves as an array does, whatever is done to it", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new Queue<number>();
      let model: number[] = [];
      for (const [name, value] of steps) {
        if (name === "push") {
          queue.push(value);
          model.push(value);
        } else if (name === "unshift") {
          queue.unshift(value);
          model.unshift(value);
        } else if (name === "fill") {
          for (let i = 0; i < value; i++) {
            queue.push(i);
            model.push(i);
          }
        } else if (name === "shift") assert.is(queue.shift(), model.shift());
        else if (name === "peek") assert.is(queue.peek(), model[0]);
        else if (name === "empty") {
          for (const expected of model) if (queue.shift() !== expected) assert.unreachable("out of order");
          model = [];
        } else {
          queue.clear();
          model = [];
        }
        assert.is(queue.length, model.length);
      }
      for (const expected of model) if (queue.shift() !== expected) assert.unreachable("out of order");
      assert.is(queue.shift(), undefined);
    }),
  );
});

test("a queue that wraps around grows in order", () => {
  const queue = new Queue<number>();
  for (let i = 0; i < 10; i++) queue.push(i);
  for (let i = 0; i < 10; i++) queue.shift();
  for (let i = 0; i < 40; i++) queue.push(i);
  for (let i = 0; i < 40; i++) assert.is(queue.shift(), i);
});

test("undefined is told from emptiness by length", () => {
  const queue = new Queue<undefined>();
  queue.push(undefined);
  assert.is(queue.length, 1);
  assert.is(queue.shift(), undefined);
  assert.is(queue.length, 0);
});

test.run();
