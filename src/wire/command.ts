/** Commands (RFC 37, "Commands"): frames with the COMMAND bit whose body is name-length(1) name data. */
import { utf8 } from "../bytes/writer.ts";
import { PeerError } from "../errors.ts";
import { COMMAND, encodeFrame } from "./frame.ts";
import { SubscriptionChange } from "./message.ts";

/** A decoded command. */
export interface Command {
  readonly name: string;
  /** A view of the frame body. */
  readonly data: Buffer;
}

/** Splits a command body. Throws {@link PeerError} when the name is empty or longer than the body. */
export function decodeCommand(body: Uint8Array): Command {
  const length = body[0] ?? 0;
  if (length === 0 || length > body.length - 1) {
    throw new PeerError("ERR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED", "A command whose name is empty or cut off");
  }
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  return { name: bytes.toString("latin1", 1, 1 + length), data: bytes.subarray(1 + length) };
}

/** One whole command frame. */
export function encodeCommand(name: string, ...data: readonly Uint8Array[]): Buffer {
  const text = utf8(name);
  return encodeFrame(COMMAND, Uint8Array.of(text.length), text, ...data);
}

/** ERROR with a printable reason of at most 255 octets. */
export function encodeError(reason: string): Buffer {
  const text = utf8(reason);
  return encodeCommand("ERROR", Uint8Array.of(text.length), text);
}

/** The reason in the data of an ERROR command; `""` when malformed, since the connection ends in any case. */
export function errorReason(data: Buffer): string {
  const length = data[0] ?? 0;
  return length <= data.length - 1
    ? data.toString("latin1", 1, 1 + length).replace(/[^\x20-\x7e]/g, "?")
    : "";
}

/** SUBSCRIBE or CANCEL for a 3.1 peer; for a 3.0 peer the message 01 topic or 00 topic (RFC 23). */
export function encodeSubscription(change: SubscriptionChange, peerMinor: 0 | 1): Buffer {
  if (peerMinor === 0) return encodeFrame(0, Uint8Array.of(change.subscribe ? 1 : 0), change.topic);
  return encodeCommand(change.subscribe ? "SUBSCRIBE" : "CANCEL", change.topic);
}

/** The change that a SUBSCRIBE or CANCEL command asks for; null for any other command. The topic is a copy. */
export function decodeSubscription(command: Command): SubscriptionChange | null {
  if (command.name === "SUBSCRIBE") return new SubscriptionChange(true, Buffer.from(command.data));
  if (command.name === "CANCEL") return new SubscriptionChange(false, Buffer.from(command.data));
  return null;
}

/** Longest context of a PING (RFC 37); longer ones are cut when echoed, as libzmq does. */
const MAX_PING_CONTEXT = 16;

/** PING with a time-to-live in tenths of a second (0 none, at most 655: libzmq multiplies it in 16 bits) and no context. */
export function encodePing(ttlTenths: number): Buffer {
  return encodeCommand("PING", Uint8Array.of(ttlTenths >> 8, ttlTenths & 0xff));
}

/** PONG echoing the context of a PING. */
export function encodePong(context: Uint8Array): Buffer {
  return encodeCommand("PONG", context.subarray(0, MAX_PING_CONTEXT));
}

/** Time-to-live and context of a PING's data. Throws {@link PeerError} when it is too short. */
export function decodePing(data: Buffer): { readonly ttlTenths: number; readonly context: Buffer } {
  if (data.length < 2) {
    throw new PeerError("ERR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED", "A PING without its time-to-live");
  }
  return { ttlTenths: data.readUInt16BE(0), context: data.subarray(2) };
}
