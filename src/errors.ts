/**
 * Every error this library raises, sorted by who is to blame.
 *
 * - {@link UsageError}: the caller of our API. Thrown at once, where the mistake was made; carries the `code` and
 *   `errno` that zeromq.js reports for the same mistake.
 * - {@link PeerError}: the other end of a connection. Never thrown at the user: it closes that one connection and
 *   surfaces as an event. `code` is stable; the first twenty are those of libzmq and zeromq.js.
 */
import { constants } from "node:os";

/** Codes of {@link PeerError}. Names beginning `ERR_ZMTP_` and `ERR_ZAP_` are zeromq.js's where it has one. */
export type PeerErrorCode =
  | "ERR_ZMTP_UNSPECIFIED"
  | "ERR_ZMTP_UNEXPECTED_COMMAND"
  | "ERR_ZMTP_INVALID_SEQUENCE"
  | "ERR_ZMTP_KEY_EXCHANGE"
  | "ERR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED"
  | "ERR_ZMTP_MALFORMED_COMMAND_MESSAGE"
  | "ERR_ZMTP_MALFORMED_COMMAND_HELLO"
  | "ERR_ZMTP_MALFORMED_COMMAND_INITIATE"
  | "ERR_ZMTP_MALFORMED_COMMAND_ERROR"
  | "ERR_ZMTP_MALFORMED_COMMAND_READY"
  | "ERR_ZMTP_MALFORMED_COMMAND_WELCOME"
  | "ERR_ZMTP_INVALID_METADATA"
  | "ERR_ZMTP_CRYPTOGRAPHIC"
  | "ERR_ZMTP_MECHANISM_MISMATCH"
  | "ERR_ZAP_UNSPECIFIED"
  | "ERR_ZAP_MALFORMED_REPLY"
  | "ERR_ZAP_BAD_REQUEST_ID"
  | "ERR_ZAP_BAD_VERSION"
  | "ERR_ZAP_INVALID_STATUS_CODE"
  | "ERR_ZAP_INVALID_METADATA"
  /** The first octets are no ZMTP signature. */
  | "ERR_ZMTP_BAD_GREETING"
  /** The peer speaks ZMTP 1.0 or 2.0, which carry no mechanism and are refused (RFC 37, "Version Negotiation"). */
  | "ERR_ZMTP_UNSUPPORTED_VERSION"
  /** A frame that RFC 37 forbids: reserved flag bits, COMMAND with MORE, a size of 2^63 or more. */
  | "ERR_ZMTP_MALFORMED_FRAME"
  /** A frame or message beyond `maxMessageSize`, or more frames in a message than allowed. */
  | "ERR_ZMTP_MESSAGE_TOO_LARGE"
  /** The peer's socket type cannot talk to ours (RFC 37, socket-type table). */
  | "ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE"
  /** A message that the socket pattern forbids, such as a reply without its envelope delimiter. */
  | "ERR_ZMTP_INVALID_MESSAGE"
  /** More subscriptions, or longer topics, than this socket accepts. */
  | "ERR_ZMTP_TOO_MANY_SUBSCRIPTIONS"
  /** The handshake took longer than `handshakeInterval`. */
  | "ERR_ZMTP_HANDSHAKE_TIMEOUT"
  /** Nothing came in for the heartbeat timeout, or for the time-to-live the peer had announced. */
  | "ERR_ZMTP_HEARTBEAT_TIMEOUT"
  /** The peer answered with an ERROR command; `reason` holds its text. */
  | "ERR_ZMTP_PEER_ERROR"
  | QzmqErrorCode;

/** Codes that only the QZMQ mechanism raises (spec, "Errors"). */
export type QzmqErrorCode =
  | "ERR_QZMQ_PROTOCOL"
  | "ERR_QZMQ_VERSION"
  | "ERR_QZMQ_SUITE"
  | "ERR_QZMQ_AUTH"
  | "ERR_QZMQ_BUSY"
  | "ERR_QZMQ_INTERNAL"
  | "ERR_QZMQ_ROLE"
  | "ERR_QZMQ_TIMEOUT"
  | "ERR_QZMQ_REPLAY"
  | "ERR_QZMQ_TRUNCATED"
  | "ERR_QZMQ_LIMIT"
  | "ERR_QZMQ_ROTATION";

/** What may be told beside a {@link PeerError}'s code. */
export interface PeerErrorDetail {
  /** Three-digit status of a refused authentication: 300, 400 or 500 (RFC 27). */
  readonly status?: number;
  /** The reason octets of a received ERROR command, decoded as latin1; printable ASCII from an honest peer. */
  readonly reason?: string;
  /** The error below this one, if any. Local only, never sent. */
  readonly cause?: unknown;
}

/** The peer misbehaved, or refused us. Closes its connection and no other. */
export class PeerError extends Error {
  override readonly name = "PeerError";
  readonly blame = "peer";
  readonly code: PeerErrorCode;
  readonly status: number | undefined;
  readonly reason: string | undefined;

  constructor(code: PeerErrorCode, message: string, detail: PeerErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.status = detail.status;
    this.reason = detail.reason;
  }
}

/** libzmq's own error numbers start here (ZMQ_HAUSNUMERO). */
const LIBZMQ_BASE = 156_384_712;

/** libzmq's texts and numbers for the errors it adds to the operating system's. */
const LIBZMQ_ERRORS = {
  ENOTSUP: [constants.errno.ENOTSUP, "Operation not supported"],
  EFSM: [LIBZMQ_BASE + 51, "Operation cannot be accomplished in current state"],
  ENOCOMPATPROTO: [LIBZMQ_BASE + 52, "The protocol is not compatible with the socket type"],
  ETERM: [LIBZMQ_BASE + 53, "Context was terminated"],
  EMTHREAD: [LIBZMQ_BASE + 54, "No thread available"],
} as const;

/** Texts that strerror(3) gives for the codes the API uses; zeromq.js users compare against them. */
const OS_ERRORS = {
  EAGAIN: "Operation was not possible or timed out",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EACCES: "Permission denied",
  EBADF: "Socket is closed",
  EBUSY: "Socket is busy",
  ECONNREFUSED: "Connection refused",
  EFAULT: "Context is closed",
  EHOSTUNREACH: "Host unreachable",
  EINVAL: "Invalid argument",
  EMFILE: "Too many open file descriptors",
  ENAMETOOLONG: "File name too long",
  ENODEV: "No such device",
  ENOENT: "No such endpoint",
  ENOTSOCK: "Socket operation on non-socket",
  EPROTONOSUPPORT: "Protocol not supported",
} as const;

/** Codes of {@link UsageError}. */
export type UsageErrorCode = keyof typeof LIBZMQ_ERRORS | keyof typeof OS_ERRORS;

/** The caller asked for something impossible. Same `code`, `errno` and text as zeromq.js gives. */
export class UsageError extends Error {
  readonly blame = "caller";
  readonly code: UsageErrorCode;
  /** Positive error number of the operating system, or libzmq's own. */
  readonly errno: number;
  /** The endpoint concerned, for bind, connect and their opposites. */
  declare address?: string;

  constructor(code: UsageErrorCode, message?: string, address?: string) {
    const own = code in LIBZMQ_ERRORS ? LIBZMQ_ERRORS[code as keyof typeof LIBZMQ_ERRORS] : undefined;
    super(message ?? own?.[1] ?? OS_ERRORS[code as keyof typeof OS_ERRORS]);
    this.code = code;
    this.errno = own?.[0] ?? constants.errno[code as keyof typeof constants.errno];
    if (address !== undefined) this.address = address;
  }
}
