/** Rotation of keys under load: the slowest hundredth of round trips, with rotations and without. */
import type { Kind } from "../bench-run.ts";

export const rotation: Kind = {
  name: "rotation",
  run: (run) =>
    run.rounds(
      {
        still: ["round trip 1 KiB, 16 under way, p99", "us"],
        turning: ["the same with 10 rotations a second, p99", "us"],
        ratio: ["rotation under load, p99 with and without", "ratio"],
        touched: ["round trips during a rotation, p99", "us"],
      },
      async (subject) => {
        const router = run.start(subject, { role: "router", endpoint: "tcp://127.0.0.1:*" });
        const { bound } = await router.line();
        const task = { size: 1024, count: run.pick(40_000, 10_000, 2000) };
        const dealer = run.start(subject, { ...task, role: "rotating", endpoint: String(bound) });
        const line = await dealer.line();
        await dealer.end();
        await router.end();
        const [still, turning, touched] = [
          Number(line["still"]),
          Number(line["turning"]),
          Number(line["touched"]),
        ];
        return { still, turning, touched, ratio: turning / still };
      },
      run.settings.subjects.filter(({ mechanism }) => mechanism === "qzmq"),
    ),
};
