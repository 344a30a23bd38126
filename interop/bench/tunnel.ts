/**
 * What a tunnel costs two libzmq programs: PUSH to PULL through a client's and a server's link, beside a pair of plain
 * TCP forwarders in the same place, beside libzmq's own CURVE, and beside nothing at all. The subjects take turns
 * within every round, since only ratios within a run mean anything on a shared machine.
 *
 *     node tunnel.js [--rounds N] [--sizes 100,1024,65536]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { firstLine } from "../../test/support/first-line.ts";
import { freePort } from "../../test/support/free-port.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    sizes: { type: "string", default: "100,1024,65536" },
  },
});

const PEER = join(import.meta.dirname, "tunnel-peer.js");
const TUNNEL = join(import.meta.dirname, "../tunnel/tunnel.js");

/** What lies between the programs; returns where the sender connects. */
type Subject = (pull: number, children: ChildProcess[]) => Promise<number>;

const SUBJECTS: Readonly<Record<string, Subject>> = {
  direct: async (pull) => pull,
  "plain forwarders": async (pull, children) => {
    const [near, middle] = [await freePort(), await freePort()];
    children.push(await ready([PEER, "forward", `${middle}`, `${pull}`]));
    children.push(await ready([PEER, "forward", `${near}`, `${middle}`]));
    return near;
  },
  tunnel: async (pull, children) => {
    const [near, middle] = [await freePort(), await freePort()];
    children.push(await ready([TUNNEL, "server", endpoint(middle), endpoint(pull)]));
    children.push(await ready([TUNNEL, "client", endpoint(near), endpoint(middle)]));
    return near;
  },
  "CURVE direct": async (pull) => pull,
};

function endpoint(port: number): string {
  return `tcp://127.0.0.1:${port}`;
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
}

/** Starts a process and waits until it says that it is ready. */
async function ready(args: readonly string[]): Promise<ChildProcess> {
  const child = start(args);
  await firstLine(child, args.join(" "));
  return child;
}

async function measure(name: string, size: number): Promise<number> {
  const count = Math.max(4000, Math.floor(Math.min(250_000, 300e6 / size)));
  const children: ChildProcess[] = [];
  const pullPort = await freePort();
  const curve = name.startsWith("CURVE") ? "curve" : "null";
  const pull = start([PEER, "pull", endpoint(pullPort), curve, `${size}`, `${count}`]);
  children.push(pull);
  const lines = createInterface({ input: pull.stdout! })[Symbol.asyncIterator]();
  await lines.next();
  const port = await SUBJECTS[name]!(pullPort, children);
  const push = start([PEER, "push", endpoint(port), curve, `${size}`, `${count}`]);
  children.push(push);
  const { value } = (await lines.next()) as { value: string };
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.filter((child) => child.exitCode === null).map((child) => once(child, "close")));
  return (JSON.parse(value) as { rate: number }).rate;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

const names = Object.keys(SUBJECTS);
console.log(`messages a second, medians of ${flags.rounds} rounds`);
console.log(["octets", ...names, "tunnel / forwarders", "tunnel / CURVE"].join("\t"));
for (const size of flags.sizes.split(",").map(Number)) {
  const rates = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const name of names) rates.get(name)!.push(await measure(name, size));
  }
  const [direct, forwarders, tunnel, curve] = names.map((name) => median(rates.get(name)!)) as [
    number,
    number,
    number,
    number,
  ];
  const whole = [direct, forwarders, tunnel, curve].map((rate) => rate.toFixed(0));
  console.log([size, ...whole, (tunnel / forwarders).toFixed(2), (tunnel / curve).toFixed(2)].join("\t"));
}
