/** Numbers of connections: no two in a process alike, whichever context they belong to. */
import { Worker } from "node:worker_threads";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Environment } from "../../src/net/environment.ts";
import { within } from "../support/within.ts";

test("two environments never give the same number", () => {
  const [one, other] = [new Environment(), new Environment()];
  const numbers = [one, other, one, other].map((environment) => environment.nextConnectionId());
  assert.is(new Set(numbers).size, 4);
  assert.ok(numbers.every((number) => Number.isSafeInteger(number) && number >= 0));
});

test("nor does one in another thread", async () => {
  const at = JSON.stringify(new URL("../../src/net/environment.js", import.meta.url).href);
  const script = `import(${at}).then(({ Environment }) =>
    require("node:worker_threads").parentPort.postMessage(new Environment().nextConnectionId()));`;
  const own = new Environment().nextConnectionId();
  const worker = new Worker(script, { eval: true });
  const [number] = (await within(
    10_000,
    new Promise((resolve, reject) =>
      worker.once("message", (value) => resolve([value])).once("error", reject),
    ),
    "a number",
  )) as [number];
  await worker.terminate();
  assert.is.not(number, own);
});

test.run();
