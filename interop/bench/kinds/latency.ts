/** Round-trip times, REQ to REP over TCP loopback. */
import type { Kind, Run } from "../bench-run.ts";
import type { Subject } from "../subject.ts";

/** Microseconds of the median round trip and of the slowest hundredth. */
export async function roundTrips(
  run: Run,
  subject: Subject,
  endpoint: string,
): Promise<{ p50: number; p99: number }> {
  const task = { size: 16, count: run.pick(40_000, 10_000, 40) };
  const rep = run.start(subject, { ...task, role: "rep", endpoint });
  const { bound } = await rep.line();
  const req = run.start(subject, { ...task, role: "req", endpoint: String(bound) });
  const { p50, p99 } = await req.line();
  await req.end();
  await rep.end();
  return { p50: Number(p50), p99: Number(p99) };
}

export const latency: Kind = {
  name: "latency",
  run: (run) =>
    run.rounds({ p50: ["REQ to REP 16 B p50", "us"], p99: ["REQ to REP 16 B p99", "us"] }, (subject) =>
      roundTrips(run, subject, "tcp://127.0.0.1:*"),
    ),
};
