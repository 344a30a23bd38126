/** records.json: records under given keys, and how a frame stream is cut into them. */
import { bytes, u8, u32, u64 } from "../naive-codec.ts";
import { commandFrame, flipped } from "./forge.ts";
import { type Hex, hex, type Vector } from "./format.ts";
import { message, seedOf } from "./parties.ts";
import { nonce, recordBody, recordHead, STREAM_ID, type TrafficKey } from "./schedule.ts";

export interface RecordEntry {
  readonly command: "MESSAGE" | "CONTROL" | "EARLY";
  readonly streamId: number;
  readonly epoch: number;
  readonly sequence: string;
  readonly nonce: Hex;
  readonly aad: Hex;
  readonly plaintext: Hex;
  readonly frame: Hex;
}

export interface RecordVector extends Vector {
  readonly aead: number;
  readonly key: Hex;
  readonly iv: Hex;
  readonly records: readonly RecordEntry[];
  /** Of `stream` vectors: what is cut, and the most that a record may hold. */
  readonly stream: { readonly recordLimit: number; readonly frames: readonly Hex[] } | null;
}

interface Setup {
  readonly aead: number;
  readonly key: TrafficKey;
}

function record(
  { aead, key }: Setup,
  command: RecordEntry["command"],
  sequence: number,
  plaintext: Uint8Array,
  epoch = 0,
): RecordEntry {
  const streamId = command === "EARLY" ? STREAM_ID.early : STREAM_ID.record;
  return {
    ...{
      command,
      streamId,
      epoch,
      sequence: String(sequence),
      nonce: hex(nonce(key.iv, streamId, sequence)),
    },
    ...{ aad: hex(recordHead(command, epoch, sequence)), plaintext: hex(plaintext) },
    frame: hex(commandFrame(recordBody(aead, key, command, epoch, sequence, plaintext))),
  };
}

/** See the head of this file. */
export async function recordVectors(): Promise<RecordVector[]> {
  return [1, 2].flatMap((aead) => {
    const label = aead === 1 ? "AES-256-GCM" : "ChaCha20-Poly1305";
    const key = { key: Buffer.from(seedOf(label)), iv: Buffer.from(seedOf(`${label} iv`).subarray(0, 12)) };
    const setup = { aead, key };
    const common = { aead, key: hex(key.key), iv: hex(key.iv) };
    const good = goodRecords(setup).map(([name, records]): RecordVector => {
      return { name: `${name}, ${label}`, result: "ok", ...common, records, stream: null };
    });
    const bad = badRecords(setup).map(([name, cause, records]): RecordVector => {
      const at = `record ${records.length - 1}`;
      return { name: `${name}, ${label}`, result: "close", at, cause, ...common, records, stream: null };
    });
    const streams = cutStreams(setup).map(([name, recordLimit, frames, records]): RecordVector => {
      const stream = { recordLimit, frames: frames.map(hex) };
      return { name: `${name}, ${label}`, result: "ok", ...common, records, stream };
    });
    return [...good, ...bad, ...streams];
  });
}

const long = (length: number) => Buffer.from(Array.from({ length }, (_, i) => (i * 7) % 256));

function goodRecords(setup: Setup): (readonly [string, RecordEntry[]])[] {
  return [
    [
      "one counter for MESSAGE and CONTROL",
      [
        record(setup, "MESSAGE", 0, message("hello")),
        record(setup, "CONTROL", 1, Buffer.from([6, 0, 0, 0])),
        record(setup, "MESSAGE", 2, long(300)),
        record(setup, "CONTROL", 3, Buffer.from([4, 1])),
        record(setup, "MESSAGE", 4, Buffer.alloc(1)),
      ],
    ],
    ["high sequences", [0, 1, 255, 256, 65_535, 65_536].map((n) => record(setup, "MESSAGE", n, u32(n)))],
    ["epoch 255", [record(setup, "MESSAGE", 0, message("x"), 255)]],
    ["epoch 256", [record(setup, "MESSAGE", 0, message("x"), 256)]],
    ["epoch 4294967295", [record(setup, "MESSAGE", 0, message("x"), 0xffffffff)]],
    ["EARLY", [record(setup, "EARLY", 0, message("early")), record(setup, "EARLY", 1, long(300))]],
  ];
}

function badRecords(setup: Setup): (readonly [string, string, RecordEntry[]])[] {
  const first = record(setup, "MESSAGE", 0, message("first"));
  const second = record(setup, "MESSAGE", 1, message("second"));
  /** `second`, sent otherwise. Header 2 octets, name 8, key id 1, sequence 8. */
  const sent = (frame: Uint8Array): RecordEntry => ({ ...second, frame: hex(frame) });
  const frame = Buffer.from(second.frame, "hex");
  const shortened = bytes(u8(4), u8(frame[1]! - 1), frame.subarray(2, -1));
  const renamed = bytes(frame.subarray(0, 3), "CONTROL", frame.subarray(10));
  const huge = bytes(frame.subarray(0, 11), u64(0), frame.subarray(19));
  huge.fill(0xff, 11, 19);
  const swapped = { ...record({ ...setup, aead: 3 - setup.aead }, "MESSAGE", 1, message("second")) };
  return [
    ["replayed", "ERR_QZMQ_REPLAY", [first, second, second]],
    ["the first one again", "ERR_QZMQ_REPLAY", [first, second, first]],
    ["skipped", "ERR_QZMQ_PROTOCOL", [second]],
    ["sequence of eight FF", "ERR_QZMQ_PROTOCOL", [first, sent(huge)]],
    ["ciphertext changed", "ERR_QZMQ_AUTH", [first, sent(flipped(frame, 19))]],
    ["tag changed", "ERR_QZMQ_AUTH", [first, sent(flipped(frame, -1))]],
    ["cut short by an octet", "ERR_QZMQ_AUTH", [first, sent(shortened)]],
    ["cut to its head", "ERR_QZMQ_TRUNCATED", [first, sent(bytes(u8(4), u8(32), frame.subarray(2, 34)))]],
    ["empty", "ERR_QZMQ_PROTOCOL", [first, record(setup, "MESSAGE", 1, Buffer.alloc(0))]],
    ["another key id", "ERR_QZMQ_ROTATION", [first, record(setup, "MESSAGE", 1, message("x"), 1)]],
    ["another command name", "ERR_QZMQ_AUTH", [first, sent(renamed)]],
    [
      "an unknown command name",
      "ERR_QZMQ_TRUNCATED",
      [first, sent(bytes(frame.subarray(0, 3), "MASSAGE", frame.subarray(10)))],
    ],
    ["EARLY after the handshake", "ERR_QZMQ_TRUNCATED", [first, record(setup, "EARLY", 1, message("x"))]],
    ["no command frame", "ERR_QZMQ_TRUNCATED", [first, sent(bytes(u8(0), frame.subarray(1)))]],
    ["with MORE", "ERR_QZMQ_TRUNCATED", [first, sent(bytes(u8(5), frame.subarray(1)))]],
    ["sealed by the other AEAD", "ERR_QZMQ_AUTH", [first, swapped]],
  ];
}

/** Cut as the reference implementation does; any other cut is as good. */
function cutStreams(setup: Setup): (readonly [string, number, Buffer[], RecordEntry[]])[] {
  const big = message("x".repeat(10_000));
  const small = ["a", "b", "", "c"].map(message);
  const pieces = [big.subarray(0, 4096), big.subarray(4096, 8192), big.subarray(8192)];
  return [
    ["several frames in one record", 262_144, small, [record(setup, "MESSAGE", 0, Buffer.concat(small))]],
    ["one frame in three records", 4096, [big], pieces.map((piece, i) => record(setup, "MESSAGE", i, piece))],
  ];
}
