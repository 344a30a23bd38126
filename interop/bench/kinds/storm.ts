/** All clients of a server that was restarted come back: how long it takes, and what the server's event loop suffers. */
import { setTimeout as pause } from "node:timers/promises";
import { freeTcp } from "../../../test/support/free-port.ts";
import type { Kind, Run } from "../bench-run.ts";
import type { Subject } from "../subject.ts";

interface Storm {
  readonly ms: number;
  readonly delay: number;
  readonly longest: number;
}

async function storm(run: Run, subject: Subject, peers: number): Promise<Storm> {
  const endpoint = await freeTcp();
  const task = { role: "holder", peers, endpoint };
  const first = run.start(subject, task);
  await first.line();
  const crowd = run.start(subject, { role: "crowd", endpoint, peers });
  await first.number("ms");
  await crowd.line();
  await first.end();
  // Each client has noticed, so that what it sends next waits for the new server.
  await pause(1000);
  crowd.go();
  await crowd.line();
  const second = run.start(subject, task);
  await second.line();
  const line = await second.line();
  await second.end();
  await crowd.end();
  return { ms: Number(line["ms"]), delay: Number(line["delay"]), longest: Number(line["longest"]) };
}

export const storms: Kind = {
  name: "storm",
  run(run) {
    const peers = run.pick(2000, 200, 5);
    return run.rounds(
      {
        ms: [`${peers} clients return to a restarted server`, "ms"],
        delay: ["event-loop delay of that server, p99", "ms"],
        longest: ["event-loop delay of that server, longest", "ms"],
      },
      (subject) => storm(run, subject, peers),
      run.settings.subjects.filter(({ library }) => library !== "libzmq"),
    );
  },
};
