/** The options of one socket: checked, stored by number, and translated for the parts that act on them. */
import { decodeZ85, encodeZ85 } from "./bytes/z85.ts";
import { UsageError } from "./errors.ts";
import type { MechanismFactory } from "./mechanism/mechanism.ts";
import { nullMechanism } from "./mechanism/null.ts";
import { plainMechanism } from "./mechanism/plain.ts";
import type { HubSettings } from "./net/settings.ts";
import { OPTION, OPTIONS, type OptionKind, type OptionRow } from "./option-table.ts";
import { defaultPatternSettings, type PatternSettings } from "./pattern/pattern.ts";
import type { SocketType } from "./wire/socket-type.ts";

/** A security mechanism that is chosen by an object instead of by options. */
export interface SecurityOptions {
  readonly mechanism: MechanismFactory;
}

/** An option's value as the table keeps it. */
type Value = number | Buffer | null;

const ROWS: ReadonlyMap<number, OptionRow> = new Map(OPTIONS.map((row) => [row.id, row]));
/** Frames in one message of a peer; libzmq has no such limit. */
const MAX_FRAMES_PER_MESSAGE = 65_536;
/** Accepted connections of one endpoint in their handshake; libzmq has no such limit. */
const MAX_HANDSHAKES = 10_000;
const CURVE_KEY_LENGTH = 32;
const CURVE_TEXT = "The CURVE mechanism is not supported";
/** Stands for CURVE, so that a socket with its options never falls back to no security. */
const UNSUPPORTED_CURVE: MechanismFactory = {
  name: "CURVE",
  optionName: "curve",
  create() {
    throw new UsageError("ENOTSUP", CURVE_TEXT);
  },
};

/** Kinds that share one representation in libzmq, and so may be used for one another. */
function family(kind: OptionKind): "int" | "long" | "string" {
  if (kind === "String") return "string";
  return kind === "Int64" || kind === "Uint64" ? "long" : "int";
}

/** See the head of this file. Methods throw {@link UsageError} EINVAL for unknown options and refused values. */
export class OptionStore {
  /** Shared with the pattern, changed in place. */
  readonly patternSettings: PatternSettings = defaultPatternSettings();
  /** Overrides the mechanism that the plain options name. */
  security: SecurityOptions | null = null;
  readonly #type: SocketType;
  readonly #values = new Map<number, Value>();
  #mechanism: "null" | "plain" | "curve" = "null";

  /** `blocky` and `ipv6` are the context's. */
  constructor(type: SocketType, blocky: boolean, ipv6: boolean) {
    this.#type = type;
    // A subscriber has nothing to deliver after its end but subscriptions.
    if (!blocky || type === "SUB" || type === "XSUB") this.#values.set(OPTION.linger, 0);
    if (ipv6) this.#values.set(OPTION.ipv6, 1);
  }

  get(kind: OptionKind, id: number): Value {
    const row = this.#row(kind, id);
    if (row.access === "write-only") throw new UsageError("EINVAL");
    if (id === OPTION.securityMechanism) return ["null", "plain", "curve"].indexOf(this.#mechanism);
    return this.#value(row);
  }

  /** Numbers must already be whole. */
  set(kind: OptionKind, id: number, value: Value): void {
    const row = this.#row(kind, id);
    if (row.access === "read-only") throw new UsageError("EINVAL");
    const accepted = this.#accept(row, value);
    this.#values.set(id, accepted);
    this.#applyToPattern(id, accepted);
    this.#applyToMechanism(id, accepted);
  }

  /** A number option by its number. */
  number(id: number): number {
    return this.#value(ROWS.get(id)!) as number;
  }

  /** Throws ENOTSUP when the options ask for a mechanism that is absent: CURVE. `address` goes with the error. */
  requireMechanism(address: string): void {
    if (this.#mechanismFactory() === UNSUPPORTED_CURVE) throw new UsageError("ENOTSUP", CURVE_TEXT, address);
  }

  /** What the socket's connections are to know, as of now. */
  hubSettings(): HubSettings {
    const flag = (id: number) => this.number(id) !== 0;
    return {
      sendHighWaterMark: this.number(OPTION.sendHighWaterMark),
      receiveHighWaterMark: this.number(OPTION.receiveHighWaterMark),
      conflate: flag(OPTION.conflate),
      linger: this.number(OPTION.linger),
      reconnectInterval: this.number(OPTION.reconnectInterval),
      reconnectMaxInterval: this.number(OPTION.reconnectMaxInterval),
      handshakeInterval: this.number(OPTION.handshakeInterval),
      maxHandshakes: MAX_HANDSHAKES,
      heartbeatInterval: this.number(OPTION.heartbeatInterval),
      heartbeatTimeout: this.number(OPTION.heartbeatTimeout),
      heartbeatTimeToLive: this.number(OPTION.heartbeatTimeToLive),
      maxMessageSize: this.number(OPTION.maxMessageSize),
      maxFramesPerMessage: MAX_FRAMES_PER_MESSAGE,
      immediate: flag(OPTION.immediate),
      backlog: this.number(OPTION.backlog),
      ipv6: flag(OPTION.ipv6),
      connectTimeout: this.number(OPTION.connectTimeout),
      tcpKeepalive: this.number(OPTION.tcpKeepalive),
      tcpKeepaliveIdle: this.number(OPTION.tcpKeepaliveIdle),
      mechanism: this.#mechanismFactory(),
      zapDomain: this.#text(OPTION.zapDomain),
      zapEnforceDomain: flag(OPTION.zapEnforceDomain),
    };
  }

  #row(kind: OptionKind, id: number): OptionRow {
    const row = ROWS.get(id);
    const known = row !== undefined && family(row.kind) === family(kind);
    if (!known || (row.strict && !row.types.includes(this.#type))) throw new UsageError("EINVAL");
    return row;
  }

  #value(row: OptionRow): Value {
    const value = this.#values.get(row.id);
    return value === undefined ? row.initial : value;
  }

  #text(id: number): string {
    return (this.#values.get(id) as Buffer | null | undefined)?.toString() ?? "";
  }

  #accept(row: OptionRow, value: Value): Value {
    if (value === null) {
      if (!row.nullable) throw new UsageError("EINVAL");
      return null;
    }
    const size = typeof value === "number" ? value : value.length;
    if (!(size >= row.min && size <= row.max)) throw new UsageError("EINVAL");
    switch (row.id) {
      case OPTION.heartbeatTimeToLive:
        return Math.trunc(size / 100) * 100; // PING carries it in tenths of a second (RFC 37).
      case OPTION.curvePublicKey:
      case OPTION.curveSecretKey:
      case OPTION.curveServerKey:
        return curveKey(value as Buffer);
      default:
        return value;
    }
  }

  #applyToPattern(id: number, value: Value): void {
    const settings = this.patternSettings;
    const on = value === 1;
    switch (id) {
      case OPTION.routingId:
        settings.routingId = value as Buffer;
        break;
      case OPTION.mandatory:
        settings.mandatory = on;
        break;
      case OPTION.verbose:
        settings.verbosity = on ? "allSubs" : null;
        break;
      case OPTION.verboser:
        settings.verbosity = on ? "allSubsUnsubs" : null;
        break;
      case OPTION.probeRouter:
        settings.probeRouter = on;
        break;
      case OPTION.correlate:
        settings.correlate = on;
        break;
      case OPTION.relaxed:
        settings.relaxed = on;
        break;
      case OPTION.handover:
        settings.handover = on;
        break;
      case OPTION.noDrop:
        settings.noDrop = on;
        break;
      case OPTION.manual:
        settings.manual = on;
        break;
      case OPTION.welcomeMessage:
        settings.welcomeMessage = value === null || (value as Buffer).length === 0 ? null : (value as Buffer);
        break;
      case OPTION.invertMatching:
        settings.invertMatching = on;
        break;
    }
  }

  /** The last option set decides the mechanism, as in libzmq. */
  #applyToMechanism(id: number, value: Value): void {
    switch (id) {
      case OPTION.plainUsername:
      case OPTION.plainPassword:
        this.#values.set(OPTION.plainServer, 0);
        this.#mechanism = value === null ? "null" : "plain";
        break;
      case OPTION.plainServer:
        this.#mechanism = value === 0 ? "null" : "plain";
        break;
      case OPTION.curveServer:
        this.#mechanism = value === 0 ? "null" : "curve";
        break;
      case OPTION.curvePublicKey:
      case OPTION.curveSecretKey:
      case OPTION.curveServerKey:
        this.#mechanism = value === null ? "null" : "curve";
        break;
    }
  }

  #mechanismFactory(): MechanismFactory {
    if (this.security !== null) return this.security.mechanism;
    switch (this.#mechanism) {
      case "null":
        return nullMechanism();
      case "plain":
        if (this.number(OPTION.plainServer) !== 0) return plainMechanism({ asServer: true });
        return plainMechanism({
          asServer: false,
          username: this.#text(OPTION.plainUsername),
          password: this.#text(OPTION.plainPassword),
        });
      case "curve":
        return UNSUPPORTED_CURVE;
    }
  }
}

/** 32 octets, 40 characters of Z85, or those with a NUL behind; kept as 40 characters. */
function curveKey(value: Buffer): Buffer {
  if (value.length === CURVE_KEY_LENGTH) return Buffer.from(encodeZ85(value));
  const text = value.toString("latin1").replace(/\0$/, "");
  if (decodeZ85(text)?.length !== CURVE_KEY_LENGTH) throw new UsageError("EINVAL");
  return Buffer.from(text);
}
