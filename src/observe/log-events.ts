/**
 * Every event that a log line may tell of, with its level and its fields. The table is an allow-list: a field that is
 * not in it cannot be written, so a secret cannot slip into the log.
 */

/** The graver first. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;

/** How grave an event is. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a field holds. */
export type FieldType = "string" | "number" | "boolean";

/** One row of the table. Every field is always there. */
export interface EventDefinition {
  readonly level: LogLevel;
  readonly meaning: string;
  readonly fields: Readonly<Record<string, FieldType>>;
}

/** See the head of this file. */
export const LOG_EVENTS = {
  "service.started": {
    level: "info",
    meaning: "The service runs, and its links are being opened.",
    fields: { version: "string", node: "string", pid: "number", configuration: "string", links: "number" },
  },
  "service.stopping": {
    level: "info",
    meaning: "The service was asked to end.",
    fields: { reason: "string" },
  },
  "service.stopped": { level: "info", meaning: "Everything is closed.", fields: {} },
  "configuration.loaded": {
    level: "info",
    meaning: "A new configuration is in force.",
    fields: { file: "string", added: "number", changed: "number", removed: "number", kept: "number" },
  },
  "configuration.refused": {
    level: "error",
    meaning: "A new configuration cannot be used; the one before stays in force.",
    fields: { file: "string", error: "string" },
  },
  "configuration.warning": {
    level: "warn",
    meaning: "Something in the configuration works, and will not do what it should.",
    fields: { file: "string", warning: "string" },
  },
  "trust.refused": {
    level: "error",
    meaning:
      "A changed file of pins, authorities or revocation lists cannot be used; the trust before stays.",
    fields: { link: "string", error: "string" },
  },
  "keylog.open": {
    level: "warn",
    meaning: "The secrets of all connections are written to a file: whoever reads it can read the traffic.",
    fields: { link: "string", file: "string" },
  },
  "status.listening": {
    level: "info",
    meaning: "Status and metrics are served here.",
    fields: { url: "string" },
  },
  "status.failed": {
    level: "error",
    meaning: "Status and metrics cannot be served.",
    fields: { error: "string" },
  },
  "link.listening": {
    level: "info",
    meaning: "A link takes connections.",
    fields: { link: "string", side: "string", phase: "number", listen: "string", connect: "string" },
  },
  "link.failed": {
    level: "error",
    meaning: "A link cannot listen.",
    fields: { link: "string", error: "string" },
  },
  "link.accept-failed": {
    level: "error",
    meaning: "The system would not accept a connection; too many open files, for one.",
    fields: { link: "string", error: "string" },
  },
  "link.closed": { level: "info", meaning: "A link is closed.", fields: { link: "string" } },
  "connection.ready": {
    level: "info",
    meaning: "Both legs of a connection have shaken hands, and the secured one negotiated this.",
    fields: {
      ...{ link: "string", connection: "number", socketType: "string", peer: "string" },
      ...{ suite: "string", mode: "string", resumed: "boolean" },
    },
  },
  "connection.closed": {
    level: "info",
    meaning: "A connection ended in good order; the leg named was first.",
    fields: { link: "string", connection: "number", leg: "string" },
  },
  "connection.lost": {
    level: "warn",
    meaning: "A connection broke: cut, truncated, malformed frames, a limit.",
    fields: { link: "string", connection: "number", leg: "string", code: "string", error: "string" },
  },
  "connection.failed": {
    level: "warn",
    meaning: "A connection ended before it was ready: a leg could not be connected or its handshake failed.",
    fields: {
      ...{ link: "string", connection: "number", leg: "string", code: "string", error: "string" },
      times: "number",
    },
  },
  "connection.refused": {
    level: "warn",
    meaning: "A connection was closed at once: the link has as many as it may have.",
    fields: { link: "string", times: "number" },
  },
  "old-link.used": {
    level: "warn",
    meaning: "Somebody uses the unprotected link.",
    fields: { link: "string", peer: "string" },
  },
  "old-link.closed": {
    level: "debug",
    meaning: "A connection of the unprotected link is over.",
    fields: { link: "string", peer: "string", error: "string" },
  },
  "old-link.refused": {
    level: "warn",
    meaning: "Somebody tried the unprotected link, which is refused in phase 4, or full.",
    fields: { link: "string", peer: "string", times: "number" },
  },
  "log.suppressed": {
    level: "warn",
    meaning: "So many more events of one kind on one link came too fast to be written.",
    fields: { of: "string", link: "string", count: "number" },
  },
} as const satisfies Readonly<Record<string, EventDefinition>>;

/** Names of events. */
export type LogEvent = keyof typeof LOG_EVENTS;

interface FieldTypes {
  string: string;
  number: number;
  boolean: boolean;
}

/** The fields of one event. */
export type LogFields<E extends LogEvent> = {
  readonly [F in keyof (typeof LOG_EVENTS)[E]["fields"]]: FieldTypes[(typeof LOG_EVENTS)[E]["fields"][F] &
    FieldType];
};
