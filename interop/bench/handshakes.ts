/**
 * What a QZMQ handshake costs: CPU of each role, and octets on the wire, for every pair of KEM and signature, full
 * (anonymous, mutual by pin, mutual by certificate) and resumed. Two mechanisms in memory: no socket, no timer.
 *
 *     node handshakes.js [--crypto auto,noble] [--suites default,all] [--only "mutual, pinned"] [--rounds N] [--json]
 *
 * "primitives" is what the key exchange, signatures and verifications of such a handshake take by themselves, in the
 * same program and by turns: the rest of "both" is ours. The cost of a role is the time of its steps, and the CPU of threads that sign for it; "process" is all CPU of this
 * program for each handshake, collecting garbage and the program itself included. Means, for a signature's cost varies
 * from one to the next; on a machine that does nothing else. Run it with each Node whose back end is of interest.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import type { CryptoProvider, SignatureName } from "../../src/crypto/provider.ts";
import { type CryptoChoice, cryptoProvider } from "../../src/crypto/select.ts";
import type { Authorization, MechanismHost } from "../../src/mechanism/mechanism.ts";
import type { Mode } from "../../src/mechanism/qzmq/algorithm.ts";
import { type Certificate, END_OF_TIME, issueCertificate } from "../../src/mechanism/qzmq/certificate.ts";
import type { ClientOptions, ServerOptions } from "../../src/mechanism/qzmq/config.ts";
import { bareIdentity, type Identity, makeIdentity } from "../../src/mechanism/qzmq/identity.ts";
import { type QzmqFactory, qzmqClient, qzmqServer } from "../../src/mechanism/qzmq/index.ts";
import { keyExchange } from "../../src/mechanism/qzmq/kem.ts";
import type { QzmqMechanism } from "../../src/mechanism/qzmq/qzmq.ts";
import { localSigner } from "../../src/mechanism/qzmq/signer.ts";
import { type Suite, suiteByName } from "../../src/mechanism/qzmq/suite.ts";
import { TicketStore } from "../../src/mechanism/qzmq/ticket-store.ts";
import { Trust } from "../../src/mechanism/qzmq/trust.ts";
import { encodeGreeting } from "../../src/wire/greeting.ts";
import { encodeMetadata } from "../../src/wire/metadata.ts";

const { values: flags } = parseArgs({
  options: {
    crypto: { type: "string", default: "auto,noble" },
    suites: { type: "string", default: "all" },
    only: { type: "string" },
    rounds: { type: "string", default: "40" },
    json: { type: "boolean", default: false },
  },
});
const rounds = Number(flags.rounds);

const DEFAULT_SUITE = "x25519+mlkem768/mldsa44/aes256gcm/sha256";
/** Every valid pair of KEM and signature, each with the shortest hash that goes with it. */
const SUITES: readonly string[] = [
  ...[4, 2].flatMap((kem) => [2, 3, 4].map((signature) => `${kem}/${signature}/1/1`)),
  ...[5, 3].flatMap((kem) => [3, 4].map((signature) => `${kem}/${signature}/1/2`)),
  "1/1/1/1",
];
const VARIANTS = ["anonymous", "mutual, pinned", "mutual, certified", "resumed"] as const;
type Variant = (typeof VARIANTS)[number];
type Role = "client" | "server";

const ACCEPTED: Authorization = { status: 200, text: "OK", userId: "", metadata: new Map() };

/** One end of a handshake: its mechanism, what is to run or to arrive there, and what it has cost. */
class End {
  readonly mechanism: QzmqMechanism;
  readonly #host: MechanismHost;
  readonly #tasks: (() => void)[] = [];
  #woken = false;
  /** Octets that have arrived. */
  inbox: Buffer = Buffer.alloc(0);
  /** Microseconds of CPU. */
  cost = 0;

  constructor(role: Role, factory: QzmqFactory, provider: CryptoProvider, connectionId: number) {
    this.mechanism = factory.create();
    this.#host = {
      localGreeting: encodeGreeting("QZMQ", role === "server"),
      peerGreeting: encodeGreeting("QZMQ", role === "client"),
      metadata: encodeMetadata([["Socket-Type", Buffer.from(role === "server" ? "ROUTER" : "DEALER")]]),
      ...{ endpoint: "tcp://server.example:5555", peerAddress: "192.0.2.7", connectionId },
      random: provider.random,
      acceptPeer: () => {},
      authorize: (_credentials, decided) => decided(ACCEPTED),
      defer: (task) => this.#tasks.push(task),
      deferred: 0,
      wake: () => {
        this.#woken = true;
      },
      takeEarlyMessages: () => [],
    };
  }

  start(): void {
    this.#spend(() => this.mechanism.start(this.#host, 0));
  }

  /** Does what there is to do; what it wrote, `null` when there was nothing to do. Waits for a signature elsewhere. */
  async step(): Promise<readonly Uint8Array[] | null> {
    const { mechanism } = this;
    const frame = mechanism.status === "waiting" ? null : this.#takeFrame();
    const task = this.#tasks.shift();
    if (frame === null && task === undefined && mechanism.status !== "waiting" && !this.#woken) return null;
    this.#spend(() => task?.());
    if (mechanism.status === "waiting" && this.#tasks.length === 0 && !this.#woken)
      await this.#signedElsewhere();
    let output: readonly Uint8Array[] = [];
    this.#spend(() => {
      if (this.#woken) {
        this.#woken = false;
        mechanism.advance(0);
      } else if (frame !== null) {
        mechanism.receive(frame.flags, frame.body, 0);
      }
      output = mechanism.takeOutput();
    });
    return output;
  }

  /** What a thread spends shows in the process's CPU alone; asking for that takes too long to do it at every step. */
  async #signedElsewhere(): Promise<void> {
    const before = process.cpuUsage();
    while (!this.#woken && this.#tasks.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const { user, system } = process.cpuUsage(before);
    this.cost += user + system;
  }

  #spend(run: () => void): void {
    const before = performance.now();
    run();
    this.cost += 1000 * (performance.now() - before);
  }

  #takeFrame(): { readonly flags: number; readonly body: Uint8Array } | null {
    const size = frameSize(this.inbox);
    if (size === null) return null;
    const flags = this.inbox[0]!;
    const body = this.inbox.subarray((flags & 2) === 0 ? 2 : 9, size);
    this.inbox = this.inbox.subarray(size);
    return { flags, body: new Uint8Array(body) };
  }
}

/** Octets of the first frame, header included; `null` when there is none. */
function frameSize(octets: Buffer): number | null {
  if (octets.length === 0) return null;
  return (octets[0]! & 2) === 0 ? 2 + octets[1]! : 9 + Number(octets.readBigUInt64BE(1));
}

/** What one kind of handshake came to: microseconds by role, octets by direction. */
interface Result {
  readonly suite: Suite;
  readonly variant: Variant;
  readonly client: number;
  readonly server: number;
  readonly process: number;
  readonly primitives: number;
  readonly up: number;
  readonly down: number;
  /** Octets of the TICKET record, 0 for none. */
  readonly ticket: number;
}

interface Once {
  readonly cost: Record<Role, number>;
  readonly octets: { up: number; down: number; ticket: number };
}

let connections = 0;

/** One handshake, to its end and with the ticket that follows it. Throws what either side threw. */
async function handshake(client: QzmqFactory, server: QzmqFactory, provider: CryptoProvider): Promise<Once> {
  const ends = {
    client: new End("client", client, provider, ++connections),
    server: new End("server", server, provider, ++connections),
  };
  const octets = { up: 0, down: 0, ticket: 0 };
  const deliver = (from: Role, pieces: readonly Uint8Array[]): void => {
    const all = Buffer.concat(pieces);
    const to = ends[from === "client" ? "server" : "client"];
    to.inbox = Buffer.concat([to.inbox, all]);
    for (let at = 0; at < all.length; ) {
      const size = frameSize(all.subarray(at))!;
      const isRecord = all.subarray(at, at + size).includes("\x07CONTROL");
      octets[isRecord ? "ticket" : from === "client" ? "up" : "down"] += size;
      at += size;
    }
  };
  ends.server.start();
  ends.client.start();
  deliver("client", ends.client.mechanism.takeOutput());
  for (let moved = true; moved; ) {
    moved = false;
    for (const role of ["server", "client"] as const) {
      const output = await ends[role].step();
      if (output === null) continue;
      moved = true;
      deliver(role, output);
    }
  }
  for (const role of ["server", "client"] as const) {
    if (ends[role].mechanism.status !== "ready") throw new Error(`the ${role} did not come to an end`);
    ends[role].mechanism.dispose();
  }
  return { cost: { client: ends.client.cost, server: ends.server.cost }, octets };
}

/** Signs as an application's identity does: hedged, and natively where the runtime can. */
function signer(provider: CryptoProvider, algorithm: SignatureName, octet: number) {
  return localSigner(provider, algorithm, new Uint8Array(32).fill(octet), provider.random);
}

function certificate(
  provider: CryptoProvider,
  subject: string,
  octet: number,
  algorithm: SignatureName,
  usage: Certificate["usage"],
  authority: number,
): Promise<Certificate> {
  const fields = {
    ...{ serial: new Uint8Array(16).fill(octet), subject, alternativeNames: [], extensions: [], usage },
    ...{ notBefore: 0, notAfter: END_OF_TIME, algorithm },
    publicKey: signer(provider, algorithm, octet).publicKey,
  };
  return issueCertificate(provider, fields, signer(provider, algorithm, authority));
}

/** Factories of a fresh client and server for one variant. */
async function factories(provider: CryptoProvider, suite: Suite, variant: Variant) {
  const { signature: algorithm } = suite;
  const mode: Mode = suite.kem === 1 ? "classical" : suite.kem <= 3 ? "pq-only" : "hybrid";
  const certified = variant === "mutual, certified";
  const authority = await certificate(
    ...([provider, "authority", 9, algorithm] as const),
    ...([{ kind: "authority", pathLength: 0 }, 9] as const),
  );
  const identity = async (octet: number, name: string, role: Role): Promise<Identity> => {
    const own = signer(provider, algorithm, octet);
    if (!certified) return bareIdentity(provider, own);
    const usage = { kind: "end-entity", roles: [role] } as const;
    return makeIdentity(own, [await certificate(provider, name, octet, algorithm, usage, 9)]);
  };
  const serverIdentity = await identity(1, "server.example", "server");
  const clientIdentity = await identity(2, "client.example", "client");
  const trusting = (peer: Identity): (() => Trust) => {
    const pins = certified ? [] : [{ fingerprint: peer.fingerprint, name: null }];
    const trust = new Trust(provider, { mode, pins, authorities: certified ? [authority] : [] });
    return () => trust;
  };
  const common = { provider, unixTime: () => Date.now(), mode, suites: [suite] };
  const mutual = variant !== "anonymous";
  const server: ServerOptions = {
    ...common,
    identities: () => [serverIdentity],
    ...(mutual ? { clientAuth: "required", trust: trusting(clientIdentity) } : {}),
    tickets: variant === "resumed" ? {} : null,
  };
  const client: ClientOptions = {
    ...common,
    trust: trusting(serverIdentity),
    ...(mutual ? { identity: () => clientIdentity } : {}),
    tickets: variant === "resumed" ? new TicketStore() : null,
  };
  return { client: qzmqClient(client), server: qzmqServer(server) };
}

/** Computes what a handshake of this kind needs public-key operations for, once; returns microseconds. */
function primitives(provider: CryptoProvider, suite: Suite, variant: Variant): () => number {
  const kem = keyExchange(provider, suite.kem);
  const scheme = provider.signatures[suite.signature];
  const key = scheme.key(new Uint8Array(32).fill(1));
  const [message, context] = [new Uint8Array(suite.hash === "SHA-256" ? 32 : 48), new Uint8Array(20)];
  const signatures = { anonymous: 1, "mutual, pinned": 2, "mutual, certified": 2, resumed: 0 }[variant];
  // A certificate is verified once for all its connections: trust remembers it.
  return () => {
    const before = performance.now();
    const pair = kem.generate(provider.random);
    const { ciphertext } = kem.encapsulate(pair.publicKey, provider.random);
    for (let i = 0; i < signatures; i++) {
      const signature = key.sign(message, context, provider.random);
      if (!scheme.verify(key.publicKey, message, context, signature)) throw new Error("it does not verify");
    }
    pair.decapsulate(ciphertext);
    return 1000 * (performance.now() - before);
  };
}

async function measure(provider: CryptoProvider, suite: Suite, variant: Variant): Promise<Result> {
  const { client, server } = await factories(provider, suite, variant);
  // For the compiler; where tickets are kept, also to have one.
  for (let i = 0; i < Math.max(5, rounds / 4); i++) await handshake(client, server, provider);
  const sum = { client: 0, server: 0, primitives: 0 };
  const alone = primitives(provider, suite, variant);
  let octets = { up: 0, down: 0, ticket: 0 };
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) {
    const once = await handshake(client, server, provider);
    sum.primitives += alone();
    sum.client += once.cost.client;
    sum.server += once.cost.server;
    octets = once.octets;
  }
  const { user, system } = process.cpuUsage(before);
  const resumed = server.counters.handshakesResumed;
  if (variant === "resumed" ? resumed < rounds : resumed > 0) throw new Error(`${resumed} were resumed`);
  client.dispose();
  server.dispose();
  const means = {
    client: sum.client / rounds,
    server: sum.server / rounds,
    primitives: sum.primitives / rounds,
    process: (user + system - sum.primitives) / rounds,
  };
  return { suite, variant, ...means, ...octets };
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]!.length)));
  const print = (line: readonly string[]): void =>
    console.log(
      `| ${line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(" | ")} |`,
    );
  print(head);
  print(widths.map((width) => "-".repeat(width)));
  for (const line of lines) print(line);
  console.log();
}

const milliseconds = (microseconds: number): string => (microseconds / 1000).toFixed(2);

if (!flags.json) console.log(`node ${process.version}, ${cpus()[0]?.model}, means of ${rounds} handshakes\n`);
for (const choice of flags.crypto.split(",") as CryptoChoice[]) {
  const provider = cryptoProvider(choice);
  const names = flags.suites === "default" ? [DEFAULT_SUITE] : SUITES;
  const results: Result[] = [];
  for (const suite of names.map(suiteByName)) {
    for (const variant of VARIANTS.filter((name) => name === (flags.only ?? name)))
      results.push(await measure(provider, suite, variant));
  }
  if (flags.json) {
    // One line, as a benchmark's processes say what they measured: microseconds.
    const line = results.flatMap(({ variant, client, server, primitives }) => [
      [variant, client + server],
      [`${variant}: primitives`, primitives],
    ]);
    console.log(JSON.stringify(Object.fromEntries(line)));
    continue;
  }
  console.log(`crypto ${choice} (${provider.name}), CPU in milliseconds, octets without greetings`);
  table(
    [
      "suite",
      "handshake",
      "client",
      "server",
      "both",
      "primitives",
      "process",
      "octets up",
      "down",
      "ticket",
    ],
    results.map(({ suite, variant, client, server, primitives, process, up, down, ticket }) => [
      `${suite.kem === 1 ? "X25519" : suite.name.split("/", 1)[0]!} ${suite.signature}`,
      variant,
      ...[client, server, client + server, primitives, process].map(milliseconds),
      ...[up, down, ticket].map(String),
    ]),
  );
}
