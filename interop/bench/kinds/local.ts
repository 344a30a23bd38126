/** Without a network: ipc between two processes, inproc within one. */
import type { Kind, Run } from "../bench-run.ts";
import type { Subject } from "../subject.ts";
import { roundTrips } from "./latency.ts";
import { messagesOf, stream } from "./throughput.ts";

async function within(run: Run, subject: Subject, role: string, size: number, count: number) {
  const peer = run.start(subject, { role, endpoint: "inproc://bench", size, count });
  await peer.line();
  const line = await peer.line();
  await peer.end();
  return line as Readonly<Record<string, number>>;
}

export const local: Kind = {
  name: "local",
  async run(run) {
    const sizes = run.pick([16, 1024, 65_536], [100], [16]);
    for (const size of sizes) {
      await run.rounds({ rate: [`ipc PUSH to PULL ${size} B`, "msg/s"] }, (subject) =>
        stream(run, subject, "ipc://*", size),
      );
    }
    await run.rounds(
      { p50: ["ipc REQ to REP 16 B p50", "us"], p99: ["ipc REQ to REP 16 B p99", "us"] },
      (subject) => roundTrips(run, subject, "ipc://*"),
    );
    const plain = run.settings.subjects.filter(({ mechanism }) => mechanism === "null");
    for (const size of sizes) {
      await run.rounds(
        { rate: [`inproc PUSH to PULL ${size} B`, "msg/s"] },
        async (subject) => {
          const line = await within(run, subject, "inproc-stream", size, messagesOf(run, subject, size));
          return { rate: line["rate"]! };
        },
        plain,
      );
    }
    await run.rounds(
      { p50: ["inproc REQ to REP 16 B p50", "us"], p99: ["inproc REQ to REP 16 B p99", "us"] },
      async (subject) => {
        const line = await within(run, subject, "inproc-trips", 16, run.pick(100_000, 20_000, 40));
        return { p50: line["p50"]!, p99: line["p99"]! };
      },
      plain,
    );
  },
};
