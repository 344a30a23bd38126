/** Messages a second by size, PUSH to PULL over TCP loopback, and the CPU time of a message at each side. */
import type { Kind, Run } from "../bench-run.ts";
import type { Subject } from "../subject.ts";

/** Messages of a run, so that it takes a second or so. The loop over the native addon is an order slower. */
function count(run: Run, { library }: Subject, size: number): number {
  const most = run.pick(
    library === "zeromq" ? 800_000 : 5_000_000,
    library === "zeromq" ? 200_000 : 1_500_000,
    100,
  );
  return Math.max(run.pick(500, 200, 50), Math.floor(Math.min(most, run.pick(1.5e9, 300e6, 1e6) / size)));
}

/** One stream of messages between two processes: its rate, and microseconds of CPU a message. */
export async function stream(
  run: Run,
  subject: Subject,
  endpoint: string,
  size: number,
): Promise<{ rate: number; sender: number; receiver: number }> {
  const messages = count(run, subject, size);
  const pull = run.start(subject, { role: "pull", endpoint, size, count: messages });
  const { bound } = await pull.line();
  const push = run.start(subject, { role: "push", endpoint: String(bound), size, count: messages });
  const { rate, cpu } = await pull.line();
  push.go();
  const sender = await push.number("cpu");
  await push.end();
  await pull.end();
  return { rate: Number(rate), sender, receiver: Number(cpu) };
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
