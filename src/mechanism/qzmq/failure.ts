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

/** What the peer is told during the handshake; `null` for nothing: it is no peer, it told us first, or it is not listening. */
export function wireReason(code: PeerErrorCode): WireReason | null {
  switch (code) {
    case "ERR_QZMQ_AUTH":
    case "ERR_QZMQ_REPLAY":
      return "auth";
    case "ERR_QZMQ_VERSION":
      return "version";
    case "ERR_QZMQ_SUITE":
      return "suite";
    case "ERR_QZMQ_BUSY":
      return "busy";
    case "ERR_QZMQ_INTERNAL":
      return "internal";
    case "ERR_QZMQ_ROLE":
    case "ERR_QZMQ_TIMEOUT":
    case "ERR_ZMTP_PEER_ERROR":
      return null;
    default:
      return "protocol";
  }
}

/** What the peer is told after the handshake; `null` for nothing: no record of its own said what we fail at. */
export function closeCode(code: PeerErrorCode): CloseCode | null {
  switch (code) {
    case "ERR_QZMQ_TRUNCATED":
      return null;
    case "ERR_QZMQ_LIMIT":
    case "ERR_ZMTP_MESSAGE_TOO_LARGE":
      return CLOSE_CODE.limits;
    default:
      return CLOSE_CODE.protocol;
  }
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
