/** Messages between a socket and standard input and output: the five ways in which the commands talk. */
import type { Readable } from "node:stream";
import { UsageError, type UsageErrorCode } from "../errors.ts";
import type { Readable as Receiver, Writable as Sender } from "../sockets.ts";
import { Fault } from "./fault.ts";
import { type Format, type Frames, formatMessage, readMessages } from "./format.ts";
import type { Output } from "./output.ts";

/** One command at work. */
export interface Talk {
  readonly stdin: Readable;
  readonly out: Output;
  readonly format: Format;
  /** Sent instead of what standard input says; `null` to read that. */
  readonly fixed: Frames | null;
  /** A frame to put before each message sent, or `null`. */
  readonly topic: Buffer | null;
  /** Answer requests with themselves. */
  readonly echo: boolean;
  /** How many messages; `undefined` no limit, or with `fixed` one. */
  readonly count: number | undefined;
  readonly signal: AbortSignal;
  /** How many messages went and came; kept up to date. */
  readonly tally: { sent: number; received: number };
}

/** Sends messages until they end. */
export async function send(socket: Sender, talk: Talk): Promise<void> {
  for await (const message of limited(outgoing(talk), limitOf(talk))) await sendOne(socket, message, talk);
}

/** Prints messages that come in. */
export async function receive(socket: Receiver, talk: Talk): Promise<void> {
  const { count = Number.POSITIVE_INFINITY } = talk;
  for (let i = 0; i < count; i++) await print(await receiveOne(socket, talk), talk);
}

/** Sends a message, prints its reply, and so on. */
export async function request(socket: Sender & Receiver, talk: Talk): Promise<void> {
  for await (const message of limited(outgoing(talk), limitOf(talk))) {
    await sendOne(socket, message, talk);
    await print(await receiveOne(socket, talk), talk);
  }
}

/** Prints a request, answers it, and so on. */
export async function reply(socket: Sender & Receiver, talk: Talk): Promise<void> {
  const { count = Number.POSITIVE_INFINITY, echo, fixed } = talk;
  const answers = fixed === null && !echo ? outgoing(talk) : null;
  for (let i = 0; i < count; i++) {
    const question = await receiveOne(socket, talk);
    await print(question, talk);
    await sendOne(socket, answers === null ? (fixed ?? question) : await nextAnswer(answers), talk);
  }
}

/** Sends and prints at the same time; with a count until the input has ended and so many came in. */
export async function exchange(socket: Sender & Receiver, talk: Talk): Promise<void> {
  const failed = new AbortController();
  const both = { ...talk, signal: AbortSignal.any([talk.signal, failed.signal]) };
  const guarded = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      failed.abort(error);
      throw error;
    });
  const sending = send(socket, talk.fixed === null ? { ...both, count: undefined } : { ...both, count: 1 });
  const results = await Promise.allSettled([guarded(sending), guarded(receive(socket, both))]);
  if (failed.signal.aborted) throw failed.signal.reason as Error;
  for (const result of results) if (result.status === "rejected") throw result.reason as Error;
}

function limitOf({ count, fixed }: Talk): number {
  return count ?? (fixed === null ? Number.POSITIVE_INFINITY : 1);
}

/** The messages to send; ends by throwing when the signal fires. */
async function* outgoing({ stdin, format, fixed, topic, signal }: Talk): AsyncGenerator<Frames, void, void> {
  const whole = (message: Frames) => (topic === null ? message : [topic, ...message]);
  if (fixed !== null) {
    for (;;) yield whole(fixed);
  }
  const stop = () => void stdin.destroy(signal.reason as Error);
  signal.throwIfAborted();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const message of readMessages(stdin, format)) yield whole(message);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The first `limit` items, without waiting for one more. */
async function* limited(items: AsyncIterable<Frames>, limit: number): AsyncGenerator<Frames, void, void> {
  let left = limit;
  if (left === 0) return;
  for await (const item of items) {
    yield item;
    if (--left === 0) return;
  }
}

async function nextAnswer(answers: AsyncGenerator<Frames, void, void>): Promise<Frames> {
  const next = await answers.next();
  if (next.done !== true) return next.value;
  throw new Fault(
    "failed",
    "standard input: has ended, and a request waits for its answer",
    "give more input, fewer with --count, or --echo, or the answer as FRAMEs",
  );
}

async function sendOne(socket: Sender, message: Frames, talk: Talk): Promise<void> {
  await timed(socket.send([...message], { signal: talk.signal }), "no peer took the message");
  talk.tally.sent++;
}

async function receiveOne(socket: Receiver, talk: Talk): Promise<Frames> {
  const message = await timed(socket.receive({ signal: talk.signal }), "no message came");
  talk.tally.received++;
  return message;
}

function print(message: Frames, { out, format }: Talk): Promise<void> {
  return out.write(formatMessage(message, format));
}

/** What errors of a socket in use mean here: the kind, what is told after what was tried, and the mend. */
const FAULTS: Partial<Record<UsageErrorCode, readonly ["timeout" | "failed", string, string]>> = {
  EAGAIN: ["timeout", ": --timeout has passed", "see that the peer runs, or give it more time"],
  EHOSTUNREACH: [
    "failed",
    ": no peer has the identity in its first frame",
    "begin each message with the identity that a message from the peer began with",
  ],
  EINVAL: ["failed", ": it needs an identity and a frame", "see the notes in --help"],
};

async function timed<T>(operation: Promise<T>, what: string): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const fault = FAULTS[error.code];
    throw fault === undefined ? error : new Fault(fault[0], `${what}${fault[1]}`, fault[2]);
  }
}
