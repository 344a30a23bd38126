/** What users may send, as frames. */
import { Buffer } from "node:buffer";
import type { Message } from "./wire/message.ts";

/** One frame as users write it: octets as they are, `null` for an empty frame, anything else as UTF-8 of its string. */
export type MessageLike = ArrayBufferView | ArrayBuffer | SharedArrayBuffer | string | number | null;

const EMPTY = Buffer.alloc(0);

function toFrame(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (value === null) return EMPTY;
  if (typeof value === "string") return Buffer.from(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return Buffer.from(value);
  return Buffer.from(`${value}`);
}

/** Frames of a message: memory of views and array buffers is shared, not copied. No frames for an empty array. */
export function toMessage(value: unknown): Message {
  if (Buffer.isBuffer(value)) return [value];
  if (Array.isArray(value)) return value.map(toFrame);
  if (value === undefined) throw new TypeError("Message must be present");
  return [toFrame(value)];
}
