/** Delay of the event loop at full speed, and while many handshakes wait. */
import type { Kind, Run } from "../bench-run.ts";
import type { Subject } from "../subject.ts";
import { stream } from "./throughput.ts";

/** Milliseconds while `peers` connect to a server at once: its p99, the longest, and until all are there. */
async function waiting(
  run: Run,
  subject: Subject,
  peers: number,
  variant: string,
): Promise<{ delay: number; longest: number; ms: number }> {
  const holder = run.start(subject, { role: "holder", endpoint: "tcp://127.0.0.1:*", peers, variant });
  const { bound } = await holder.line();
  const crowd = run.start(subject, { role: "crowd", endpoint: String(bound), peers, variant });
  const line = await holder.line();
  await crowd.end();
  await holder.end();
  return { delay: Number(line["delay"]), longest: Number(line["longest"]), ms: Number(line["ms"]) };
}

export const delays: Kind = {
  name: "delay",
  async run(run) {
    const scripted = run.settings.subjects.filter(({ library }) => library !== "libzmq");
    await run.rounds(
      {
        senderDelay: ["event-loop delay p99, sender at full speed 16 B", "ms"],
        receiverDelay: ["event-loop delay p99, receiver at full speed 16 B", "ms"],
      },
      (subject) => stream(run, subject, "tcp://127.0.0.1:*", 16, "delay"),
      scripted,
    );
    const peers = run.pick(200, 200, 5);
    const secured = scripted.filter(({ mechanism }) => mechanism === "qzmq");
    for (const [variant, name, whom] of [
      ["mutual", `server with ${peers} handshakes waiting`, scripted],
      ["mutual inline", `the same, signing between the rest`, secured],
      ["mutual thread", `the same, always signing in a thread`, secured],
      ["full", `server with ${peers} handshakes of anonymous clients waiting`, secured],
      ["full inline", `the same with anonymous clients, signing between the rest`, secured],
      ["full thread", `the same with anonymous clients, always signing in a thread`, secured],
    ] as const) {
      await run.rounds(
        {
          delay: [`event-loop delay p99, ${name}`, "ms"],
          longest: [`event-loop delay longest, ${name}`, "ms"],
          ms: [`all connected, ${name}`, "ms"],
        },
        (subject) => waiting(run, subject, peers, variant),
        whom,
      );
    }
  },
};
