/** A tunnel between two pyzmq programs. Skipped where Python has no zmq. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "uvu";
import { testConversation } from "./conversation.ts";

const PYTHON = "/usr/bin/python3";
// Compiled code lies in dist/, the program beside the sources.
const PROGRAM = join(import.meta.dirname, "../../../interop/tunnel/program.py");

if (spawnSync(PYTHON, ["-c", "import zmq"]).status === 0) {
  testConversation(test, "pyzmq", { command: [PYTHON, PROGRAM], transport: "tcp" });
} else {
  console.log(`skipped: ${PYTHON} has no module zmq (Debian: python3-zmq)`);
}

test.run();
