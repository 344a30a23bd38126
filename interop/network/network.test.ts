/** The short form of `make network`: the same day, with fewer orders. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import { runDay } from "./story.ts";

test("three nodes go on through kills, rotations and a revocation, and lose no order", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qzmq-network-"));
  await runDay({ folder, orders: 200, short: true, tell: (line) => console.log(line) });
  // Kept when it failed: its logs say why.
  rmSync(folder, { recursive: true });
});

test.run();
