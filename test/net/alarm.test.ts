/** One timer for a time that moves. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Alarm } from "../../src/net/alarm.ts";
import { pause, scenario, until } from "./harness.ts";

test(
  "rings when the time set has come, once, and can be set again",
  scenario(async () => {
    let rings = 0;
    const alarm = new Alarm(() => rings++);
    alarm.set(performance.now() + 20);
    await until(() => rings === 1, "the alarm");
    await pause(30);
    assert.is(rings, 1);
    alarm.set(performance.now());
    await until(() => rings === 2, "the second alarm");
  }),
);

test(
  "a sooner time moves it; a later one does not, so that it rings early",
  scenario(async () => {
    const rings: string[] = [];
    const moved = new Alarm(() => rings.push("moved"));
    moved.set(performance.now() + 1e7);
    moved.set(performance.now() + 5);
    const early = new Alarm(() => rings.push("early"));
    early.set(performance.now() + 5);
    early.set(performance.now() + 1e7);
    await until(() => rings.length === 2, "both");
    assert.equal(rings.sort(), ["early", "moved"]);
  }),
);

test(
  "never, and further away than any timer, do not ring at once; a time that is past does",
  scenario(async () => {
    const rings: string[] = [];
    const never = new Alarm(() => rings.push("never"));
    never.set(Number.POSITIVE_INFINITY);
    const far = new Alarm(() => rings.push("far"));
    far.set(performance.now() + 1e15);
    const past = new Alarm(() => rings.push("past"));
    past.set(-5);
    await until(() => rings.length > 0, "the past");
    await pause(20);
    assert.equal(rings, ["past"]);
    far.clear();
  }),
);

test(
  "cleared it does not ring, and takes any time again",
  scenario(async () => {
    let rings = 0;
    const alarm = new Alarm(() => rings++);
    alarm.set(performance.now() + 5);
    alarm.clear();
    await pause(20);
    assert.is(rings, 0);
    alarm.set(performance.now() + 10);
    await until(() => rings === 1, "the alarm");
  }),
);

test(
  "set again from within",
  scenario(async () => {
    let rings = 0;
    const alarm: Alarm = new Alarm(() => {
      if (++rings < 3) alarm.set(performance.now() + 1);
    });
    alarm.set(performance.now() + 1);
    await until(() => rings === 3, "three rings");
  }),
);

test.run();
