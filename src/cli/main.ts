#!/usr/bin/env node
/** The program `qzmq`: joins the commands with the process. */
import { openSync } from "node:fs";
import { ReadStream, WriteStream } from "node:tty";
import type { Io, Terminal } from "./command.ts";
import { runCommandLine } from "./commands.ts";
import { EXIT } from "./fault.ts";
import { Output } from "./output.ts";

/** The terminal that the process belongs to, even when its input and output are files. */
function controllingTerminal(): Terminal | null {
  try {
    const windows = process.platform === "win32";
    const input = new ReadStream(openSync(windows ? "\\\\.\\CONIN$" : "/dev/tty", windows ? "r+" : "r"));
    const output = new WriteStream(openSync(windows ? "\\\\.\\CONOUT$" : "/dev/tty", "w"));
    return {
      input,
      write: (text) => void output.write(text),
      close: () => {
        input.destroy();
        output.end();
      },
    };
  } catch {
    // There is none: a service, a pipeline of another machine.
    return null;
  }
}

function onInterrupt(listener: () => void): () => void {
  let before = false;
  const once = () => {
    if (before) process.exit(EXIT.interrupted);
    before = true;
    listener();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, once);
  return () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, once);
  };
}

function onHangup(listener: () => void): () => void {
  process.on("SIGHUP", listener);
  return () => void process.off("SIGHUP", listener);
}

const io: Io = {
  get stdin() {
    return process.stdin;
  },
  out: new Output(process.stdout),
  err: (text) => void process.stderr.write(text),
  showsProgress: process.stderr.isTTY === true,
  now: () => Math.floor(Date.now() / 1000),
  clock: () => performance.now(),
  terminal: controllingTerminal,
  onInterrupt,
  onHangup,
};
// Nobody reads what we have to tell: that alone ends nothing.
process.stderr.on("error", () => {});
// Standard input that is still open must not hold the process.
process.exit(await runCommandLine(process.argv.slice(2), io));
