/**
 * Rotation with the default suite, in a file of its own for the time that ML-KEM takes: some 16 s of CPU in full, which
 * is what `QZMQ_LONG=1 make test ONLY=rotation-hybrid` runs.
 */
import { test } from "uvu";
import { rotateUnderLoad } from "../support/rotating.ts";

const count = process.env["QZMQ_LONG"] === "1" ? 100_000 : 30_000;

test(`hybrid: ${count} messages each way, both sides rotate every 50`, () =>
  rotateUnderLoad("hybrid", count));

test.run();
