/** How a failure is named here, and what the peer is told of it (spec, "Errors"). */
import { LayoutError } from "../../bytes/reader.ts";
import { PeerError, type PeerErrorCode } from "../../errors.ts";
import { CLOSE_CODE, type CloseCode } from "./control.ts";
import type { WireReason } from "./messages.ts";

/** Whatever was thrown, as the error that ends the connection. */
export function asPeerError(thrown: unknown): PeerError {
  if (thrown instanceof PeerError) return thrown;
  if (thrown instanceof LayoutError) {
    return new PeerError("ERR_QZMQ_PROTOCOL", `Malformed: ${thrown.message}`, { cause: thrown });
  }
  return new PeerError("ERR_QZMQ_INTERNAL", "Handshake failed on our side", { cause: thrown });
}

/** Reasons other than `protocol`; `null` for nothing: it is no peer, it told us first, or it is not listening. */
const REASONS: ReadonlyMap<PeerErrorCode, WireReason | null> = new Map([
  ["ERR_QZMQ_AUTH", "auth"],
  ["ERR_QZMQ_REPLAY", "auth"],
  ["ERR_QZMQ_VERSION", "version"],
  ["ERR_QZMQ_SUITE", "suite"],
  ["ERR_QZMQ_BUSY", "busy"],
  ["ERR_QZMQ_INTERNAL", "internal"],
  ["ERR_QZMQ_ROLE", null],
  ["ERR_QZMQ_TIMEOUT", null],
  ["ERR_ZMTP_PEER_ERROR", null],
]);

/** What the peer is told during the handshake; `null` for nothing. */
export function wireReason(code: PeerErrorCode): WireReason | null {
  const reason = REASONS.get(code);
  return reason === undefined ? "protocol" : reason;
}

/** What the peer is told after the handshake; `null` for nothing: everything authentic has ended before. */
export function closeCode(code: PeerErrorCode): CloseCode | null {
  if (code === "ERR_QZMQ_TRUNCATED") return null;
  const limit = code === "ERR_QZMQ_LIMIT" || code === "ERR_ZMTP_MESSAGE_TOO_LARGE";
  return limit ? CLOSE_CODE.limits : CLOSE_CODE.protocol;
}

/**
 * What the engine refused, as this mechanism calls it: in an outer frame, or in the decrypted stream, where the
 * engine's own word stays unless a command was there that may not be (spec, "Handshake frames", "Established").
 */
export function refusal(where: "frame" | "stream", error: PeerError, inHandshake: boolean): PeerError {
  const { code, message } = error;
  const named = (own: PeerErrorCode) => new PeerError(own, message, { cause: error });
  if (where === "stream") return code === "ERR_ZMTP_UNEXPECTED_COMMAND" ? named("ERR_QZMQ_PROTOCOL") : error;
  const tooLarge = code === "ERR_ZMTP_MESSAGE_TOO_LARGE";
  return named(inHandshake || tooLarge ? "ERR_QZMQ_PROTOCOL" : "ERR_QZMQ_TRUNCATED");
}

/** A handshake that lost its seat to a newcomer (spec, "Limits before authentication"). */
export function noSeat(): PeerError {
  return new PeerError("ERR_QZMQ_BUSY", "Handshake made room for another");
}
