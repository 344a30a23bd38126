/** Writes the files of test vectors: `make vectors`. They are the same in each run. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { VECTORS } from "./format.ts";
import { GROUPS } from "./groups.ts";

for (const [group, make] of Object.entries(GROUPS)) {
  const text = await make();
  writeFileSync(join(VECTORS, `${group}.json`), text);
  console.log(`${group}.json  ${text.length} octets`);
}
