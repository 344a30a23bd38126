/** Connections made a second, from connect to the first answer and close, and the CPU time that both ends spend on each. */
import type { Kind, Run } from "../bench-run.ts";
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

export const shakes: Kind = {
  name: "handshakes",
  async run(run) {
    const { subjects } = run.settings;
    const others = subjects.filter(({ mechanism }) => mechanism === "curve");
    const plain = subjects.filter(({ mechanism }) => mechanism === "null");
    const ours = subjects.filter(({ mechanism }) => mechanism === "qzmq");
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
