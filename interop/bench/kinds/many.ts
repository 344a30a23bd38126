/** Ten thousand QZMQ connections on one server process: time and memory of each stage. Runs only when asked for. */
import { type Kind, Run } from "../bench-run.ts";
import type { Subject } from "../subject.ts";

/** Processes that the clients are spread over, each with a local address: an address has only so many ports. */
const PROCESSES = 3;

async function stages(run: Run, subject: Subject, total: number) {
  const server = run.start(subject, { role: "many-server", endpoint: "tcp://127.0.0.1:*", variant: "full" }, [
    "--expose-gc",
  ]);
  const before = await server.line();
  const timed = async (stage: () => Promise<unknown>): Promise<number> => {
    const started = performance.now();
    await stage();
    return (performance.now() - started) / 1000;
  };
  const peers = Math.ceil(total / PROCESSES);
  const clients = Array.from({ length: PROCESSES }, (_, i) =>
    run.start(subject, {
      role: "many-clients",
      endpoint: String(before["bound"]),
      peers,
      variant: `full 127.0.0.${2 + i}`,
    }),
  );
  const all = (): Promise<unknown> => Promise.all(clients.map((client) => client.line()));
  const tellAll = (): Promise<unknown> => {
    for (const client of clients) client.go();
    return all();
  };
  const connect = await timed(all);
  const exchange = await timed(tellAll);
  server.go();
  const idle = await server.line();
  if (idle["connections"] !== peers * PROCESSES) throw new Error(`${idle["connections"]} connections`);
  server.go();
  const rotate = (await server.number("ms")) / 1000;
  await tellAll();
  server.go();
  const rotated = await server.line();
  const close = await timed(async () => {
    const closed = tellAll();
    server.go();
    const { failures } = await server.line();
    if (failures !== 0) throw new Error(`${failures} connections failed`);
    await closed;
  });
  for (const client of clients) await client.end();
  await server.end();
  const each = (line: typeof idle, key: string): number =>
    (Number(line[key]) - Number(before[key])) / peers / PROCESSES / 1000;
  return {
    ...{ connect, exchange, rotate, close, heap: each(idle, "heap"), rss: each(idle, "rss") },
    heapRotated: each(rotated, "heap"),
  };
}

export const many: Kind = {
  name: "many",
  onRequest: true,
  run(run) {
    const total = run.pick(9_999, 999, 9);
    return new Run({ ...run.settings, rounds: 1 }).rounds(
      {
        connect: [`${total} connections: connect`, "s"],
        exchange: [`${total} connections: a round trip on each at once`, "s"],
        rotate: [`${total} connections: rotate all keys`, "s"],
        close: [`${total} connections: close`, "s"],
        heap: [`${total} connections: heap and external memory of each, idle`, "KB"],
        heapRotated: [`${total} connections: the same after the rotation`, "KB"],
        rss: [`${total} connections: RSS of each, idle`, "KB"],
      },
      (subject) => stages(run, subject, total),
      run.settings.subjects.filter(({ mechanism }) => mechanism === "qzmq"),
    );
  },
};
