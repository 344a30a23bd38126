/** Rotation with the default suite, in a file of its own for the time that ML-KEM takes. */
import { test } from "uvu";
import { rotateUnderLoad } from "../support/rotating.ts";

test("hybrid: 100 000 messages each way, both sides rotate every 50", () =>
  rotateUnderLoad("hybrid", 100_000));

test.run();
