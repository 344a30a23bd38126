/** What a connection that does nothing costs the side that accepted it. */
import type { Kind, Run } from "../bench-run.ts";
import type { Subject } from "../subject.ts";

/** KB a connection: of JavaScript's heap and what hangs from it (none in C), and of the process. */
async function idle(run: Run, subject: Subject, peers: number): Promise<{ heap: number; rss: number }> {
  const holder = run.start(subject, { role: "holder", endpoint: "tcp://127.0.0.1:*", peers }, [
    "--expose-gc",
  ]);
  const before = await holder.line();
  const crowd = run.start(subject, { role: "crowd", endpoint: String(before["bound"]), peers });
  await holder.number("ms");
  holder.go();
  const after = await holder.line();
  await crowd.end();
  await holder.end();
  const each = (key: string): number => (Number(after[key]) - Number(before[key])) / peers / 1000;
  return { heap: each("heap"), rss: each("rss") };
}

export const memory: Kind = {
  name: "memory",
  async run(run) {
    const peers = run.pick(2000, 300, 5);
    const { subjects } = run.settings;
    const idles = new Map<Subject, { heap: number; rss: number }[]>();
    await run.rounds({ rss: [`RSS of an idle connection, ${peers} of them`, "KB"] }, async (subject) => {
      const measured = await idle(run, subject, peers);
      idles.set(subject, [...(idles.get(subject) ?? []), measured]);
      return measured;
    });
    // The same measurements: there is no such number in C.
    await run.rounds(
      { heap: [`heap and external memory of an idle connection, ${peers} of them`, "KB"] },
      async (subject) => idles.get(subject)!.shift()!,
      subjects.filter(({ library }) => library !== "libzmq"),
    );
  },
};
