/** What is wrong with links only side by side: names and endpoints that are taken, and ways that lead back. */
import type { Configuration, LinkConfiguration } from "./configuration.ts";
import { collide, reaches } from "./hosts.ts";
import type { At, Report } from "./report.ts";

/** One end of a link where somebody listens, and where whoever comes is sent on to. */
interface Door {
  readonly name: string;
  readonly at: At;
  readonly listen: string;
  readonly connect: string;
}

function doorsOf({ name, at, listen, connect, old }: LinkConfiguration): Door[] {
  const main = { name: `link ${name}`, at, listen, connect };
  return old === null ? [main] : [main, { name: `the old link of ${name}`, at, ...old }];
}

/** What is wrong with links only side by side. */
export function checkTogether({ links, status }: Configuration, report: Report): void {
  const names = new Map<string, At>();
  for (const { name, at } of links) {
    const former = names.get(name);
    if (former !== undefined) {
      report.add(
        at,
        `the name ${name} is taken by the link on line ${former.place.line}`,
        "choose another name",
      );
    }
    names.set(name, at);
  }
  const doors = links.flatMap(doorsOf);
  for (const [i, door] of doors.entries()) {
    const former = doors.slice(0, i).find(({ listen }) => collide(door.listen, listen));
    if (former !== undefined) {
      report.add(
        door.at,
        `${door.name} listens on ${door.listen}, as ${former.name} does`,
        "choose another port or path",
      );
    }
    const loop = loopFrom(door, doors);
    if (loop !== null)
      report.add(
        door.at,
        `${door.name} leads back to itself: ${loop}`,
        "connect it to the program behind it",
      );
  }
  if (status === null || status.port === 0) return;
  const address = `tcp://${status.address.includes(":") ? `[${status.address}]` : status.address}:${status.port}`;
  const taken = doors.find(({ listen }) => collide(listen, address));
  if (taken === undefined) return;
  report.add(
    status.at,
    `status listens on ${address}, as ${taken.name} does`,
    "choose another port below status",
  );
}

/** The way from a door back to itself over others, for people; `null` when there is none. */
function loopFrom(start: Door, doors: readonly Door[]): string | null {
  const way: Door[] = [start];
  for (let door = start; way.length <= doors.length; ) {
    const next = doors.find(({ listen }) => reaches(door.connect, listen));
    if (next === undefined) return null;
    if (next === start) return [...way, start].map(({ listen }) => listen).join(" -> ");
    way.push(next);
    door = next;
  }
  return null;
}
