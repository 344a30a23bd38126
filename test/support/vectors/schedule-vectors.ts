/** key-schedule.json: Derive and the schedule alone. */
import { type Hex, hex, type KeyEntry, unhex, type Vector } from "./format.ts";
import {
  earlyStage,
  handshakeStage,
  Kdf,
  keyEntry,
  masterStage,
  rotationStage,
  sessionStage,
} from "./schedule.ts";

/** Names of transcript hashes that the schedule takes. */
export const HASHES = [
  ...["CLIENTHELLO", "SERVERHELLO before auth", "kem_ciphertext", "CLIENTKEY before psk_binder"],
  ...["CLIENTKEY before verify_data", "CLIENTKEY", "FINISHED before verify_data", "FINISHED"],
] as const;

export interface DeriveEntry {
  readonly secret: Hex;
  readonly label: string;
  readonly th: Hex;
  readonly length: number;
  readonly info: Hex;
  readonly octets: Hex;
}

export interface ScheduleVector extends Vector {
  readonly hash: "SHA-256" | "SHA-384";
  readonly psk: Hex | null;
  readonly kemSecret: Hex;
  readonly th: Readonly<Record<string, Hex>>;
  readonly secrets: Readonly<Record<string, Hex | null>>;
  readonly keys: Readonly<Record<string, KeyEntry | null>>;
  readonly macs: Readonly<Record<string, Hex | null>>;
  /** The epoch after a rotation from epoch 0. */
  readonly rotation: Readonly<
    Record<"kemSecret" | "update" | "ack" | "th" | "r" | "cAp" | "sAp" | "chain" | "resumption", Hex>
  >;
  readonly derive: readonly DeriveEntry[];
}

function counting(length: number, first = 0): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (first + i) % 256));
}

/** Vectors; the first two are the worked values of "Key schedule". */
export async function scheduleVectors(): Promise<ScheduleVector[]> {
  const out: ScheduleVector[] = [];
  for (const octet of [1, 2]) {
    const kdf = new Kdf(octet);
    const hash = octet === 1 ? "SHA-256" : "SHA-384";
    const same = () => Buffer.alloc(kdf.length, 0xa5);
    const each = (name: string) => kdf.hash(Buffer.from(name));
    out.push(scheduleVector(`worked values, ${hash}`, octet, null, counting(64), same));
    out.push(scheduleVector(`with a PSK, ${hash}`, octet, counting(kdf.length, 100), counting(64, 1), each));
    out.push(scheduleVector(`a KEM secret of 32 octets, ${hash}`, octet, null, counting(32, 7), each));
  }
  return out;
}

function scheduleVector(
  name: string,
  octet: number,
  psk: Buffer | null,
  kemSecret: Buffer,
  thOf: (name: string) => Buffer,
): ScheduleVector {
  const kdf = new Kdf(octet);
  const th = Object.fromEntries(HASHES.map((point) => [point, thOf(point)])) as Record<string, Buffer>;
  const early = earlyStage(kdf, psk);
  const handshake = handshakeStage(kdf, early.derivedEarly, kemSecret, th["kem_ciphertext"]!);
  const master = masterStage(kdf, handshake.derivedHs, th["CLIENTKEY"]!);
  const session = sessionStage(kdf, master.master, th["FINISHED"]!);
  const cEarly = psk === null ? null : kdf.derive(early.early, "c early", th["CLIENTHELLO"]!);
  const secrets = { ...early, cEarly, ...handshake, ...master, ...session };
  const traffic = { cEarly, cHs: handshake.cHs, sHs: handshake.sHs, cAp0: master.cAp0, sAp0: master.sAp0 };
  const [update, ack] = [counting(40, 1), counting(30, 2)];
  const from = { th: th["FINISHED"]!, chain: session.chain0 };
  const next = rotationStage(kdf, from, counting(32, 60), update, ack);
  const nonce = counting(16, 200);
  const inner = kdf.derive(session.exporter, "example");
  return {
    ...{
      name,
      result: "ok",
      hash: octet === 1 ? "SHA-256" : "SHA-384",
      psk: shown(psk),
      kemSecret: hex(kemSecret),
    },
    ...{ th: mapped(th, hex), secrets: mapped(secrets, shown) },
    keys: mapped(traffic, (secret) => (secret === null ? null : keyEntry(kdf.keys(secret)))),
    macs: {
      auth: early.pskAuthKey && hex(kdf.hmac(early.pskAuthKey, th["SERVERHELLO before auth"]!)),
      pskBinder: early.binderKey && hex(kdf.hmac(early.binderKey, th["CLIENTKEY before psk_binder"]!)),
      clientVerifyData: hex(kdf.hmac(handshake.cFinishedKey, th["CLIENTKEY before verify_data"]!)),
      serverVerifyData: hex(kdf.hmac(handshake.sFinishedKey, th["FINISHED before verify_data"]!)),
    },
    rotation: {
      ...{ kemSecret: hex(counting(32, 60)), update: hex(update), ack: hex(ack), th: hex(next.th) },
      ...{ r: hex(next.r), cAp: hex(next.cAp), sAp: hex(next.sAp) },
      ...{ chain: hex(next.chain), resumption: hex(next.resumption) },
    },
    derive: [
      derived(kdf, early.early, "derived", Buffer.alloc(0)),
      derived(kdf, handshake.hs, "c hs", th["kem_ciphertext"]!),
      derived(kdf, handshake.cHs, "key", Buffer.alloc(0), 32),
      derived(kdf, handshake.cHs, "iv", Buffer.alloc(0), 12),
      derived(kdf, session.resumption0, "ticket", nonce),
      derived(kdf, next.resumption, "ticket", nonce),
      derived(kdf, session.exporter, "example", Buffer.alloc(0)),
      derived(kdf, inner, "exporter", kdf.hash(counting(5)), 100),
    ],
  };
}

function derived(kdf: Kdf, secret: Buffer, label: string, th: Buffer, length = kdf.length): DeriveEntry {
  const [info, octets] = [kdf.info(label, th, length), kdf.derive(secret, label, th, length)];
  return { secret: hex(secret), label, th: hex(th), length, info: hex(info), octets: hex(octets) };
}

function shown(octets: Uint8Array | null): Hex | null {
  return octets === null ? null : hex(octets);
}

function mapped<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

/** A value of a vector, which must be there. */
export function present(text: Hex | null | undefined): Buffer {
  if (text === null || text === undefined) throw new Error("a value is missing in the vector");
  return unhex(text);
}
