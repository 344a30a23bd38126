/** What a socket's options mean to its connections. Read when an endpoint is bound or connected, unless said otherwise. */
import type { MechanismFactory } from "../mechanism/mechanism.ts";

/** Option values; times in milliseconds. */
export interface HubSettings {
  /** Messages per peer, 0 unlimited (ZMQ_SNDHWM, ZMQ_RCVHWM). Changes reach existing pipes through `Hub.applyLimits`. */
  readonly sendHighWaterMark: number;
  readonly receiveHighWaterMark: number;
  /** Keep only the newest message (ZMQ_CONFLATE). */
  readonly conflate: boolean;
  /** How long unsent messages are kept after close or disconnect; -1 for ever. Read at that time. */
  readonly linger: number;
  /** Pause before a reconnect; -1 never. Grows to the maximum when that is larger (ZMQ_RECONNECT_IVL, _MAX). */
  readonly reconnectInterval: number;
  readonly reconnectMaxInterval: number;
  /** Greeting and mechanism together; 0 unlimited (ZMQ_HANDSHAKE_IVL). */
  readonly handshakeInterval: number;
  /** Accepted connections in their handshake; beyond, the oldest makes room. */
  readonly maxHandshakes: number;
  /** From one PING to the next; 0 off (ZMQ_HEARTBEAT_IVL). */
  readonly heartbeatInterval: number;
  /** Silence after a PING that ends the connection; -1 as the interval, 0 never (ZMQ_HEARTBEAT_TIMEOUT). */
  readonly heartbeatTimeout: number;
  /** Announced in our PINGs, 0 none (ZMQ_HEARTBEAT_TTL). */
  readonly heartbeatTimeToLive: number;
  /** Octets of one frame, and of one message in all; -1 unlimited (ZMQ_MAXMSGSIZE). */
  readonly maxMessageSize: number;
  /** Frames in one message. */
  readonly maxFramesPerMessage: number;
  /** No queue for a peer that is not connected (ZMQ_IMMEDIATE). */
  readonly immediate: boolean;
  /** listen(2) backlog (ZMQ_BACKLOG). */
  readonly backlog: number;
  /** Resolve and bind IPv6 too (ZMQ_IPV6). */
  readonly ipv6: boolean;
  /** connect(2) timeout; 0 the system's (ZMQ_CONNECT_TIMEOUT). */
  readonly connectTimeout: number;
  /** SO_KEEPALIVE: -1 the system's, 0 off, 1 on; idle time in seconds, -1 the system's. */
  readonly tcpKeepalive: number;
  readonly tcpKeepaliveIdle: number;
  /** Makes the mechanism of each connection. */
  readonly mechanism: MechanismFactory;
  /** ZAP domain (ZMQ_ZAP_DOMAIN); `""` none. */
  readonly zapDomain: string;
  /** Refuse peers when a ZAP domain is set and no handler is bound (ZMQ_ZAP_ENFORCE_DOMAIN). */
  readonly zapEnforceDomain: boolean;
}
