/** The benchmarks of connections work; see tiny.ts. */
import { test } from "uvu";
import { CONNECTION_KINDS } from "./kinds.ts";
import { testKinds } from "./tiny.ts";

// Secured ones, and the plain one that starts at once: each process of Node takes its time to start.
testKinds(CONNECTION_KINDS, ({ library, mechanism }) => mechanism !== "null" || library === "libzmq");

test.run();
