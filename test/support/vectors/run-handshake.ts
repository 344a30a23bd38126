/** Runs one connection of the mechanism with planned randomness, and makes a vector of it. */
import { provider } from "../qzmq-identities.ts";
import {
  type ClientSide,
  type ExportEntry,
  type HandshakeVector,
  hex,
  type PskEntry,
  type RandomEntry,
  type ServerSide,
  type SideName,
  unhex,
  type WireEntry,
} from "./format.ts";
import { message } from "./parties.ts";
import { encapsulationNames, keyNames, Recorder } from "./randomness.ts";
import { Reading } from "./reading.ts";
import { aeadOpen } from "./schedule.ts";
import { End, Socket, splitFrames } from "./side.ts";

/** What one connection is to be. */
export interface HandshakeSpec {
  readonly name: string;
  /** The suite that must come of it. */
  readonly suite: string;
  readonly client: ClientSide;
  readonly server: ServerSide;
  /** An earlier connection of the same sockets, whose ticket the client has. */
  readonly from?: Run;
  /** The ticket key of that connection seals no more. */
  readonly newTicketKey?: boolean;
}

/** A connection that was run. */
export interface Run {
  readonly vector: HandshakeVector;
  readonly client: End;
  readonly server: End;
  readonly reading: Reading;
  readonly recorder: Recorder;
  readonly sockets: { readonly client: Socket<ClientSide>; readonly server: Socket<ServerSide> };
}

/** What is exported of each established connection. */
const EXPORTS = [
  { label: "example", context: "", length: 32 },
  { label: "another example", context: "00ff", length: 100 },
] as const;

/** Runs it, up to a message each way. Throws unless everything is as `spec` and the specification say. */
export function runHandshake(spec: HandshakeSpec): Run {
  const { name, client, server, from } = spec;
  const recorder = from?.recorder ?? new Recorder();
  planHandshake(recorder, spec);
  const sockets = from?.sockets ?? {
    client: new Socket<ClientSide>(provider, client, recorder.source("socket")),
    server: new Socket<ServerSide>(provider, server, recorder.source("socket")),
  };
  const psk = from === undefined ? null : pskEntry(from);
  const ends = {
    server: new End(sockets.server, server, client.greeting, recorder.source("server")),
    client: new End(sockets.client, client, server.greeting, recorder.source("client")),
  };
  const sent = converse(ends);
  for (const [side, end] of Object.entries(ends)) {
    if (end.error !== null || end.mechanism.status !== "ready") {
      throw new Error(`${name}: ${side} fails: ${end.error?.message ?? end.mechanism.status}`);
    }
  }
  for (const [side, text] of [
    ["client", "ping"],
    ["server", "pong"],
  ] as const) {
    const frame = ends[side].send(message(text));
    sent.push({ side, frame });
    ends[side === "client" ? "server" : "client"].feed(frame);
  }
  const random = recorder.take();
  const reading = new Reading(readingInput(client, server, psk, random));
  const wire = sent.map(({ side, frame }) => reading.read(side, frame));
  const values = reading.values();
  if (values.suite !== spec.suite) throw new Error(`${name}: suite ${values.suite}, not ${spec.suite}`);
  const exports = exported(reading, ends);
  const vector: HandshakeVector = {
    ...{ name, result: "ok", suite: values.suite, client, server, psk, random, wire },
    ...{ transcript: values.transcript, kem: values.kem, secrets: values.secrets, keys: values.keys },
    ...{ macs: values.macs, exports },
  };
  return { vector, ...ends, reading, recorder, sockets };
}

/** What a reading of this connection starts from. */
export function readingInput(
  client: ClientSide,
  server: ServerSide,
  psk: PskEntry | null,
  random: readonly RandomEntry[],
) {
  return {
    ...{ provider, clientGreeting: unhex(client.greeting), serverGreeting: unhex(server.greeting), random },
    psk: psk === null ? null : { suite: unhex(psk.suite), psk: unhex(psk.psk) },
  };
}

/** Plans what both sides draw for a handshake that succeeds. */
export function planHandshake(recorder: Recorder, spec: HandshakeSpec): void {
  const { name, suite, server, from, newTicketKey } = spec;
  const kem = unhex(suite)[0]!;
  const count = server.tickets?.count ?? 0;
  const tickets = Array.from({ length: count }, (_, i) => `ticket[${i}]`);
  recorder.plan("client", name, ["hello.random", ...encapsulationNames(kem), "maxAge[0].jitter"]);
  recorder.plan("server", name, ["hello.random", ...keyNames(kem), ...tickets.map((t) => `${t}.nonce`)]);
  if (from === undefined) {
    recorder.plan("socket", name, [
      ...(count > 0 ? ["ticketContext"] : []),
      ...(server.cookies === "always" ? ["cookieSecret[0]"] : []),
      ...(count > 0 ? ["ticketKey"] : []),
    ]);
  } else if (newTicketKey) recorder.plan("socket", name, ["ticketKey"]);
  recorder.plan(
    "socket",
    name,
    tickets.map((t) => `${t}.seal`),
  );
}

/** Carries octets to and fro until nothing moves; every frame in the order of sending. */
export function converse(ends: Readonly<Record<SideName, End>>): { side: SideName; frame: Buffer }[] {
  const sent: { side: SideName; frame: Buffer }[] = [];
  const log = (side: SideName, octets: Buffer) => {
    for (const frame of splitFrames(octets)) sent.push({ side, frame });
    return octets;
  };
  log("server", ends.server.start());
  let toServer = log("client", ends.client.start());
  while (toServer.length > 0) {
    const toClient = log("server", ends.server.feed(toServer));
    toServer = log("client", ends.client.feed(toClient));
  }
  return sent;
}

function exported(reading: Reading, ends: Readonly<Record<SideName, End>>): ExportEntry[] {
  return EXPORTS.map(({ label, context, length }) => {
    const entry = reading.kdf.export(reading.secrets.get("exporter")!, label, unhex(context), length);
    for (const { mechanism } of Object.values(ends)) {
      if (hex(mechanism.exportKeyingMaterial(label, unhex(context), length)) !== entry.octets) {
        throw new Error(`export of ${label} is not what the specification says`);
      }
    }
    return entry;
  });
}

/** The newest ticket that a connection brought, as whoever uses it needs it; opened by hand. */
export function pskEntry({ vector, reading }: Pick<Run, "vector" | "reading">): PskEntry {
  const ticket = lastTicket(vector.wire);
  const { kdf } = reading;
  const psk = kdf.derive(reading.secrets.get("resumption0")!, "ticket", ticket.nonce);
  const ticketKey = ticketKeyOf(vector);
  const head = ticket.ticket.subarray(0, 13);
  const plaintext = aeadOpen(1, unhex(ticketKey), head.subarray(1), head, ticket.ticket.subarray(13));
  if (plaintext === null || !plaintext.includes(psk)) throw new Error("the ticket does not hold the PSK");
  return {
    ...{ from: vector.name, ticket: hex(ticket.ticket), psk: hex(psk), suite: vector.suite! },
    ...{ earlyLimit: ticket.earlyLimit, recordLimit: vector.server.recordLimit },
    ...{ ticketKey, ticketPlaintext: hex(plaintext) },
  };
}

function ticketKeyOf(vector: HandshakeVector): string {
  const key = vector.random.find(({ name }) => name === "ticketKey")?.octets ?? vector.psk?.ticketKey;
  if (key === undefined) throw new Error("no ticket key");
  return key;
}

/** Fields of the last TICKET (spec, "TICKET"). */
function lastTicket(wire: readonly WireEntry[]) {
  const controls = wire
    .filter(({ command }) => command === "CONTROL")
    .map(({ plaintext }) => unhex(plaintext!));
  const octets = controls.findLast((control) => control[0] === 3);
  if (octets === undefined) throw new Error("no ticket was sent");
  const ticket = octets.subarray(27);
  if (ticket.length !== octets.readUInt16BE(25)) throw new Error("TICKET is not laid out as specified");
  return { earlyLimit: octets.readUInt32BE(5), nonce: octets.subarray(9, 25), ticket };
}
