/** `qzmq proxy`: the three classic brokers. */
import { suggestion } from "../config/suggestion.ts";
import {
  Proxy as Broker,
  Dealer,
  Pull,
  Push,
  Router,
  type Socket,
  XPublisher,
  XSubscriber,
} from "../sockets.ts";
import type { OptionSpec } from "./args.ts";
import type { Command, Io } from "./command.ts";
import {
  abandon,
  attach,
  finish,
  LINGER_OPTION,
  lingerOf,
  socketLinger,
  VERBOSE_OPTION,
  watch,
} from "./endpoints.ts";
import { Fault } from "./fault.ts";
import { Interrupted, orStopped, stopOf } from "./interrupt.ts";
import { SECURITY_NOTES, SECURITY_OPTIONS, securityFrom } from "./security.ts";

interface Kind {
  readonly front: () => Socket;
  readonly back: () => Socket;
  readonly about: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  queue: {
    front: () => new Router(),
    back: () => new Dealer(),
    about: "requests of REQ and DEALER clients in front to REP and DEALER workers behind",
  },
  forwarder: {
    front: () => new XSubscriber(),
    back: () => new XPublisher(),
    about: "what publishers in front send to subscribers behind",
  },
  streamer: {
    front: () => new Pull(),
    back: () => new Push(),
    about: "what PUSH sockets in front send to PULL sockets behind",
  },
};

function sides(side: "frontend" | "backend"): OptionSpec[] {
  return [
    { name: side, kind: "values", value: "ENDPOINT", about: `listen there as ${side}; may be repeated` },
    {
      name: `${side}-connect`,
      kind: "values",
      value: "ENDPOINT",
      about: `connect there as ${side}; may be repeated`,
    },
  ];
}

/** See the head of this file. */
export const proxy: Command = {
  operands: { name: "KIND", min: 1, max: 1 },
  options: [...sides("frontend"), ...sides("backend"), LINGER_OPTION, VERBOSE_OPTION, ...SECURITY_OPTIONS],
  notes: [
    "KIND says what is passed on:",
    ...Object.entries(KINDS).map(([name, { about }]) => `  ${name.padEnd(9)}  ${about}`),
    "It runs until SIGINT or SIGTERM, then delivers what it holds. A line on standard error tells the peers.",
    ...SECURITY_NOTES,
  ],
  async run(args, io) {
    const [name] = args.operands as [string];
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
    if (kind === undefined) {
      const names = Object.keys(KINDS);
      throw new Fault(
        "usage",
        `${name}: no such proxy`,
        suggestion(name, names, `use one of ${names.join(", ")}`),
      );
    }
    const linger = lingerOf(args);
    const security = await securityFrom(args, io);
    const stop = stopOf(io);
    const [front, back] = [kind.front(), kind.back()];
    try {
      const status = new Status(name, front, back, io);
      for (const [socket, side] of [
        [front, "frontend"],
        [back, "backend"],
      ] as const) {
        const options = { bind: side, connect: `${side}-connect` };
        security.apply(socket, options);
        watch(socket, args, io);
        await attach(socket, args, io, options);
      }
      status.show();
      const broker = new Broker(front, back);
      const done = broker.run();
      await orStopped(done, stop.signal).catch((error: unknown) => {
        if (!(error instanceof Interrupted)) throw error;
      });
      // Ending the proxy closes its sockets; how long they deliver what they hold is up to `finish`.
      front.linger = back.linger = socketLinger(linger);
      broker.terminate();
      await done;
      await finish([front, back], linger, stop.signal);
      status.end();
    } finally {
      abandon(front);
      abandon(back);
      security.close();
      stop.dispose();
    }
  },
};

/** Tells where the proxy listens, and at a terminal, in a line that changes, how many peers it has. */
class Status {
  readonly #name: string;
  readonly #front: Socket;
  readonly #back: Socket;
  readonly #io: Io;
  readonly #peers = { front: 0, back: 0 };

  constructor(name: string, front: Socket, back: Socket, io: Io) {
    this.#name = name;
    this.#front = front;
    this.#back = back;
    this.#io = io;
    this.#count("front", front);
    this.#count("back", back);
  }

  show(): void {
    const { lastEndpoint: front } = this.#front;
    const { lastEndpoint: back } = this.#back;
    this.#io.err(`${this.#name}: frontend ${front ?? "connected"}, backend ${back ?? "connected"}\n`);
    this.#draw();
  }

  end(): void {
    this.#io.err(`${this.#io.showsProgress ? "\n" : ""}${this.#name}: ended\n`);
  }

  #count(side: "front" | "back", socket: Socket): void {
    socket.events.on("handshake", () => this.#change(side, 1));
    socket.events.on("disconnect", () => this.#change(side, -1));
    // A connection whose handshake failed has its disconnect too.
    const failed = () => this.#change(side, 1);
    socket.events.on("handshake:error:protocol", failed);
    socket.events.on("handshake:error:auth", failed);
    socket.events.on("handshake:error:other", failed);
  }

  #change(side: "front" | "back", by: 1 | -1): void {
    this.#peers[side] += by;
    this.#draw();
  }

  #draw(): void {
    const { front, back } = this.#peers;
    if (this.#io.showsProgress) this.#io.err(`\r${front} peers in front, ${back} behind\x1b[K`);
  }
}
