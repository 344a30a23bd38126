/** A tunnel between two libzmq programs (npm `zeromq`). */
import { join } from "node:path";
import { test } from "uvu";
import { testConversation } from "./conversation.ts";

testConversation(test, "libzmq", {
  command: [process.execPath, join(import.meta.dirname, "program.js")],
  transport: "ipc",
});

test.run();
