/** The benchmarks of messages work; see tiny.ts. */
import { test } from "uvu";
import { MESSAGE_KINDS } from "./kinds.ts";
import { testKinds } from "./tiny.ts";

testKinds(MESSAGE_KINDS);

test.run();
