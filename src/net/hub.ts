/** All connections of one socket: binds, connects, reconnects, and joins each to a pipe of the pattern. */
import type { Pattern, PatternSettings } from "../pattern/pattern.ts";
import type { Environment } from "./environment.ts";
import type { SocketEvent } from "./events.ts";
import type { HubSettings } from "./settings.ts";

/** What a hub is made of. */
export interface HubParts {
  readonly pattern: Pattern;
  readonly patternSettings: PatternSettings;
  readonly environment: Environment;
  /** Reads the options as they are now. */
  readonly settings: () => HubSettings;
  readonly onEvent: (event: SocketEvent) => void;
}

/** See the head of this file. Addresses are endpoints such as `tcp://127.0.0.1:5555`, `ipc:///path`, `inproc://name`. */
export interface Hub {
  /** The endpoint last bound or connected, wildcards resolved; null before (ZMQ_LAST_ENDPOINT). */
  readonly lastEndpoint: string | null;
  /** True when anything is bound or connected. */
  readonly attached: boolean;
  /** True while messages wait that no transport has taken, or that the kernel has not taken from it. */
  readonly hasUnsent: boolean;
  /** Throws UsageError EINVAL or EPROTONOSUPPORT at once; rejects with EADDRINUSE and other system errors (with `code`, `errno`, `address`). */
  bind(address: string): Promise<void>;
  bindSync(address: string): void;
  /** Rejects ENOENT for what is not bound. Accepted connections end too. */
  unbind(address: string): Promise<void>;
  unbindSync(address: string): void;
  /** Starts connecting; failures show as events. Throws UsageError EINVAL or EPROTONOSUPPORT for a malformed endpoint. */
  connect(address: string, routingId?: Buffer): void;
  /** Ends the connection under linger. Throws UsageError ENOENT for what is not connected. */
  disconnect(address: string): void;
  /** New high-water marks for existing pipes. */
  applyLimits(): void;
  /**
   * Closes everything; unsent messages go on for `linger`. Resolves when the last connection is gone. Holds the
   * process alive until then. Emits a `close` event per listener, `end` last.
   */
  close(): Promise<void>;
}

/** Makes the hub of a new socket. */
export type CreateHub = (parts: HubParts) => Hub;
