/** `qzmq tunnel`: carries plain ZeroMQ connections over QZMQ, until it is told to stop. */
import { UsageError } from "../errors.ts";
import { Daemon, StatusFault } from "../tunnel/daemon.ts";
import { LinkFault, MaterialsFault } from "../tunnel/service-event.ts";
import { type Command, NO_OPERANDS } from "./command.ts";
import { check } from "./config-check.ts";
import { configurationOf, passphraseSource, problemsFault, readConfiguration } from "./configuration.ts";
import { LINGER_OPTION } from "./endpoints.ts";
import { Fault } from "./fault.ts";
import { stopOf } from "./interrupt.ts";
import { KEY_LOG_OPTION } from "./names.ts";
import { OPEN_OPTION } from "./passphrase.ts";
import { endpointFault, keyLogFault } from "./trouble.ts";

const LINGER = 5000;

/** See the head of this file. */
export const tunnel: Command = {
  operands: NO_OPERANDS,
  options: [
    { name: "config", kind: "value", value: "FILE", about: "YAML or JSON: which links to run" },
    { name: "check", kind: "flag", about: "check the configuration and end, as qzmq config check does" },
    { ...OPEN_OPTION, about: "read the passphrase of all keys that have one from file descriptor N" },
    {
      ...LINGER_OPTION,
      about: `when a link ends, how long to deliver what is left; default ${LINGER}, -1 no limit`,
    },
    KEY_LOG_OPTION,
    {
      name: "log",
      kind: "value",
      value: "FORM",
      about: "json (default) or text: how lines on standard error look",
    },
  ],
  notes: [
    "spec/operation/configuration.md lists every key of FILE. SIGHUP reads it again: links whose settings are as they",
    "were keep their connections, the others are ended and started, and a file that cannot be used changes nothing.",
    "SIGINT and SIGTERM end all links in good order, a second one at once.",
  ],
  async run(args, io) {
    const path = args.required("config", "FILE");
    if (args.has("check")) return check("--config", path, args, io);
    const linger = args.integer("linger", -1, 0x7fff0000) ?? LINGER;
    const form = args.choice("log", ["json", "text"] as const, "json");
    const passphrases = passphraseSource(args, io);
    // From the beginning: a SIGHUP that comes early must not end the process.
    let hangup = () => {};
    const offHangup = io.onHangup(() => hangup());
    const stop = stopOf(io);
    const keyLog = args.has("keylog");
    const daemon = new Daemon({
      file: path,
      linger,
      keyLog,
      log: { sink: io.err, form },
      ask: passphrases.ask,
    });
    try {
      const interrupted = new Promise<void>((resolve) => {
        stop.signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await begin(daemon, path);
      passphrases.forget();
      hangup = () => void daemon.reload(() => readConfiguration("--config", path));
      if (!stop.signal.aborted) await interrupted;
    } finally {
      passphrases.forget();
      await daemon.close("interrupted");
      stop.dispose();
      offHangup();
    }
  },
};

async function begin(daemon: Daemon, path: string): Promise<void> {
  try {
    await daemon.start(await configurationOf("--config", path));
  } catch (error) {
    throw faultOf(error, path);
  }
}

/** What keeps a tunnel from starting, in the words of the command line. */
function faultOf(error: unknown, path: string): unknown {
  if (error instanceof MaterialsFault) return problemsFault(path, error.problems);
  if (error instanceof LinkFault && error.cause instanceof UsageError && /^keyLog:/.test(error.cause.message))
    return keyLogFault(error.cause);
  if (error instanceof LinkFault)
    return endpointFault(`${path}: link ${error.link} on`, error.address, error.cause);
  if (!(error instanceof StatusFault)) return error;
  const { address, port, at } = error.settings;
  const { message, mend } = endpointFault("", `${address} port ${port}`, error.cause);
  return new Fault(
    "failed",
    `${path}:${at.place.line}: status on${message}`,
    `${mend}; or set status: {enabled: false}`,
  );
}
