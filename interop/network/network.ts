/** `make network`: a day on the exchange, told as it happens. Exit code 0 means that everything was as it must be. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runDay } from "./story.ts";

const folder = mkdtempSync(join(tmpdir(), "qzmq-network-"));
console.log(`Keys, configurations, logs and the journal are in ${folder}`);
console.log(`To look on: tail -f ${folder}/*.log\n`);
try {
  await runDay({ folder, orders: 400, short: false, tell: (line) => console.log(line) });
  console.log("\nEverything was as it must be.");
} catch (error) {
  console.error(`\nFAILED: ${(error as Error).message}`);
  process.exitCode = 1;
}
