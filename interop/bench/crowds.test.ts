/** The benchmarks of one socket and many work; see tiny.ts. */
import { test } from "uvu";
import { CROWD_KINDS } from "./kinds.ts";
import { testKinds } from "./tiny.ts";

testKinds(CROWD_KINDS);

test.run();
