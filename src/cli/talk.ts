/** `qzmq push`, `pull`, `pub`, `sub`, `req`, `rep`, `dealer`, `router`, `send`, `recv`: netcat for ZeroMQ. */
import type { Args, OptionSpec } from "./args.ts";
import type { Command, Io } from "./command.ts";
import {
  abandon,
  attach,
  ENDPOINT_OPTIONS,
  finish,
  LINGER_OPTION,
  lingerOf,
  VERBOSE_OPTION,
  watch,
} from "./endpoints.ts";
import { Fault } from "./fault.ts";
import type { Talk } from "./flow.ts";
import { FORMAT_NOTES, FORMAT_OPTION, FORMATS, type Format } from "./format.ts";
import { Interrupted, interruptedFault, orStopped, stopOf } from "./interrupt.ts";
import { type Direction, makeSocket, type Type } from "./make-socket.ts";
import { SECURITY_NOTES, SECURITY_OPTIONS, securityFrom } from "./security.ts";

const SIDES = { bind: "bind", connect: "connect" };
const COUNT: OptionSpec = { name: "count", kind: "value", value: "N", about: "end after N messages" };
const TIMEOUT: OptionSpec = {
  name: "timeout",
  kind: "value",
  value: "MS",
  about: "give up (exit code 3) when a message cannot be sent, or none comes, for so long",
};
const IDENTITY: OptionSpec = {
  name: "identity",
  kind: "value",
  value: "TEXT",
  about: "the identity that ROUTER peers know this socket by",
};
const SUBSCRIBE: OptionSpec = {
  name: "subscribe",
  kind: "values",
  value: "PREFIX",
  about: "receive messages that begin so; may be repeated; default all",
};
const PUBLISH: readonly OptionSpec[] = [
  { name: "topic", kind: "value", value: "TEXT", about: "a frame to put before each message" },
  { name: "await", kind: "value", value: "N", about: "wait for N subscriptions before the first message" },
];
const ECHO: OptionSpec = { name: "echo", kind: "flag", about: "answer each request with itself" };

interface Row {
  /** The types that `--type` chooses from, the default first; one alone needs no option. */
  readonly types: readonly [Type, ...Type[]];
  readonly direction: Direction;
  readonly options: readonly OptionSpec[];
  /** What operands are, if the command takes any. */
  readonly operand: string | null;
  readonly notes: readonly string[];
}

const ROWS = {
  push: { types: ["push"], direction: "out", options: [], operand: "FRAME", notes: [] },
  pull: { types: ["pull"], direction: "in", options: [], operand: null, notes: [] },
  pub: {
    types: ["pub"],
    direction: "out",
    options: PUBLISH,
    operand: "FRAME",
    notes: ["Messages before somebody subscribed are lost: that is how publishing works. --await waits."],
  },
  sub: { types: ["sub"], direction: "in", options: [SUBSCRIBE], operand: null, notes: [] },
  req: { types: ["req"], direction: "both", options: [IDENTITY], operand: "FRAME", notes: [] },
  rep: { types: ["rep"], direction: "both", options: [ECHO, IDENTITY], operand: "FRAME", notes: [] },
  dealer: {
    types: ["dealer"],
    direction: "both",
    options: [IDENTITY],
    operand: "FRAME",
    notes: ["To talk to a REP peer put an empty frame first: use --format json or hex."],
  },
  router: {
    types: ["router"],
    direction: "both",
    options: [IDENTITY],
    operand: null,
    notes: ["The format is json by default: lines cannot say where the identity ends."],
  },
  send: {
    types: ["push", "pub", "pair", "dealer"],
    direction: "out",
    options: PUBLISH,
    operand: "FRAME",
    notes: [],
  },
  recv: {
    types: ["pull", "sub", "pair", "dealer"],
    direction: "in",
    options: [SUBSCRIBE],
    operand: null,
    notes: [],
  },
} satisfies Record<string, Row>;

const OPERAND_NOTE =
  "With FRAMEs, one message of these frames is sent (--count N times); without, what standard input holds.";

function commandOf(row: Row): Command {
  const { types, direction, options, operand } = row;
  const typeOption: OptionSpec = {
    name: "type",
    kind: "value",
    value: "TYPE",
    about: `${types.join(", ")}; default ${types[0]}`,
  };
  return {
    operands: operand === null ? { name: "", min: 0, max: 0 } : { name: operand, min: 0, max: 1000 },
    options: [
      ...ENDPOINT_OPTIONS,
      ...(types.length > 1 ? [typeOption] : []),
      ...options,
      FORMAT_OPTION,
      COUNT,
      TIMEOUT,
      ...(direction === "in" ? [] : [LINGER_OPTION]),
      VERBOSE_OPTION,
      ...SECURITY_OPTIONS,
    ],
    notes: [...row.notes, ...(operand === null ? [] : [OPERAND_NOTE]), ...FORMAT_NOTES, ...SECURITY_NOTES],
    run: (args, io) => run(row, args, io),
  };
}

async function run({ types, direction }: Row, args: Args, io: Io): Promise<void> {
  const type = args.choice<Type>("type", types, types[0]);
  refuseForeign(type, args);
  const format = formatOf(type, args);
  const count = args.integer("count", 1, Number.MAX_SAFE_INTEGER);
  const linger = direction === "in" ? 0 : lingerOf(args);
  const security = await securityFrom(args, io);
  const { socket, talk, ready } = makeSocket(type, direction, args);
  const stop = stopOf(io);
  const tally = { sent: 0, received: 0 };
  const { operands } = args;
  const topic = args.text("topic");
  try {
    security.apply(socket, SIDES);
    watch(socket, args, io);
    await attach(socket, args, io, SIDES);
    const whole: Talk = {
      ...{ stdin: io.stdin, out: io.out, format, count, tally, signal: stop.signal, echo: args.has("echo") },
      fixed: operands.length === 0 ? null : operands.map((text) => Buffer.from(text)),
      topic: topic === undefined ? null : Buffer.from(topic),
    };
    const work = async () => {
      await ready?.(stop.signal);
      await talk(whole);
    };
    await orStopped(work(), stop.signal).catch((error: unknown) => {
      if (!(error instanceof Interrupted)) throw error;
    });
    await finish([socket], linger, stop.signal);
    await io.out.flush();
    if (stop.signal.aborted) checkComplete(direction, count, tally);
  } finally {
    abandon(socket);
    security.close();
    stop.dispose();
  }
}

/** An interrupt is the normal end of what has none of its own, and a failure of what had something left to do. */
function checkComplete(direction: Direction, count: number | undefined, tally: Talk["tally"]): void {
  if (direction === "out") throw interruptedFault(`${tally.sent} messages sent`);
  if (count !== undefined && tally.received < count) {
    throw interruptedFault(`${tally.received} of ${count} messages received`);
  }
}

/** Options that belong to some of the types only. */
function refuseForeign(type: Type, args: Args): void {
  for (const [name, owner] of [
    ["topic", "pub"],
    ["await", "pub"],
    ["subscribe", "sub"],
  ] as const) {
    if (args.has(name) && type !== owner) {
      throw new Fault(
        "usage",
        `--${name} does not go with --type ${type}`,
        `use --type ${owner}, or leave it out`,
      );
    }
  }
}

function formatOf(type: Type, args: Args): Format {
  if (type === "rep" && args.has("echo") && args.operands.length > 0) {
    throw new Fault("usage", "--echo and FRAMEs exclude each other", "leave one of them out");
  }
  const format = args.choice<Format>("format", FORMATS, type === "router" ? "json" : "lines");
  if (type !== "router" || format === "json" || format === "hex") return format;
  throw new Fault(
    "usage",
    `--format ${format}: cannot say which frame is the identity`,
    "use --format json or hex with router",
  );
}

/** The commands, one for each way of talking. */
export const TALK = Object.fromEntries(
  Object.entries(ROWS).map(([name, row]) => [name, commandOf(row)]),
) as Readonly<Record<keyof typeof ROWS, Command>>;
