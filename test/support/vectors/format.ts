/** The JSON form of test vectors (spec/vectors/README.md), and how it is read and written. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Octets in lower-case hexadecimal. */
export type Hex = string;
export type SideName = "client" | "server";

/** One file. */
export interface VectorFile<V = unknown> {
  readonly format: "qzmq-vectors-1";
  readonly group: string;
  readonly note: string;
  readonly vectors: readonly V[];
}

/** What every vector has. */
export interface Vector {
  readonly name: string;
  readonly result: string;
  readonly at?: string;
  readonly cause?: string;
}

export interface RandomEntry {
  readonly side: SideName;
  readonly name: string;
  readonly octets: Hex;
}

/** Key and iv of a traffic secret. */
export interface KeyEntry {
  readonly key: Hex;
  readonly iv: Hex;
}

interface CommonSide {
  readonly greeting: Hex;
  readonly mode: "hybrid" | "pq-only" | "classical";
  readonly suites: readonly Hex[];
  readonly recordLimit: number;
  readonly metadata: Hex;
  /** Of the end-entity key; `null` for an anonymous client. */
  readonly seed: Hex | null;
  readonly signature: number | null;
  readonly certificates: readonly Hex[];
  /** Lines of a pin file. */
  readonly pins: readonly string[];
  readonly authorities: readonly Hex[];
  readonly unixTime: number;
}

export interface ClientSide extends CommonSide {
  readonly serverName: string | null;
  readonly endpoint: string;
  /** Encoded messages that the user had queued before the connection. */
  readonly waiting: readonly Hex[];
  readonly earlyData: boolean;
  readonly fastStart: boolean;
}

export interface ServerSide extends CommonSide {
  readonly clientAuth: "none" | "optional" | "required";
  readonly tickets: {
    readonly count: number;
    readonly lifetime: number;
    readonly earlyLimit: number;
  } | null;
  readonly cookies: "never" | "always";
  /** What a cookie is bound to. */
  readonly connection: string;
  readonly peerAddress: string;
  readonly time: string;
  /** Status of the authorizer's answer. */
  readonly authorization: 200 | 300 | 400 | 500;
}

export interface PskEntry {
  /** Name of the vector, in the same file, whose connection brought the ticket. */
  readonly from: string;
  readonly ticket: Hex;
  readonly psk: Hex;
  readonly suite: Hex;
  readonly earlyLimit: number;
  readonly recordLimit: number;
  readonly ticketKey: Hex;
  readonly ticketPlaintext: Hex;
}

export interface WireEntry {
  readonly side: SideName;
  readonly command: string;
  readonly frame: Hex;
  readonly plaintext: Hex | null;
}

export interface TranscriptEntry {
  readonly name: string;
  readonly octets: Hex;
  readonly hash: Hex;
}

export interface ExportEntry {
  readonly label: string;
  readonly context: Hex;
  readonly length: number;
  readonly octets: Hex;
}

/** Names of secrets, in the order of the schedule. */
export const SECRETS = [
  ...([
    "early",
    "cEarly",
    "pskAuthKey",
    "binderKey",
    "derivedEarly",
    "hs",
    "cHs",
    "sHs",
    "derivedHs",
  ] as const),
  ...([
    "master",
    "cAp0",
    "sAp0",
    "exporter",
    "chain0",
    "resumption0",
    "cFinishedKey",
    "sFinishedKey",
  ] as const),
] as const;
export const KEYS = ["cEarly", "cHs", "sHs", "cAp0", "sAp0"] as const;
export const MACS = ["auth", "clientSignature", "pskBinder", "clientVerifyData", "serverVerifyData"] as const;
export type Secrets = Readonly<Record<(typeof SECRETS)[number], Hex | null>>;
export type Keys = Readonly<Record<(typeof KEYS)[number], KeyEntry | null>>;
export type Macs = Readonly<Record<(typeof MACS)[number], Hex | null>>;

export interface KemEntry {
  readonly public: Hex | null;
  readonly ciphertext: Hex | null;
  readonly secret: Hex | null;
  readonly secretMlKem: Hex | null;
  readonly secretX25519: Hex | null;
}

/** handshake-*.json */
export interface HandshakeVector extends Vector {
  readonly suite: Hex | null;
  readonly client: ClientSide;
  readonly server: ServerSide;
  readonly psk: PskEntry | null;
  readonly random: readonly RandomEntry[];
  readonly wire: readonly WireEntry[];
  readonly transcript: readonly TranscriptEntry[];
  readonly kem: KemEntry;
  readonly secrets: Secrets;
  readonly keys: Keys;
  readonly macs: Macs;
  readonly exports: readonly ExportEntry[];
}

export interface RotationStep {
  readonly side: SideName;
  readonly command: string;
  readonly epoch: number;
  readonly sequence: string;
  readonly plaintext: Hex;
  readonly frame: Hex;
  readonly readBefore: number;
}

export interface EpochEntry {
  readonly epoch: number;
  readonly th: Hex;
  readonly r: Hex;
  readonly cAp: Hex;
  readonly sAp: Hex;
  readonly chain: Hex;
  readonly resumption: Hex;
  readonly keys: { readonly cAp: KeyEntry; readonly sAp: KeyEntry };
}

/** rotation-*.json */
export interface RotationVector extends Vector {
  readonly handshake: { readonly file: string; readonly name: string };
  readonly suite: Hex;
  readonly epoch: number;
  readonly start: {
    readonly chain: Hex;
    readonly resumption: Hex;
    readonly th: Hex;
    readonly keys: { readonly cAp: KeyEntry; readonly sAp: KeyEntry };
    readonly sequence: { readonly client: string; readonly server: string };
  };
  readonly random: readonly RandomEntry[];
  readonly steps: readonly RotationStep[];
  readonly kem: readonly {
    readonly starter: SideName;
    readonly public: Hex;
    readonly ciphertext: Hex | null;
    readonly secret: Hex | null;
  }[];
  readonly epochs: readonly EpochEntry[];
}

/** Octets as they stand in a vector. */
export function hex(octets: Uint8Array): Hex {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("hex");
}

/** Octets of a vector. */
export function unhex(text: Hex): Buffer {
  return Buffer.from(text, "hex");
}

/** The text of a file: one field a line, so that changes can be read. */
export function serialize(group: string, note: string, vectors: readonly Vector[]): string {
  const names = new Set(vectors.map(({ name }) => name));
  if (vectors.length === 0 || names.size !== vectors.length)
    throw new Error(`${group}: no vector, or a name twice`);
  const file: VectorFile = { format: "qzmq-vectors-1", group, note, vectors };
  return `${JSON.stringify(file, null, 1)}\n`;
}

/** Where the files are. */
export const VECTORS = join(import.meta.dirname, "../../../../spec/vectors");

/** The vectors of a checked-in file. Throws when there is none. */
export function readVectors<V extends Vector>(group: string): readonly V[] {
  const file = JSON.parse(readFileSync(join(VECTORS, `${group}.json`), "utf8")) as VectorFile<V>;
  if (file.format !== "qzmq-vectors-1" || file.group !== group || !(file.vectors.length > 0)) {
    throw new Error(`${group}.json holds no vectors of this form`);
  }
  return file.vectors;
}
