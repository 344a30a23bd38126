/** The end of commands that run until they are told to stop. */
import type { Io } from "./command.ts";
import { Fault } from "./fault.ts";

/** SIGINT or SIGTERM came. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** What ends a command from outside: a signal of the system, or the loss of standard output. */
export interface Stop {
  readonly signal: AbortSignal;
  /** Hands the signals of the system back. */
  dispose(): void;
}

/** From now on, an interrupt ends the command and not the process. */
export function stopOf(io: Io): Stop {
  const interrupt = new AbortController();
  const dispose = io.onInterrupt(() => interrupt.abort(new Interrupted()));
  return { signal: AbortSignal.any([interrupt.signal, io.out.gone]), dispose };
}

/** Rejects with the signal's reason as soon as it fires. */
export function orStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** For those that are interrupted before they did what they were asked for. */
export function interruptedFault(what: string): Fault {
  return new Fault("failed", `interrupted: ${what}`, "run it again for the rest");
}
