/** Runs a handshake in which one message is not what it should be, and makes a vector of it. */
import { provider } from "../qzmq-identities.ts";
import type { Forged } from "./forge.ts";
import type { ClientSide, HandshakeVector, ServerSide, SideName, WireEntry } from "./format.ts";
import { hex, unhex } from "./format.ts";
import { Recorder } from "./randomness.ts";
import { Reading } from "./reading.ts";
import { type HandshakeSpec, planHandshake, type Run, readingInput, runHandshake } from "./run-handshake.ts";
import { End, parseFrame, Socket, splitFrames } from "./side.ts";

/** What the honest message was, and everything before it. */
export interface Honest {
  readonly reading: Reading;
  readonly frame: Buffer;
  /** Under the seal of the honest message; empty for one that has none. */
  readonly plaintext: Buffer;
  readonly vector: HandshakeVector;
}

export interface RejectedSpec {
  readonly name: string;
  readonly base: HandshakeSpec;
  /** Makes the connection that `base` takes its ticket from; each time new sockets. */
  readonly first?: () => Run;
  readonly receiver: SideName;
  /** What the receiver has configured otherwise than in the honest run. */
  readonly changed?: Partial<ClientSide> | Partial<ServerSide>;
  /** The sender's last message of this name is the one that is replaced. */
  readonly at: string;
  readonly forge: (honest: Honest) => readonly Forged[];
  readonly result: string;
  readonly cause: string;
}

/** A vector that must fail. */
export type RejectedVector = HandshakeVector & { readonly receiver: SideName };

/** The sender's part of an honest run, one message replaced, before a receiver that is fresh. */
export function runRejected(spec: RejectedSpec): RejectedVector {
  const { name, receiver, at, result, cause } = spec;
  const sender = receiver === "client" ? "server" : "client";
  const from = spec.first?.();
  const base = { ...spec.base, name, ...(from === undefined ? {} : { from }) };
  const honest = runHandshake(base).vector;
  const sides = {
    client: base.client,
    server: base.server,
    [receiver]: { ...base[receiver], ...spec.changed },
  };
  const target = honest.wire.findLastIndex((entry) => entry.side === sender && entry.command === at);

  const recorder = new Recorder();
  const fresh = spec.first?.();
  const drawing = fresh?.recorder ?? recorder;
  planHandshake(drawing, { ...base, ...(fresh === undefined ? {} : { from: fresh }) });
  const side: ClientSide | ServerSide = sides[receiver];
  const socket: Socket = fresh?.sockets[receiver] ?? new Socket(provider, side, drawing.source("socket"));
  const end = new End(socket, side, sides[sender].greeting, drawing.source(receiver));

  const reading = new Reading(readingInput(sides.client, sides.server, honest.psk, honest.random));
  const wire: WireEntry[] = [];
  const output = splitFrames(end.start());
  for (const entry of honest.wire.slice(0, target)) {
    if (entry.side === receiver) {
      const own = output.shift();
      if (own === undefined || hex(own) !== entry.frame) throw new Error(`${name}: ${entry.command} differs`);
    } else output.push(...splitFrames(end.feed(unhex(entry.frame))));
    wire.push(reading.read(entry.side, unhex(entry.frame)));
  }
  const { frame, plaintext } = honest.wire[target]!;
  for (const forged of spec.forge({
    reading,
    frame: unhex(frame),
    plaintext: unhex(plaintext ?? ""),
    vector: honest,
  })) {
    const shown = forged.plaintext === undefined ? null : hex(forged.plaintext);
    wire.push({
      side: sender,
      command: parseFrame(forged.frame).name,
      frame: hex(forged.frame),
      plaintext: shown,
    });
    output.push(...splitFrames(end.feed(forged.frame)));
  }
  for (const own of output) {
    wire.push({ side: receiver, command: parseFrame(own).name, frame: hex(own), plaintext: null });
  }
  checkOutcome(spec, end, output);
  const drawn = new Set(drawing.entries.map((entry) => `${entry.side} ${entry.name}`));
  const random = honest.random.filter(
    (entry) => entry.side === sender || drawn.has(`${entry.side} ${entry.name}`),
  );
  const values = reading.values();
  return {
    ...{ name, result, at, cause, receiver, suite: values.suite, client: sides.client, server: sides.server },
    ...{ psk: honest.psk, random, wire, transcript: [], kem: values.kem, secrets: values.secrets },
    ...{ keys: values.keys, macs: values.macs, exports: [] },
  };
}

/** The receiver has failed as it should, and said so and nothing else. */
function checkOutcome({ name, result, cause }: RejectedSpec, end: End, output: readonly Buffer[]): void {
  if (end.error?.code !== cause)
    throw new Error(`${name}: ${end.error?.code ?? "accepted"} (${end.error?.message})`);
  const said = output
    .map((frame) => parseFrame(frame))
    .map(({ name: command, data }) => {
      return command === "CONTROL" ? command : `${command} ${data.toString("latin1", 1)}`;
    });
  // A CLOSE is sealed: that it is one, and with this code, the record's octets in the vector show.
  const expected = result === "close" ? [] : [result.startsWith("CLOSE ") ? "CONTROL" : `ERROR ${result}`];
  if (said.join() !== expected.join()) throw new Error(`${name}: answers ${said.join()}`);
}
