/** The files in spec/vectors are what the generator makes, octet by octet, and say what the specification's text says. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readVectors, VECTORS } from "../support/vectors/format.ts";
import { GROUPS } from "../support/vectors/groups.ts";
import { present, type ScheduleVector } from "../support/vectors/schedule-vectors.ts";

const vectors = suite("vectors");

for (const [group, make] of Object.entries(GROUPS)) {
  vectors(`${group}.json comes out the same`, async () => {
    const written = readFileSync(join(VECTORS, `${group}.json`), "utf8");
    // Compared by hand: a report of the difference would be megabytes.
    assert.ok((await make()) === written, `${group}.json differs from what \`make vectors\` writes`);
  });
}

vectors("no other file is there", () => {
  const files = readdirSync(VECTORS).filter((file) => file.endsWith(".json"));
  assert.equal(
    files.sort(),
    Object.keys(GROUPS)
      .map((group) => `${group}.json`)
      .sort(),
  );
});

vectors("the worked values of the text are those of the vectors", () => {
  const text = readFileSync(join(VECTORS, "../05-key-schedule.md"), "utf8").replaceAll(/\s+/g, "");
  const worked = readVectors<ScheduleVector>("key-schedule").filter(({ name }) => name.startsWith("worked"));
  assert.is(worked.length, 2);
  for (const { secrets, keys, macs, hash } of worked) {
    const values = [secrets["early"], secrets["hs"], secrets["master"]];
    if (hash === "SHA-256") {
      values.push(secrets["derivedEarly"], secrets["cHs"], secrets["cFinishedKey"]);
      values.push(keys["cHs"]?.key, keys["cHs"]?.iv, macs["clientVerifyData"]);
    }
    for (const value of values) assert.ok(text.includes(present(value).toString("hex")), hash);
  }
});

vectors.run();
