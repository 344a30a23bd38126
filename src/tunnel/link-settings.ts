/** What one link of a tunnel is made of, configuration already checked and files already read. */
import type { Phase } from "../observe/status.ts";
import type { Security } from "../security.ts";

/** Bounds of one link. Times in milliseconds. */
export interface LinkLimits {
  /** Connections through the link at once, old link included. */
  readonly maxConnections: number;
  /** Messages, and octets, that may wait between the two legs of one connection in each direction. */
  readonly highWaterMark: number;
  readonly maxQueuedBytes: number;
  /** Octets of one message; -1 unlimited. */
  readonly maxMessageSize: number;
  /** Greeting, mechanism, and the other leg's handshake with it. */
  readonly handshakeInterval: number;
  /** From one PING to the next on both legs; 0 off. */
  readonly heartbeatInterval: number;
  /** Silence after a PING that ends a secured leg; -1 as the interval, 0 never. A plain leg is not ended by silence. */
  readonly heartbeatTimeout: number;
}

/** See the head of this file. */
export interface LinkSettings {
  readonly name: string;
  /** `client`: accepts plain connections and dials secured ones. `server`: the other way round. */
  readonly side: "client" | "server";
  /** `tcp://` or `ipc://`. */
  readonly listen: string;
  readonly connect: string;
  /** QZMQ in the role of `side`. */
  readonly security: Security;
  readonly phase: Phase;
  /**
   * Server side only: the unprotected link that this one replaces, forwarded octet by octet so that it may be NULL,
   * PLAIN or CURVE. Open in phases 1 to 3, refused in phase 4.
   */
  readonly old: { readonly listen: string; readonly connect: string } | null;
  readonly limits: LinkLimits;
}
