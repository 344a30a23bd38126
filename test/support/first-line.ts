/** The line by which a child process says that it is ready, or at once the news that it has ended without. */
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/** Resolves with the first line of `child`'s standard output; rejects when it ends before, naming it as `name`. */
export function firstLine(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).once("line", resolve);
    child.once("error", reject);
    // Not "exit", after which there may still be something to read.
    child.once("close", (code, signal) => {
      reject(new Error(`${name} ended with ${code ?? signal} before it said anything`));
    });
  });
}
