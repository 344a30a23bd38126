/** The example that the README shows runs, says what it should, and ends by itself. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";

test("secure-reqrep", async () => {
  const path = fileURLToPath(new URL("../../interop/examples/secure-reqrep.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [path], { timeout: 60_000 });
  assert.is(stdout, "anna asks: a secret question\nshop.example answers: a secret answer\n");
});

test.run();
