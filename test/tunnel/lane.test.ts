/** One direction of a relayed connection, with sessions that take and resume as told. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Session } from "../../src/net/session.ts";
import { Lane } from "../../src/tunnel/lane.ts";
import { type PipeItem, SubscriptionChange } from "../../src/wire/message.ts";

class FakeSession {
  readonly taken: string[] = [];
  room = Number.POSITIVE_INFINITY;
  resumed = 0;
  /** Called from within `take`. */
  onTake = (): void => {};

  take(item: PipeItem): boolean {
    if (this.room <= 0) return false;
    this.room--;
    this.taken.push(item instanceof SubscriptionChange ? `+${item.topic}` : item.map(String).join());
    this.onTake();
    return true;
  }

  resume(): void {
    this.resumed++;
  }
}

function lane(highWaterMark = 4, maxQueuedBytes = 1e6) {
  const [source, sink] = [new FakeSession(), new FakeSession()];
  const it = new Lane({ highWaterMark, maxQueuedBytes });
  it.from(source as unknown as Session);
  it.to(sink as unknown as Session);
  const put = (text: string): boolean => it.put([Buffer.from(text)]);
  return { it, source, sink, put };
}

test("what comes while something waits goes behind it, though the sink has room again", () => {
  const { it, sink, put } = lane();
  sink.room = 0;
  put("a");
  it.put(new SubscriptionChange(true, Buffer.from("b")));
  sink.room = 10;
  put("c");
  it.flush();
  assert.equal(sink.taken, ["a", "+b", "c"]);
  assert.equal([it.messages, it.bytes, it.length], [2, 2, 0]);
});

test("stalls at the mark, and resumes once half are gone", () => {
  const { it, source, sink, put } = lane();
  sink.room = 0;
  assert.equal(["a", "b", "c", "d"].map(put), [true, true, true, false]);
  assert.ok(it.stalled);
  sink.room = 1;
  it.flush();
  assert.is(source.resumed, 0);
  sink.room = 1;
  it.flush();
  assert.is(source.resumed, 1);
  assert.not(it.stalled);
});

test("a sink that is not there yet is a full one", () => {
  const it = new Lane({ highWaterMark: 2, maxQueuedBytes: 1e6 });
  assert.ok(it.put([Buffer.from("a")]));
  assert.not(it.put([Buffer.from("b")]));
  const sink = new FakeSession();
  it.to(sink as unknown as Session);
  it.flush();
  assert.equal(sink.taken, ["a", "b"]);
});

test("a sealed lane takes what is under way and never resumes, but still writes", () => {
  const { it, source, sink, put } = lane();
  sink.room = 0;
  put("a");
  it.seal();
  assert.not(put("b"));
  sink.room = 10;
  it.flush();
  assert.equal([sink.taken, source.resumed], [["a", "b"], 0]);
});

test("a lane whose sink is gone lets everything fall, and its source be read", () => {
  const { it, source, sink, put } = lane(1);
  sink.room = 0;
  assert.not(put("a"));
  it.drop();
  assert.is(source.resumed, 1);
  sink.room = 10;
  assert.ok(put("b"));
  it.flush();
  assert.equal([sink.taken, it.length, it.messages], [[], 0, 0]);
});

test("the sink may go while it takes something", () => {
  const { it, sink, put } = lane();
  sink.room = 0;
  for (const text of ["a", "b", "c"]) put(text);
  sink.room = 10;
  sink.onTake = () => it.drop();
  it.flush();
  assert.equal([sink.taken, it.length], [["a"], 0]);
  assert.ok(put("d"));
});

test.run();
