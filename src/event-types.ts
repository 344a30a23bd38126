/** Events of a socket as users get them. */
import type { PeerErrorCode } from "./errors.ts";
import type { EventError } from "./net/events.ts";

/** A refused authentication: 300 try later, 400 refused, 500 the authorizer failed (RFC 27). */
export interface AuthError extends Error {
  readonly status: 300 | 400 | 500;
}

/** A broken protocol; `cause` holds the details. */
export interface ProtoError extends Error {
  readonly code: PeerErrorCode;
}

type EventFor<T extends string, D = unknown> = { readonly type: T } & D;
type At = { readonly address: string };
type Failed<E = EventError> = At & { readonly error: E };

/** `address` is the endpoint bound or connected, for accepted connections too. `end` is the last event of a socket. */
export type Event =
  | EventFor<"accept", At>
  | EventFor<"accept:error", Failed>
  | EventFor<"bind", At>
  | EventFor<"bind:error", Failed>
  | EventFor<"connect", At>
  | EventFor<"connect:delay", At>
  | EventFor<"connect:retry", At & { readonly interval: number }>
  | EventFor<"close", At>
  | EventFor<"close:error", Failed>
  | EventFor<"disconnect", At & { readonly error?: Error }>
  | EventFor<"end">
  | EventFor<"handshake", At & { readonly facts?: Readonly<Record<string, unknown>> }>
  | EventFor<"handshake:error:protocol", Failed<ProtoError>>
  | EventFor<"handshake:error:auth", Failed<AuthError>>
  | EventFor<"handshake:error:other", Failed>
  | EventFor<"unknown">;

/** Names of events. */
export type EventType = Event["type"];

/** The event with a given name. */
export type EventOfType<E extends EventType = EventType> = Extract<Event, { readonly type: E }>;
