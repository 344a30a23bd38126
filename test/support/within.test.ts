/** `within` passes on what a promise did, and names the step that did not happen. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { within } from "./within.ts";

async function messageOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("did not reject");
}

test("gives the value, or the error, of a promise that settles", async () => {
  assert.is(await within(60_000, Promise.resolve(7), "seven"), 7);
  assert.is(await messageOf(within(60_000, Promise.reject(new Error("no")), "seven")), "no");
});

test("rejects with what was awaited when nothing comes", async () => {
  const never = new Promise<void>(() => undefined);
  assert.is(await messageOf(within(1, never, "the greeting")), "the greeting: not settled within 1 ms");
});

test.run();
