/** `qzmq bench`: how fast this machine passes messages between two sockets of one process. */
import { suggestion } from "../config/suggestion.ts";
import { Pull, Push, qzmq, Reply, Request, type Socket } from "../index.ts";
import type { Args } from "./args.ts";
import type { Command, Io } from "./command.ts";
import { abandon } from "./endpoints.ts";
import { Fault } from "./fault.ts";
import { Interrupted, interruptedFault, orStopped, stopOf } from "./interrupt.ts";
import { modeOf } from "./names.ts";
import { JSON_OPTION, print } from "./print.ts";
import { SUITE_OPTIONS, suitesOf } from "./suites.ts";
import { endpointFault } from "./trouble.ts";

interface Plan {
  readonly endpoint: string;
  /** Octets. */
  readonly size: number;
  readonly count: number;
  /** QZMQ for the side that binds and the one that connects; `null` for none. */
  readonly security: readonly [qzmq.Security, qzmq.Security] | null;
  /** Fires when the sockets are not needed any more. */
  readonly over: AbortSignal;
}

/** Numbers to report, and lines for people. */
interface Result {
  readonly value: Readonly<Record<string, number>>;
  readonly lines: readonly string[];
}

interface Measure {
  readonly count: number;
  readonly run: (plan: Plan, progress: Progress, clock: () => number) => Promise<Result>;
}

const MEASURES: Readonly<Record<string, Measure>> = {
  throughput: { count: 500_000, run: throughput },
  latency: { count: 10_000, run: latency },
};
const MAX_SIZE = 64 * 1024 * 1024;

/** See the head of this file. */
export const bench: Command = {
  operands: { name: "MEASURE", min: 1, max: 1 },
  options: [
    {
      name: "endpoint",
      kind: "value",
      value: "ENDPOINT",
      about: "default tcp://127.0.0.1:*; ipc://* and inproc://name work too",
    },
    { name: "size", kind: "value", value: "N", about: "octets in a message; default 100" },
    {
      name: "count",
      kind: "value",
      value: "N",
      about: "messages, default 500000; round trips, default 10000",
    },
    { name: "qzmq", kind: "flag", about: "secured, with a key made for the occasion" },
    ...SUITE_OPTIONS,
    JSON_OPTION,
  ],
  notes: ["MEASURE is throughput or latency. Both ends share one thread: two processes are faster."],
  async run(args, io) {
    const [name] = args.operands as [string];
    const measure = Object.hasOwn(MEASURES, name) ? MEASURES[name] : undefined;
    if (measure === undefined) {
      const names = Object.keys(MEASURES);
      throw new Fault(
        "usage",
        `${name}: no such measure`,
        suggestion(name, names, `use ${names.join(" or ")}`),
      );
    }
    const endpoint = args.text("endpoint") ?? "tcp://127.0.0.1:*";
    const size = args.integer("size", 0, MAX_SIZE) ?? 100;
    const count = args.integer("count", 1, 1_000_000_000) ?? measure.count;
    const security = await securityOf(args, endpoint);
    const stop = stopOf(io);
    const over = new AbortController();
    const progress = new Progress(name, count, io);
    try {
      const work = measure.run({ endpoint, size, count, security, over: over.signal }, progress, io.clock);
      const { value, lines } = await orStopped(work, stop.signal);
      progress.end();
      const transport = endpoint.split(":")[0];
      const suite = security?.[0].connections[0]?.facts["suite"] ?? null;
      await print(args, io, { measure: name, transport, suite, size, count, ...value }, lines);
    } catch (error) {
      progress.end();
      throw error instanceof Interrupted ? interruptedFault("nothing was measured") : error;
    } finally {
      over.abort();
      for (const side of security ?? []) side.dispose();
      stop.dispose();
    }
  },
};

/** Both sides' security if `--qzmq` asks for it. Throws {@link Fault}. */
async function securityOf(args: Args, endpoint: string): Promise<Plan["security"]> {
  if (!args.has("qzmq")) {
    const idle = SUITE_OPTIONS.find(({ name }) => args.has(name));
    if (idle === undefined) return null;
    throw new Fault("usage", `--${idle.name} alone secures nothing`, "add --qzmq");
  }
  if (endpoint.startsWith("inproc:")) {
    throw new Fault(
      "usage",
      `--qzmq over ${endpoint}: nothing is secured within a process`,
      "use tcp or ipc",
    );
  }
  const settings = { mode: modeOf(args), suites: suitesOf(args) };
  const identity = await qzmq.generateIdentity(settings.suites[0]!.signature);
  const trust = { pins: [qzmq.pinOf(identity)] };
  return [qzmq.server({ ...settings, identity }), qzmq.client({ ...settings, trust })];
}

async function throughput(plan: Plan, progress: Progress, clock: () => number): Promise<Result> {
  const push = new Push();
  const pull = new Pull();
  await join(pull, push, plan);
  // Not counted: it waits for the connection.
  await push.send("");
  await pull.receive();
  const begin = clock();
  await Promise.all([
    sendAll(push, Buffer.alloc(plan.size), plan.count),
    receiveAll(pull, plan.count, progress),
  ]);
  const seconds = (clock() - begin) / 1000;
  const rate = plan.count / seconds;
  const megabytes = (rate * plan.size) / 1e6;
  return {
    value: { seconds, messagesPerSecond: Math.round(rate), megabytesPerSecond: megabytes },
    lines: [
      `${Math.round(rate)} messages a second of ${plan.size} octets, ${megabytes.toFixed(1)} MB/s ` +
        `(${plan.count} in ${seconds.toFixed(2)} s)`,
    ],
  };
}

async function sendAll(push: Push, message: Buffer, count: number): Promise<void> {
  // The socket owns long buffers that it was given, and never changes them: one will do.
  for (let i = 0; i < count; i++) await push.send(message);
}

async function receiveAll(pull: Pull, count: number, progress: Progress): Promise<void> {
  for (let i = 0; i < count; i++) {
    await pull.receive();
    progress.at(i);
  }
}

async function latency(plan: Plan, progress: Progress, clock: () => number): Promise<Result> {
  const request = new Request();
  const reply = new Reply();
  await join(reply, request, plan);
  const [times] = await Promise.all([
    roundTrips(request, plan, progress, clock).finally(() => abandon(reply)),
    echo(reply),
  ]);
  return latencies(times.sort());
}

/** Milliseconds of each. */
async function roundTrips(
  request: Request,
  { size, count }: Plan,
  progress: Progress,
  clock: () => number,
): Promise<Float64Array> {
  const message = Buffer.alloc(size);
  // Not counted: it waits for the connection.
  await request.send(message);
  await request.receive();
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const begin = clock();
    await request.send(message);
    await request.receive();
    times[i] = clock() - begin;
    progress.at(i);
  }
  return times;
}

async function echo(reply: Reply): Promise<void> {
  for await (const frames of reply) await reply.send(frames);
}

/** What sorted round-trip times in milliseconds say. */
function latencies(times: Float64Array): Result {
  const microseconds = (part: number) =>
    Math.round(1000 * times[Math.min(times.length - 1, Math.floor(part * times.length))]!);
  const mean = Math.round((1000 * times.reduce((sum, time) => sum + time, 0)) / times.length);
  const value = { mean, median: microseconds(0.5), p99: microseconds(0.99), max: microseconds(1) };
  return {
    value,
    lines: [
      `round trip: median ${value.median} µs, mean ${mean} µs, 99% within ${value.p99} µs, longest ${value.max} µs`,
    ],
  };
}

/** Joins the two ends, and lets go of them when the measure is over or interrupted. */
async function join(binder: Socket, connecter: Socket, { endpoint, security, over }: Plan): Promise<void> {
  if (security !== null) [binder.security, connecter.security] = security;
  over.addEventListener("abort", () => [binder, connecter].forEach(abandon), { once: true });
  try {
    await binder.bind(endpoint);
    connecter.connect(binder.lastEndpoint!);
  } catch (error) {
    throw endpointFault("--endpoint", endpoint, error);
  }
}

/** How far it is: a line at a terminal that changes with each percent, nothing elsewhere. */
class Progress {
  readonly #name: string;
  readonly #io: Io;
  readonly #step: number;
  readonly #count: number;
  #next = 0;

  constructor(name: string, count: number, io: Io) {
    this.#name = name;
    this.#io = io;
    this.#count = count;
    this.#step = Math.ceil(count / 100);
    if (!io.showsProgress) this.#next = Number.POSITIVE_INFINITY;
  }

  at(done: number): void {
    if (done < this.#next) return;
    this.#next += this.#step;
    this.#io.err(`\r${this.#name}: ${Math.floor((100 * done) / this.#count)}%\x1b[K`);
  }

  end(): void {
    if (this.#io.showsProgress) this.#io.err("\r\x1b[K");
  }
}
