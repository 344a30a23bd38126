/** When a batch is written: what is sent in one go at once, a stream of small messages in fewer and larger writes. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pace } from "../../src/net/pace.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A batch, and the sizes in which it was flushed. */
class Batch {
  batched = 0;
  readonly flushed: number[] = [];
  readonly pace = new Pace(this, () => {
    if (this.batched > 0) this.flushed.push(this.batched);
    this.batched = 0;
  });

  /** Adds `count` items of `size` octets. */
  add(count: number, size: number): void {
    for (let i = 0; i < count; i++) {
      this.batched += size;
      this.pace.added();
    }
  }
}

test("what is sent in one go leaves in one write, in the same turn", async () => {
  const batch = new Batch();
  batch.add(255, 18);
  assert.equal(batch.flushed, []);
  await Promise.resolve();
  await new Promise<void>((resolve) => process.nextTick(resolve));
  assert.equal(batch.flushed, [255 * 18]);
});

test("a stream of small messages waits until they make a full record", async () => {
  const batch = new Batch();
  for (let i = 0; i < 12; i++) {
    batch.add(512, 18);
    await turn();
  }
  await turn();
  await turn();
  assert.is(
    batch.flushed.reduce((sum, size) => sum + size, 0),
    12 * 512 * 18,
  );
  assert.ok(batch.flushed.length <= 3, `${batch.flushed}`);
  assert.ok(batch.flushed[0]! >= 49_152);
});

test("who stops sending has waited one turn more, not for a full record", async () => {
  const batch = new Batch();
  batch.add(512, 18);
  await turn();
  await turn();
  assert.equal(batch.flushed, [512 * 18]);
});

test("the tiniest messages wait for eight turns, and then go", async () => {
  const batch = new Batch();
  for (let i = 0; i < 36; i++) {
    batch.add(256, 2);
    await turn();
  }
  assert.equal(batch.flushed, [4608, 4608, 4608, 4608]);
});

test("a turn of 255 messages does not make a batch wait, nor does one that is full to the octet", async () => {
  for (const [count, size, waits] of [
    [255, 2, false],
    [256, 2, true],
    [384, 127, true],
    [384, 128, false],
  ] as const) {
    const batch = new Batch();
    batch.add(count, size);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    assert.equal(batch.flushed, waits ? [] : [count * size]);
    await turn();
    await turn();
    assert.equal(batch.flushed, [count * size]);
  }
});

test("messages that fill a record in one turn do not wait", async () => {
  const batch = new Batch();
  batch.add(512, 100);
  await new Promise<void>((resolve) => process.nextTick(resolve));
  assert.equal(batch.flushed, [51_200]);
});

test("after `later` nothing is flushed before the next turn", async () => {
  const batch = new Batch();
  let told = 0;
  batch.pace.later(() => told++);
  batch.add(1, 10);
  await new Promise<void>((resolve) => process.nextTick(resolve));
  assert.equal(batch.flushed, []);
  await turn();
  assert.is(told, 1);
  batch.add(1, 10);
  await new Promise<void>((resolve) => process.nextTick(resolve));
  assert.equal(batch.flushed, [20]);
});

test("also when something was to be flushed already, and once however often it is asked for", async () => {
  for (const count of [1, 300]) {
    const batch = new Batch();
    let told = 0;
    const task = (): void => {
      told++;
      assert.equal(batch.flushed, [], "not before");
    };
    batch.add(count, 10);
    batch.pace.later(task);
    batch.pace.later(task);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    assert.equal(batch.flushed, []);
    await turn();
    await turn();
    assert.is(told, 1);
  }
});

test.run();
