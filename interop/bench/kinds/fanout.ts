/** Deliveries a second, one PUB to many SUB: all want all, and each wants a tenth of a thousand topics. */
import type { Kind, Run } from "../bench-run.ts";
import type { Subject } from "../subject.ts";

const SIZE = 100;
const TOPICS = 1000;

interface Rates {
  readonly few: number;
  readonly many: number;
}

async function fanout(run: Run, subject: Subject, peers: number): Promise<Rates> {
  const deliveries =
    subject.library === "zeromq" ? run.pick(300_000, 50_000, 0) : run.pick(1_500_000, 300_000, 0);
  const count = Math.max(20, Math.floor(deliveries / peers));
  const many = Math.max(1, Math.round((count * 10) / TOPICS)) * TOPICS;
  const task = { size: SIZE, count, peers, variant: String(many) };
  const pub = run.start(subject, { ...task, role: "pub", endpoint: "tcp://127.0.0.1:*" });
  const { bound } = await pub.line();
  const subs = run.start(subject, { ...task, role: "subs", endpoint: String(bound) });
  await subs.number("joined");
  pub.go();
  const few = await subs.number("rate");
  pub.go();
  const rates = { few, many: await subs.number("rate") };
  await subs.end();
  await pub.end();
  return rates;
}

export const fanouts: Kind = {
  name: "fanout",
  async run(run) {
    for (const peers of run.pick([1, 10, 100, 1000], [1, 100], [3])) {
      const to = `PUB to ${peers} SUB ${SIZE} B`;
      await run.rounds(
        { few: [`${to}`, "deliveries/s"], many: [`${to}, ${TOPICS} topics`, "deliveries/s"] },
        (subject) => fanout(run, subject, peers),
      );
    }
  },
};
