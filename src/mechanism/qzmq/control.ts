/** Control messages: plaintexts of CONTROL records, type u8 and a body (spec, "Control messages"). */
import { isAllZero } from "../../bytes/constant-time.ts";
import { LayoutError, Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import { MAX_TICKET_LIFETIME } from "./ticket-keys.ts";

/** No control message is longer, in octets; so a TICKET has room for a ticket of 4069. */
export const MAX_CONTROL = 4096;

/** Numbers of the control messages. */
export const CONTROL_TYPE = {
  keyUpdate: 1,
  keyUpdateAck: 2,
  ticket: 3,
  close: 4,
  keyConfirm: 5,
  pad: 6,
} as const;

/** Why a side says goodbye (spec, "Close codes"). */
export const CLOSE_CODE = { normal: 0, shutdown: 1, protocol: 2, limits: 3, policy: 4 } as const;
export type CloseCode = (typeof CLOSE_CODE)[keyof typeof CLOSE_CODE];

/** One control message. Octet strings of a decoded one are views. */
export type Control =
  /** `time` in Unix milliseconds, informational. */
  | {
      readonly type: "keyUpdate";
      readonly time: number;
      readonly newKeyId: number;
      readonly kemPublic: Uint8Array;
    }
  | { readonly type: "keyUpdateAck"; readonly newKeyId: number; readonly ciphertext: Uint8Array }
  /** `lifetime` in seconds, 1..86400; `earlyLimit` in octets; `nonce` 16 octets. */
  | {
      readonly type: "ticket";
      readonly lifetime: number;
      readonly earlyLimit: number;
      readonly nonce: Uint8Array;
      readonly ticket: Uint8Array;
    }
  /** A code that is not known is kept as a number. */
  | { readonly type: "close"; readonly code: number }
  | { readonly type: "keyConfirm"; readonly newKeyId: number }
  | { readonly type: "pad"; readonly length: number };

/** The plaintext of a control message; `RangeError` when longer than {@link MAX_CONTROL}. */
export function encodeControl(control: Control): Uint8Array {
  const out = new Writer().u8(CONTROL_TYPE[control.type]);
  switch (control.type) {
    case "keyUpdate":
      out.u64(control.time).u32(control.newKeyId).v16(control.kemPublic);
      break;
    case "keyUpdateAck":
      out.u32(control.newKeyId).v16(control.ciphertext);
      break;
    case "ticket":
      out.u32(control.lifetime).u32(control.earlyLimit).bytes(control.nonce).v16(control.ticket);
      break;
    case "close":
      out.u8(control.code);
      break;
    case "keyConfirm":
      out.u32(control.newKeyId);
      break;
    case "pad":
      out.bytes(new Uint8Array(control.length));
      break;
  }
  if (out.length > MAX_CONTROL) throw new RangeError(`a control message has at most ${MAX_CONTROL} octets`);
  return out.finish();
}

/** Parses a control message. Throws {@link LayoutError} for an unknown type and any other fault. */
export function decodeControl(plaintext: Uint8Array): Control {
  if (plaintext.length > MAX_CONTROL) throw new LayoutError(`control message of ${plaintext.length} octets`);
  const reader = new Reader(plaintext);
  const control = decodeBody(reader.u8("control type"), reader);
  reader.end(`control ${control.type}`);
  return control;
}

function decodeBody(type: number, reader: Reader): Control {
  switch (type) {
    case CONTROL_TYPE.keyUpdate:
      return {
        type: "keyUpdate",
        time: readTime(reader),
        newKeyId: reader.u32("new_key_id"),
        kemPublic: reader.v16("kem_public", 1),
      };
    case CONTROL_TYPE.keyUpdateAck:
      return {
        type: "keyUpdateAck",
        newKeyId: reader.u32("new_key_id"),
        ciphertext: reader.v16("kem_ciphertext", 1),
      };
    case CONTROL_TYPE.ticket:
      return decodeTicket(reader);
    case CONTROL_TYPE.close:
      return { type: "close", code: reader.u8("code") };
    case CONTROL_TYPE.keyConfirm:
      return { type: "keyConfirm", newKeyId: reader.u32("new_key_id") };
    case CONTROL_TYPE.pad: {
      const zeros = reader.rest();
      if (!isAllZero(zeros)) throw new LayoutError("PAD with octets that are not zero");
      return { type: "pad", length: zeros.length };
    }
    default:
      throw new LayoutError(`control type ${type}`);
  }
}

/** The peer's clock is informational: a time that no number can hold is as good as any other. */
function readTime(reader: Reader): number {
  return reader.u32("time") * 0x100000000 + reader.u32("time");
}

function decodeTicket(reader: Reader): Control {
  const lifetime = reader.u32("lifetime");
  const earlyLimit = reader.u32("early limit");
  const nonce = reader.bytes(16, "nonce");
  const ticket = reader.v16("ticket", 1);
  if (lifetime < 1 || lifetime > MAX_TICKET_LIFETIME) throw new LayoutError(`ticket lifetime ${lifetime}`);
  return { type: "ticket", lifetime, earlyLimit, nonce, ticket };
}
