/** Sees whether something is left open: sockets, servers and timers, those that hold nothing (`unref`) too. */
import { createHook } from "node:async_hooks";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Cleanup, pause, scenario } from "./harness.ts";

const KINDS =
  /^(Timeout|Immediate|TCPWRAP|TCPSERVERWRAP|TCPCONNECTWRAP|PIPEWRAP|PIPESERVERWRAP|PIPECONNECTWRAP)$/;
const open = new Map<number, string>();
/** Sees handles and timers that hold nothing (`unref`) too, which `process.getActiveResourcesInfo()` does not. */
createHook({
  init(id, type) {
    if (KINDS.test(type)) open.set(id, type);
  },
  destroy(id) {
    open.delete(id);
  },
}).enable();

/** Makes a test that runs `use` and checks that afterwards there is what there was; `limit` in milliseconds. */
export function leaksNothing(title: string, use: (cleanup: Cleanup) => Promise<void>, limit?: number): void {
  test(
    title,
    scenario(async () => {
      // The time limit of this test is set, and what node opens when first used is open.
      process.stdout.write("");
      process.stderr.write("");
      await pause(5);
      const before = new Set(open.keys());
      await scenario(use, limit)();
      const left = (): string[] => [...open].flatMap(([id, kind]) => (before.has(id) ? [] : [kind]));
      // A socket goes some turns after it was destroyed; the timer is that of this loop.
      for (let i = 0; i < 2000 && left().length > 1; i++) await pause(5);
      assert.ok(left().length <= 1, `left: ${left()}`);
    }, 60_000),
  );
}
