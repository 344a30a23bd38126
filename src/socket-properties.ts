/** Options that all sockets have, as properties. Their accessors are made from the table in `option-table.ts`. */

/**
 * Declares the properties; holds nothing itself. Times are in milliseconds. What is set after `bind` or `connect`
 * takes effect with the next one, and a warning says so, unless noted.
 */
export abstract class SocketProperties {
  /** Kept and read back (ZMQ_AFFINITY). */
  declare affinity: number;
  /** Kept and read back (ZMQ_RATE). */
  declare rate: number;
  /** Kept and read back (ZMQ_RECOVERY_IVL). */
  declare recoveryInterval: number;
  /** How long `close` and `disconnect` keep unsent messages; -1 for ever. Effective at once (ZMQ_LINGER). */
  declare linger: number;
  /** Pause before a reconnect; -1 never reconnects (ZMQ_RECONNECT_IVL). */
  declare reconnectInterval: number;
  /** Pauses double up to this; 0 for no growth (ZMQ_RECONNECT_IVL_MAX). */
  declare reconnectMaxInterval: number;
  /** Connections that may wait to be accepted (ZMQ_BACKLOG). */
  declare backlog: number;
  /** Octets of the largest message accepted; a peer that sends more is disconnected. -1 no limit (ZMQ_MAXMSGSIZE). */
  declare maxMessageSize: number;
  /** SO_KEEPALIVE: -1 the system's choice, 0 off, 1 on (ZMQ_TCP_KEEPALIVE). */
  declare tcpKeepalive: number;
  /** Kept and read back (ZMQ_TCP_KEEPALIVE_CNT). */
  declare tcpKeepaliveCount: number;
  /** Seconds of silence before the first probe; -1 the system's choice (ZMQ_TCP_KEEPALIVE_IDLE). */
  declare tcpKeepaliveIdle: number;
  /** Kept and read back (ZMQ_TCP_KEEPALIVE_INTVL). */
  declare tcpKeepaliveInterval: number;
  /** Kept and read back (ZMQ_TCP_ACCEPT_FILTER). */
  declare tcpAcceptFilter: string | null;
  /** Queue messages only for connected peers (ZMQ_IMMEDIATE). */
  declare immediate: boolean;
  /** Bind and resolve IPv6 addresses too (ZMQ_IPV6). */
  declare ipv6: boolean;
  /** Act as the server of PLAIN (ZMQ_PLAIN_SERVER). */
  declare plainServer: boolean;
  /** Act as a client of PLAIN; at most 255 octets (ZMQ_PLAIN_USERNAME). */
  declare plainUsername: string | null;
  /** At most 255 octets (ZMQ_PLAIN_PASSWORD). */
  declare plainPassword: string | null;
  /** Act as the server of CURVE (ZMQ_CURVE_SERVER). */
  declare curveServer: boolean;
  /** Our key: 40 characters of Z85, or 32 octets (ZMQ_CURVE_PUBLICKEY). */
  declare curvePublicKey: string | null;
  /** As `curvePublicKey` (ZMQ_CURVE_SECRETKEY). */
  declare curveSecretKey: string | null;
  /** The server's public key (ZMQ_CURVE_SERVERKEY). */
  declare curveServerKey: string | null;
  /** What the ZAP handler is told; without one, see `zapEnforceDomain` (ZMQ_ZAP_DOMAIN). */
  declare zapDomain: string | null;
  /** Refuse peers while a domain is set and there is no ZAP handler (ZMQ_ZAP_ENFORCE_DOMAIN). */
  declare zapEnforceDomain: boolean;
  /** Kept and read back (ZMQ_TOS). */
  declare typeOfService: number;
  /** Longest handshake; 0 no limit (ZMQ_HANDSHAKE_IVL). */
  declare handshakeInterval: number;
  /** Kept and read back (ZMQ_SOCKS_PROXY). */
  declare socksProxy: string | null;
  /** Time between PINGs on a silent connection; 0 none (ZMQ_HEARTBEAT_IVL). */
  declare heartbeatInterval: number;
  /** How long the peer shall wait for us; in steps of 100 (ZMQ_HEARTBEAT_TTL). */
  declare heartbeatTimeToLive: number;
  /** How long after a PING the connection ends; -1 as the interval (ZMQ_HEARTBEAT_TIMEOUT). */
  declare heartbeatTimeout: number;
  /** How long a connection attempt may take; 0 the system's choice (ZMQ_CONNECT_TIMEOUT). */
  declare connectTimeout: number;
  /** Kept and read back (ZMQ_TCP_MAXRT). */
  declare tcpMaxRetransmitTimeout: number;
  /** Kept and read back (ZMQ_MULTICAST_MAXTPDU). */
  declare multicastMaxTransportDataUnit: number;
  /** Kept and read back (ZMQ_VMCI_BUFFER_SIZE). */
  declare vmciBufferSize: number;
  /** Kept and read back (ZMQ_VMCI_BUFFER_MIN_SIZE). */
  declare vmciBufferMinSize: number;
  /** Kept and read back (ZMQ_VMCI_BUFFER_MAX_SIZE). */
  declare vmciBufferMaxSize: number;
  /** Kept and read back (ZMQ_VMCI_CONNECT_TIMEOUT). */
  declare vmciConnectTimeout: number;
  /** Kept and read back; at most 15 octets (ZMQ_BINDTODEVICE). */
  declare interface: string | null;
  /** Kept and read back (ZMQ_LOOPBACK_FASTPATH). */
  declare loopbackFastPath: boolean;
  /** libzmq's number of the socket type (ZMQ_TYPE). */
  declare readonly type: number;
  /** What was last bound or connected, wildcards resolved; null before (ZMQ_LAST_ENDPOINT). */
  declare readonly lastEndpoint: string | null;
  /** The mechanism that the options choose; null for none (ZMQ_MECHANISM). */
  declare readonly securityMechanism: null | "plain" | "curve" | "gssapi";
  /** False (ZMQ_THREAD_SAFE). */
  declare readonly threadSafe: boolean;
}
