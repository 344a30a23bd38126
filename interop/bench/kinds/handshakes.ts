/** Connections made a second, from connect to the first answer and close, and the CPU time that both ends spend on each. */
import { join } from "node:path";
import type { Kind, Run } from "../bench-run.ts";
import { Peer } from "../process.ts";
import type { Subject } from "../subject.ts";

async function handshakes(
  run: Run,
  subject: Subject,
  variant: string,
): Promise<{ rate: number; cpu: number }> {
  const dear = subject.mechanism === "qzmq";
  const count = dear ? run.pick(300, 80, 6) : run.pick(1500, 400, 6);
  const server = run.start(subject, { role: "router", endpoint: "tcp://127.0.0.1:*", variant });
  const { bound } = await server.line();
  const client = run.start(subject, { role: "callers", endpoint: String(bound), count, variant });
  await client.line();
  const cpu = async (): Promise<number> => {
    server.go();
    return server.number("cpu");
  };
  const before = await cpu();
  client.go();
  const line = await client.line();
  const both = (await cpu()) - before + Number(line["cpu"]);
  await client.end();
  await server.end();
  return { rate: Number(line["rate"]), cpu: both / 1000 / count };
}

/** What the mechanism alone takes, with no socket between: milliseconds of both ends, and of the primitives in that. */
async function inMemory(run: Run) {
  const program = join(import.meta.dirname, "../handshakes.js");
  const flags = ["--suites", "default", "--crypto", "auto", "--json"];
  const peer = new Peer(process.execPath, [program, ...flags, "--rounds", run.pick("400", "100", "5")]);
  const line = await peer.line();
  await peer.end();
  const ms = (name: string): number => Number(line[name]) / 1000;
  return {
    mutual: ms("mutual, pinned"),
    mutualPrimitives: ms("mutual, pinned: primitives"),
    resumed: ms("resumed"),
    resumedPrimitives: ms("resumed: primitives"),
  };
}

export const shakes: Kind = {
  name: "handshakes",
  async run(run) {
    const { subjects } = run.settings;
    const others = subjects.filter(({ mechanism }) => mechanism === "curve");
    const plain = subjects.filter(({ mechanism }) => mechanism === "null");
    const ours = subjects.filter(({ mechanism }) => mechanism === "qzmq");
    await run.rounds(
      {
        mutual: ["full mutual handshake in memory, both ends", "ms"],
        mutualPrimitives: ["the primitives of a full mutual handshake", "ms"],
        resumed: ["resumed handshake in memory, both ends", "ms"],
        resumedPrimitives: ["the primitives of a resumed handshake", "ms"],
      },
      () => inMemory(run),
      ours,
    );
    // CURVE is mutual, and knows no resumption: it stands beside each.
    for (const [variant, name, whom] of [
      ["full", "full handshake, anonymous client", [...ours]],
      ["mutual", "full mutual handshake", [...ours, ...others]],
      ["resumed", "resumed handshake", [...ours, ...others]],
      ["null", "handshake without security", plain],
    ] as const) {
      await run.rounds(
        { rate: [name, "handshakes/s"], cpu: [`CPU of ${name}, both ends`, "ms"] },
        (subject) => handshakes(run, subject, variant),
        whom,
      );
    }
  },
};
