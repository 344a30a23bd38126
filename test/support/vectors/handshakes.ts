/** The handshakes that vectors show, but for those that fail. */
import type { HandshakeVector } from "./format.ts";
import { hex, unhex } from "./format.ts";
import {
  authority,
  bare,
  type ClientChange,
  certified,
  clientSide,
  message,
  type Party,
  properties,
  type ServerChange,
  serverSide,
  TIME,
} from "./parties.ts";
import { type HandshakeSpec, type Run, runHandshake } from "./run-handshake.ts";

const HYBRID = "04020101 04030101 04040101 04020201 04030201 04040201 05030102 05040102 05030202 05040202";
/** Without ML-DSA-65 and 87 under ChaCha20-Poly1305 once more, which would show nothing new and take much room. */
const PQ_ONLY = "02020101 02030101 02040101 03030102 03040102 02020201 03030202";
/** The other hash with the smaller KEMs, once for each. */
const OTHERS = "04020102 02020202 04020202";
/** The default suite, and one with the other AEAD and hash. */
export const DEFAULT_SUITE = "04020101";
export const OTHER_SUITE = "05030202";
/** The other AEAD and hash with small keys, where the rest of a vector is large. */
export const SMALL_OTHER_SUITE = "04020202";

/** A server with a bare key that the client pins by name, and a client that is anonymous unless there is a party. */
export async function pinned(
  name: string,
  suite: string,
  change: { readonly client?: ClientChange; readonly server?: ServerChange; readonly party?: Party } = {},
): Promise<HandshakeSpec> {
  const server = await bare("broker", unhex(suite)[1]!);
  return {
    ...{ name, suite },
    client: clientSide(change.party ?? null, { pins: [`${server.pin}, broker`], ...change.client }),
    server: serverSide(server, [suite], change.server),
  };
}

/** handshake-full.json */
export async function full(): Promise<HandshakeVector[]> {
  const runs: Run[] = [];
  for (const suite of HYBRID.split(" ")) runs.push(runHandshake(await pinned(`hybrid ${suite}`, suite)));
  for (const suite of PQ_ONLY.split(" ")) {
    const mode = { mode: "pq-only" } as const;
    runs.push(runHandshake(await pinned(`pq-only ${suite}`, suite, { client: mode, server: mode })));
  }
  for (const suite of OTHERS.split(" ")) {
    runs.push(runHandshake(await pinned(`only offer ${suite}`, suite, { client: { suites: [suite] } })));
  }
  const chosen = await pinned("the server's order decides", "02020101", {
    client: { suites: ["04020101", "02020101"], serverName: "broker", recordLimit: 4096 },
  });
  runs.push(
    runHandshake({
      ...chosen,
      server: { ...chosen.server, suites: ["05030102", "02020101", "04020101"], recordLimit: 65_536 },
    }),
  );
  const waiting = [message("first"), message("second")].map(hex);
  runs.push(
    runHandshake(await pinned("fast start", DEFAULT_SUITE, { client: { waiting, fastStart: true } })),
  );
  return runs.map(({ vector }) => vector);
}

/** handshake-classical.json */
export async function classical(): Promise<HandshakeVector[]> {
  const mode = { mode: "classical" } as const;
  const vectors: HandshakeVector[] = [];
  for (const suite of ["01010101", "01010201", "01010102", "01010202"]) {
    const client = { ...mode, suites: [suite] };
    vectors.push(runHandshake(await pinned(`classical ${suite}`, suite, { client, server: mode })).vector);
  }
  const party = await bare("alice", 1);
  const spec = await pinned("a client with Ed25519 under a hybrid suite", DEFAULT_SUITE, {
    ...{ party, client: mode },
    server: { ...mode, clientAuth: "required", pins: [party.pin] },
  });
  vectors.push(runHandshake(spec).vector);
  return vectors;
}

/** handshake-client-auth.json */
export async function clientAuth(): Promise<HandshakeVector[]> {
  const alice = await bare("alice", 2);
  const alice65 = await bare("alice", 3);
  const accepts = (party: Party, clientAuth: "optional" | "required") => ({
    clientAuth,
    pins: [`${party.pin}, alice`],
  });
  const specs = [
    await pinned("required, both pinned", DEFAULT_SUITE, {
      party: alice,
      server: accepts(alice, "required"),
    }),
    await pinned("required, both pinned, the pin without a name", DEFAULT_SUITE, {
      party: alice,
      server: { clientAuth: "required", pins: [alice.pin] },
    }),
    await pinned("required, keys of different algorithms", DEFAULT_SUITE, {
      party: alice65,
      server: accepts(alice65, "required"),
    }),
    await pinned("optional and shown", DEFAULT_SUITE, { party: alice, server: accepts(alice, "optional") }),
    await pinned("optional and not shown", DEFAULT_SUITE, { server: accepts(alice, "optional") }),
    await pinned("not asked for, so not shown", DEFAULT_SUITE, { party: alice }),
    await certifiedBoth("certificates on both sides", "04020101", false),
    await certifiedBoth("chains of two on both sides", "04020201", true),
  ];
  return specs.map((spec) => runHandshake(spec).vector);
}

/** Both sides certified, by different authorities, directly or through another authority. */
async function certifiedBoth(name: string, suite: string, chains: boolean): Promise<HandshakeSpec> {
  const signature = unhex(suite)[1]!;
  const servers = { label: "servers-root", signature };
  const clients = { label: "clients-root", signature };
  const via = (label: string) => (chains ? { label, signature } : undefined);
  const broker = await certified("broker.example", signature, servers, via("servers-issuer"), {
    usage: { kind: "end-entity", roles: ["server"] },
    alternativeNames: ["broker", "second.example"],
  });
  const alice = await certified("alice@example", signature, clients, via("clients-issuer"), {
    usage: { kind: "end-entity", roles: ["client"] },
    extensions: [{ type: 0x7f00, data: Uint8Array.of(1, 2, 3) }],
  });
  return {
    ...{ name, suite },
    client: clientSide(alice, {
      authorities: [await authority(servers.label, signature)],
      ...(chains ? { serverName: "second.example", endpoint: "tcp://192.0.2.1:5555" } : {}),
    }),
    server: serverSide(broker, [suite], {
      authorities: [await authority(clients.label, signature)],
      clientAuth: "required",
    }),
  };
}

/** handshake-retry.json */
export async function retry(): Promise<HandshakeVector[]> {
  const server = {
    cookies: "always",
    connection: "4294967296",
    time: "123456",
    peerAddress: "2001:db8::1",
  } as const;
  return [
    await pinned("a cookie is wanted", DEFAULT_SUITE, { server }),
    await pinned("a cookie is wanted, and the client shows itself", OTHER_SUITE, {
      party: await bare("alice", 3),
      server: { ...server, peerAddress: "", clientAuth: "required", pins: [(await bare("alice", 3)).pin] },
    }),
  ].map((spec) => runHandshake(spec).vector);
}

const TICKETS = { count: 1, lifetime: 7200, earlyLimit: 0 } as const;

/** A connection that brings a ticket. */
export async function withTicket(
  name: string,
  suite: string,
  change: Parameters<typeof pinned>[2] = {},
): Promise<HandshakeSpec> {
  return pinned(name, suite, { ...change, server: { tickets: TICKETS, ...change.server } });
}

/** Another connection of the same sockets. */
function again(
  from: Run,
  name: string,
  change: { client?: ClientChange; server?: ServerChange; newTicketKey?: boolean } = {},
): Run {
  const { client, server, suite } = from.vector;
  return runHandshake({
    ...{ name, suite: suite!, from, newTicketKey: change.newTicketKey ?? false },
    client: { ...client, ...change.client },
    server: { ...server, ...change.server },
  });
}

/** Both clocks, so many seconds later. */
function later(seconds: number, change: { client?: ClientChange } = {}) {
  return {
    client: { unixTime: TIME + seconds, ...change.client },
    server: { unixTime: TIME + seconds },
  };
}

/** handshake-resumed.json */
export async function resumed(): Promise<HandshakeVector[]> {
  const first = runHandshake(await withTicket("first, anonymous client", DEFAULT_SUITE));
  const second = again(first, "resumed, anonymous client", later(60));
  const third = again(second, "resumed once more", later(120));
  const expired = again(third, "a ticket that has expired for the server", {
    ...{ server: { unixTime: TIME + 7320 }, newTicketKey: true },
  });
  const alice = await bare("alice", 2);
  const known = runHandshake(
    await withTicket("first, client known by pin, two tickets", SMALL_OTHER_SUITE, {
      party: alice,
      client: {
        suites: [SMALL_OTHER_SUITE],
        metadata: hex(properties(["Socket-Type", "DEALER"], ["Identity", "alice-1"])),
      },
      server: {
        ...{ clientAuth: "required", pins: [`${alice.pin}, alice`] },
        tickets: { count: 2, lifetime: 86_400, earlyLimit: 4096 },
      },
    }),
  );
  const knownAgain = again(known, "resumed, client known by pin", later(1));
  const both = runHandshake(
    withTickets(await certifiedBoth("first, certificates on both sides", "02020102", false)),
  );
  const bothAgain = again(both, "resumed, certificates on both sides", later(1));
  const runs = [first, second, third, expired, known, knownAgain, both, bothAgain];
  return runs.map(({ vector }) => vector);
}

function withTickets(spec: HandshakeSpec): HandshakeSpec {
  const offer = { suites: [spec.suite] };
  return { ...spec, client: { ...spec.client, ...offer }, server: { ...spec.server, tickets: TICKETS } };
}

/** handshake-early.json */
export async function early(): Promise<HandshakeVector[]> {
  const tickets = { ...TICKETS, earlyLimit: 16_384 };
  const waiting = ["one", "two", "x".repeat(6000)].map((text) => hex(message(text)));
  const client = { earlyData: true };
  const small = { recordLimit: 4096 };
  const first = runHandshake(
    await withTicket("first, a ticket for early data", DEFAULT_SUITE, {
      client,
      server: { tickets, ...small },
    }),
  );
  const accepted = again(first, "accepted, in several records", later(1, { client: { waiting } }));
  const other = runHandshake(
    await withTicket("first, another suite", SMALL_OTHER_SUITE, {
      ...{ client: { ...client, suites: [SMALL_OTHER_SUITE] }, server: { tickets } },
    }),
  );
  const acceptedOther = again(other, "accepted, another suite", later(1, { client: { waiting } }));
  const refused = again(acceptedOther, "refused with the ticket, sent again after FINISHED", {
    client: { unixTime: TIME + 10, waiting: waiting.slice(0, 2) },
    ...{ server: { unixTime: TIME + 7300 }, newTicketKey: true },
  });
  const busy = runHandshake(
    await withTicket("first, a server that wants cookies", DEFAULT_SUITE, {
      ...{ client, server: { tickets, cookies: "always" } },
    }),
  );
  const retried = again(
    busy,
    "refused by RETRY, resumed all the same",
    later(1, { client: { waiting: waiting.slice(0, 2) } }),
  );
  const runs = [first, accepted, other, acceptedOther, refused, busy, retried];
  return runs.map(({ vector }) => vector);
}
