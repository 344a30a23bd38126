/** Captures made up from recorded octets: a pcap file of whole TCP connections, cut into segments as a test wants. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Recording } from "./recorder.ts";
import { folder } from "./tshark.ts";

/** LINKTYPE_RAW: packets begin with their IP header. */
const RAW = 101;
const FIN = 1;
const SYN = 2;
const PUSH = 8;
const ACK = 16;
/** The most that one IP packet carries, less a good margin for headers. */
const MAX_SEGMENT = 60_000;
let files = 0;

/** How the octets of a connection are spread over segments. */
export type Cutting =
  /** As they were read. */
  | "as recorded"
  /** One octet in each. */
  | "octets"
  /** Everything that one side says until the other speaks, in as few as possible. */
  | "coalesced";

/** A file without packets. */
export function emptyCapture(): string {
  return write([]);
}

/** Writes connections one after the other and returns the file's path. Servers are at `port`. */
export function capture(recordings: readonly Recording[], cutting: Cutting, port = 50_555): string {
  return captureOf(
    recordings.map((recording) => [recording, cutting]),
    port,
  );
}

/** The same, each connection cut in its own way. */
export function captureOf(parts: readonly (readonly [Recording, Cutting])[], port: number): string {
  return write(parts.flatMap(([recording, cutting], i) => packetsOf(recording, cutting, 40_000 + i, port)));
}

function packetsOf(recording: Recording, cutting: Cutting, clientPort: number, serverPort: number): Buffer[] {
  const next = { client: 1000, server: 500_000 };
  const packets: Buffer[] = [];
  const push = (from: "client" | "server", flags: number, data: Uint8Array): void => {
    const to = from === "client" ? "server" : "client";
    const [source, target] = from === "client" ? [clientPort, serverPort] : [serverPort, clientPort];
    const ack = (flags & ACK) === 0 ? 0 : next[to];
    packets.push(packet({ source, target, sequence: next[from], ack, flags, data }));
    next[from] = (next[from] + data.length + ((flags & (SYN | FIN)) === 0 ? 0 : 1)) >>> 0;
  };
  const nothing = new Uint8Array(0);
  push("client", SYN, nothing);
  push("server", SYN | ACK, nothing);
  push("client", ACK, nothing);
  for (const { from, octets } of cut(recording, cutting)) push(from, PUSH | ACK, octets);
  push("client", FIN | ACK, nothing);
  push("server", FIN | ACK, nothing);
  push("client", ACK, nothing);
  return packets;
}

function cut(recording: Recording, cutting: Cutting): Recording {
  const joined: { from: "client" | "server"; octets: Buffer }[] = [];
  for (const { from, octets } of recording) {
    const last = joined.at(-1);
    if (cutting === "coalesced" && last?.from === from) last.octets = Buffer.concat([last.octets, octets]);
    else joined.push({ from, octets });
  }
  const most = cutting === "octets" ? 1 : MAX_SEGMENT;
  return joined.flatMap(({ from, octets }) =>
    Array.from({ length: Math.ceil(octets.length / most) }, (_, i) => ({
      from,
      octets: octets.subarray(i * most, (i + 1) * most),
    })),
  );
}

interface Segment {
  readonly source: number;
  readonly target: number;
  readonly sequence: number;
  readonly ack: number;
  readonly flags: number;
  readonly data: Uint8Array;
}

/** An IPv4 packet between two addresses of loopback. Checksums stay zero: tshark does not verify them unasked. */
function packet({ source, target, sequence, ack, flags, data }: Segment): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x45;
  header.writeUInt16BE(40 + data.length, 2);
  header[8] = 64;
  header[9] = 6;
  header.set([127, 0, 0, 1, 127, 0, 0, 1], 12);
  header.writeUInt16BE(source, 20);
  header.writeUInt16BE(target, 22);
  header.writeUInt32BE(sequence, 24);
  header.writeUInt32BE(ack, 28);
  header[32] = 5 << 4;
  header[33] = flags;
  header.writeUInt16BE(0xffff, 34);
  return Buffer.concat([header, data]);
}

function write(packets: readonly Buffer[]): string {
  const file = Buffer.alloc(24);
  file.writeUInt32LE(0xa1b2c3d4, 0);
  file.writeUInt16LE(2, 4);
  file.writeUInt16LE(4, 6);
  file.writeUInt32LE(262_144, 16);
  file.writeUInt32LE(RAW, 20);
  const records = packets.flatMap((octets, i) => {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(1_800_000_000 + Math.floor(i / 1_000_000), 0);
    head.writeUInt32LE(i % 1_000_000, 4);
    head.writeUInt32LE(octets.length, 8);
    head.writeUInt32LE(octets.length, 12);
    return [head, octets];
  });
  const path = join(folder, `capture-${++files}.pcap`);
  writeFileSync(path, Buffer.concat([file, ...records]));
  return path;
}
