/** The benchmarks of the event loop's delay work; see tiny.ts. */
import { test } from "uvu";
import { DELAY_KINDS } from "./kinds.ts";
import { testKinds } from "./tiny.ts";

// Secured ones, and the plain one that starts at once: each process of Node takes its time to start.
testKinds(DELAY_KINDS, ({ library, mechanism }) => mechanism !== "null" || library === "libzmq");

test.run();
