/** Round trips a second of many DEALER clients at one ROUTER, each with several requests under way. */
import type { Kind, Run } from "../bench-run.ts";
import type { Subject } from "../subject.ts";

const SIZE = 100;

async function trips(run: Run, subject: Subject, peers: number): Promise<{ rate: number }> {
  const count = subject.library === "zeromq" ? run.pick(60_000, 15_000, 50) : run.pick(300_000, 60_000, 50);
  const router = run.start(subject, { role: "router", endpoint: "tcp://127.0.0.1:*" });
  const { bound } = await router.line();
  const dealers = run.start(subject, { role: "dealers", endpoint: String(bound), size: SIZE, count, peers });
  const rate = await dealers.number("rate");
  await dealers.end();
  await router.end();
  return { rate };
}

export const routers: Kind = {
  name: "router",
  run(run) {
    const peers = run.pick(100, 100, 3);
    return run.rounds({ rate: [`${peers} DEALER at a ROUTER ${SIZE} B`, "round trips/s"] }, (subject) =>
      trips(run, subject, peers),
    );
  },
};
