/** Messages a second by size, PUSH to PULL over TCP loopback, and the CPU time of a message at each side. */
import type { Kind, Run } from "../bench-run.ts";
import type { Subject } from "../subject.ts";

/** Messages of a run, so that it takes a second or so. The loop over the native addon is an order slower. */
export function messagesOf(run: Run, { library }: Subject, size: number): number {
  const [full, short] = library === "zeromq" ? [800_000, 200_000] : [5_000_000, 1_500_000];
  const most = Math.min(run.pick(full, short, 100), run.pick(1.5e9, 300e6, 1e6) / size);
  return Math.max(run.pick(500, 200, 50), Math.floor(most));
}

interface Stream {
  readonly rate: number;
  /** Microseconds of CPU a message. */
  readonly sender: number;
  readonly receiver: number;
  /** Milliseconds, p99; 0 unless `variant` is `delay`. */
  readonly senderDelay: number;
  readonly receiverDelay: number;
}

/** One stream of messages between two processes. */
export async function stream(
  run: Run,
  subject: Subject,
  endpoint: string,
  size: number,
  variant = "",
): Promise<Stream> {
  const task = { size, count: messagesOf(run, subject, size), variant };
  const pull = run.start(subject, { ...task, role: "pull", endpoint });
  const { bound } = await pull.line();
  const push = run.start(subject, { ...task, role: "push", endpoint: String(bound) });
  const received = await pull.line();
  push.go();
  const sent = await push.line();
  await push.end();
  await pull.end();
  return {
    rate: Number(received["rate"]),
    sender: Number(sent["cpu"]),
    receiver: Number(received["cpu"]),
    senderDelay: Number(sent["delay"]),
    receiverDelay: Number(received["delay"]),
  };
}

export const throughput: Kind = {
  name: "throughput",
  async run(run) {
    for (const size of run.settings.sizes) {
      await run.rounds(
        {
          rate: [`PUSH to PULL ${size} B`, "msg/s"],
          sender: [`CPU of PUSH ${size} B`, "us/msg"],
          receiver: [`CPU of PULL ${size} B`, "us/msg"],
        },
        (subject) => stream(run, subject, "tcp://127.0.0.1:*", size),
      );
    }
  },
};
