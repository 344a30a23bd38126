/**
 * Every socket option: its number in libzmq's API (zmq.h), its name in zeromq.js, its values. Options that Node.js
 * cannot pass on to the system are kept and read back.
 */
import type { SocketType } from "./wire/socket-type.ts";

/** Which `get...Option` and `set...Option` methods of a socket an option is for. */
export type OptionKind = "Bool" | "Int32" | "Uint32" | "Int64" | "Uint64" | "String";

/** One option. Booleans are 0 and 1, strings are octets or null. */
export interface OptionRow {
  readonly id: number;
  /** The property; `""` for none. */
  readonly name: string;
  readonly kind: OptionKind;
  readonly initial: number | null;
  /** Accepted numbers, or lengths of a string in octets. */
  readonly min: number;
  readonly max: number;
  /** A string that may be set back to null. */
  readonly nullable: boolean;
  readonly access: "read-write" | "read-only" | "write-only";
  /** Types that have the property. Others still accept the number, unless `strict`. */
  readonly types: readonly SocketType[] | "all";
  readonly strict: boolean;
}

/** The option numbers that the code names. */
export const OPTION = {
  routingId: 5,
  subscribe: 6,
  unsubscribe: 7,
  type: 16,
  linger: 17,
  reconnectInterval: 18,
  backlog: 19,
  reconnectMaxInterval: 21,
  maxMessageSize: 22,
  sendHighWaterMark: 23,
  receiveHighWaterMark: 24,
  receiveTimeout: 27,
  sendTimeout: 28,
  lastEndpoint: 32,
  mandatory: 33,
  tcpKeepalive: 34,
  tcpKeepaliveIdle: 36,
  immediate: 39,
  verbose: 40,
  ipv6: 42,
  securityMechanism: 43,
  plainServer: 44,
  plainUsername: 45,
  plainPassword: 46,
  curveServer: 47,
  curvePublicKey: 48,
  curveSecretKey: 49,
  curveServerKey: 50,
  probeRouter: 51,
  correlate: 52,
  relaxed: 53,
  conflate: 54,
  zapDomain: 55,
  handover: 56,
  connectRoutingId: 61,
  handshakeInterval: 66,
  noDrop: 69,
  manual: 71,
  welcomeMessage: 72,
  invertMatching: 74,
  heartbeatInterval: 75,
  heartbeatTimeToLive: 76,
  heartbeatTimeout: 77,
  verboser: 78,
  connectTimeout: 79,
  threadSafe: 81,
  zapEnforceDomain: 93,
} as const;

const MAX_INT = 0x7fffffff;
const SENDERS: readonly SocketType[] = [
  "PAIR",
  "PUB",
  "REQ",
  "REP",
  "DEALER",
  "ROUTER",
  "PUSH",
  "XPUB",
  "XSUB",
];
const RECEIVERS: readonly SocketType[] = [
  "PAIR",
  "SUB",
  "REQ",
  "REP",
  "DEALER",
  "ROUTER",
  "PULL",
  "XPUB",
  "XSUB",
];

type RowDetail = Partial<Omit<OptionRow, "id" | "name" | "kind" | "initial">>;

function row(
  id: number,
  name: string,
  kind: OptionKind,
  initial: number | null,
  detail: RowDetail,
): OptionRow {
  const limits = { Bool: [0, 1], String: [1, 255], Uint64: [0, 2 ** 64], Int64: [-(2 ** 63), 2 ** 63] };
  const [min, max] = limits[kind as keyof typeof limits] ?? [0, MAX_INT];
  const rest = { access: "read-write", types: "all", nullable: true, strict: false } as const;
  return { id, name, kind, initial, min: min!, max: max!, ...rest, ...detail };
}

const int = (id: number, name: string, initial: number, detail: RowDetail = {}) =>
  row(id, name, "Int32", initial, { min: Math.min(initial, 0), ...detail });
const bool = (id: number, name: string, detail: RowDetail = {}) => row(id, name, "Bool", 0, detail);
const text = (id: number, name: string, detail: RowDetail = {}) => row(id, name, "String", null, detail);
/** A switch of some socket types that libzmq can set but not read. */
const setting = (id: number, name: string, ...types: SocketType[]) =>
  bool(id, name, { access: "write-only", types, strict: true });
const readOnly = { access: "read-only" } as const;

/** All options, in order of their numbers. */
export const OPTIONS: readonly OptionRow[] = [
  row(4, "affinity", "Uint64", 0, {}),
  text(OPTION.routingId, "routingId", { types: ["REQ", "REP", "ROUTER", "DEALER"], nullable: false }),
  int(8, "rate", 100, { min: 1 }),
  int(9, "recoveryInterval", 10_000),
  int(11, "sendBufferSize", -1, { types: SENDERS }),
  int(12, "receiveBufferSize", -1, { types: RECEIVERS }),
  int(OPTION.type, "type", 0, readOnly),
  int(OPTION.linger, "linger", -1),
  int(OPTION.reconnectInterval, "reconnectInterval", 100, { min: -1 }),
  int(OPTION.backlog, "backlog", 100),
  int(OPTION.reconnectMaxInterval, "reconnectMaxInterval", 0),
  row(OPTION.maxMessageSize, "maxMessageSize", "Int64", -1, {}),
  int(OPTION.sendHighWaterMark, "sendHighWaterMark", 1000, { types: SENDERS }),
  int(OPTION.receiveHighWaterMark, "receiveHighWaterMark", 1000, { types: RECEIVERS }),
  int(25, "multicastHops", 1, { min: 1, types: SENDERS }),
  int(OPTION.receiveTimeout, "receiveTimeout", -1, { types: RECEIVERS }),
  int(OPTION.sendTimeout, "sendTimeout", -1, { types: SENDERS }),
  text(OPTION.lastEndpoint, "lastEndpoint", readOnly),
  bool(OPTION.mandatory, "mandatory", { types: ["ROUTER"], strict: true }),
  int(OPTION.tcpKeepalive, "tcpKeepalive", -1, { max: 1 }),
  int(35, "tcpKeepaliveCount", -1),
  int(OPTION.tcpKeepaliveIdle, "tcpKeepaliveIdle", -1),
  int(37, "tcpKeepaliveInterval", -1),
  text(38, "tcpAcceptFilter"),
  bool(OPTION.immediate, "immediate"),
  bool(OPTION.ipv6, "ipv6"),
  int(OPTION.securityMechanism, "securityMechanism", 0, readOnly),
  bool(OPTION.plainServer, "plainServer"),
  text(OPTION.plainUsername, "plainUsername"),
  text(OPTION.plainPassword, "plainPassword"),
  bool(OPTION.curveServer, "curveServer"),
  text(OPTION.curvePublicKey, "curvePublicKey"),
  text(OPTION.curveSecretKey, "curveSecretKey"),
  text(OPTION.curveServerKey, "curveServerKey"),
  setting(OPTION.verbose, "", "XPUB"),
  setting(OPTION.probeRouter, "probeRouter", "REQ", "DEALER", "ROUTER"),
  setting(OPTION.correlate, "correlate", "REQ"),
  setting(OPTION.relaxed, "relaxed", "REQ"),
  bool(OPTION.conflate, "conflate", { types: ["PULL", "PUSH", "SUB", "PUB", "DEALER"] }),
  text(OPTION.zapDomain, "zapDomain", { nullable: false }),
  setting(OPTION.handover, "handover", "ROUTER"),
  row(57, "typeOfService", "Uint32", 0, {}),
  int(OPTION.handshakeInterval, "handshakeInterval", 30_000),
  text(68, "socksProxy", { max: MAX_INT }),
  setting(OPTION.noDrop, "noDrop", "PUB", "XPUB"),
  setting(OPTION.manual, "manual", "XPUB"),
  text(OPTION.welcomeMessage, "welcomeMessage", {
    min: 0,
    max: MAX_INT,
    access: "write-only",
    types: ["XPUB"],
    strict: true,
  }),
  bool(OPTION.invertMatching, "invertMatching", { types: ["PUB", "SUB", "XPUB"] }),
  int(OPTION.heartbeatInterval, "heartbeatInterval", 0),
  int(OPTION.heartbeatTimeToLive, "heartbeatTimeToLive", 0, { min: -99, max: 6_553_599 }),
  int(OPTION.heartbeatTimeout, "heartbeatTimeout", -1, { min: 0 }),
  setting(OPTION.verboser, "", "XPUB"),
  int(OPTION.connectTimeout, "connectTimeout", 0),
  int(80, "tcpMaxRetransmitTimeout", 0),
  bool(OPTION.threadSafe, "threadSafe", readOnly),
  int(84, "multicastMaxTransportDataUnit", 1500, { min: 1 }),
  row(85, "vmciBufferSize", "Uint64", 0, {}),
  row(86, "vmciBufferMinSize", "Uint64", 0, {}),
  row(87, "vmciBufferMaxSize", "Uint64", 0, {}),
  int(88, "vmciConnectTimeout", -1),
  text(92, "interface", { max: 15 }),
  bool(OPTION.zapEnforceDomain, "zapEnforceDomain"),
  bool(94, "loopbackFastPath"),
];

/** Options that reach existing connections too, or do not concern connections. The others wait for the next one. */
export const TAKES_EFFECT_AT_ONCE: ReadonlySet<number> = new Set<number>([
  OPTION.subscribe,
  OPTION.unsubscribe,
  OPTION.linger,
  OPTION.sendHighWaterMark,
  OPTION.receiveHighWaterMark,
  OPTION.sendTimeout,
  OPTION.receiveTimeout,
  OPTION.mandatory,
  OPTION.probeRouter,
  OPTION.verbose,
  OPTION.verboser,
  OPTION.correlate,
  OPTION.relaxed,
  OPTION.handover,
]);
