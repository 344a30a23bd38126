/**
 * Reads Wycheproof vectors, which are not part of the repository. They are looked for in the folder that QZMQ_VECTORS
 * names, or in ../shared/vectors/wycheproof; without them their tests are skipped, unless CI=true.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Test } from "uvu";

const folder = resolve(process.env["QZMQ_VECTORS"] ?? "../shared/vectors/wycheproof");

/** A test group: fields of its own, and its tests. Their schema is the file's. */
export interface Group<T> {
  readonly tests: readonly T[];
}

/** What every vector has. */
export interface Vector {
  readonly tcId: number;
  readonly comment?: string;
  readonly flags: readonly string[];
  readonly result: "valid" | "invalid" | "acceptable";
}

/** Declares a test over all groups of a file. `check` returns how many vectors it looked at, to be held against the file. */
export function vectorTest<G extends Group<Vector>>(
  test: Test,
  name: string,
  file: string,
  check: (group: G) => number,
): void {
  const path = join(folder, `${file}.json.gz`);
  if (!existsSync(path)) {
    if (process.env["CI"] === "true") test(name, () => assertPresent(path));
    else {
      console.log(`skipped, no vectors at ${path}: ${name}`);
      test.skip(name);
    }
    return;
  }
  test(name, () => {
    const { testGroups, numberOfTests } = JSON.parse(gunzipSync(readFileSync(path)).toString()) as {
      readonly testGroups: readonly G[];
      readonly numberOfTests: number;
    };
    if (testGroups.length === 0) throw new Error(`${path} holds no test group`);
    const seen = testGroups.reduce((sum, group) => sum + check(group), 0);
    if (seen !== numberOfTests)
      throw new Error(`${path}: ${seen} vectors looked at, ${numberOfTests} announced`);
  });
}

function assertPresent(path: string): never {
  throw new Error(`CI needs the vectors at ${path}`);
}
