/** Events of a socket's connections, in the shape that zeromq.js gives them to users. */
import type { PeerError, UsageError } from "../errors.ts";

/** A system error as events carry it. */
export interface EventError extends Error {
  readonly code: string;
  readonly errno?: number;
}

/** What happened, and at which endpoint: always the one we bound or connected, also for accepted connections. */
export type SocketEvent =
  | { readonly type: "bind" | "connect" | "connect:delay" | "accept" | "close"; readonly address: string }
  | {
      readonly type: "disconnect";
      readonly address: string;
      /** Why, unless the peer ended the connection in good order. */
      readonly error?: Error;
    }
  | { readonly type: "connect:retry"; readonly address: string; readonly interval: number }
  | {
      readonly type: "handshake";
      readonly address: string;
      /** What the mechanism negotiated (QZMQ: suite, identities, ...); absent for NULL. */
      readonly facts?: Readonly<Record<string, unknown>>;
    }
  | {
      readonly type: "bind:error" | "accept:error" | "close:error" | "handshake:error:other";
      readonly address: string;
      readonly error: EventError | UsageError | PeerError;
    }
  | { readonly type: "handshake:error:protocol"; readonly address: string; readonly error: PeerError }
  | {
      readonly type: "handshake:error:auth";
      readonly address: string;
      readonly error: Error & { readonly status: number };
    }
  | { readonly type: "end" };
