/** The benchmarks of ipc and inproc work; see tiny.ts. */
import { test } from "uvu";
import { LOCAL_KINDS } from "./kinds.ts";
import { testKinds } from "./tiny.ts";

testKinds(LOCAL_KINDS);

test.run();
