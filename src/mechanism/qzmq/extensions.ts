/** Extensions of CLIENTHELLO and SERVERHELLO: type u16, data v16<>, ascending when sent (spec, "Extensions"). */
import { LayoutError, Reader } from "../../bytes/reader.ts";
import { utf8, Writer } from "../../bytes/writer.ts";

/** Numbers of the extensions. */
export const EXTENSION = {
  serverName: 0x0000,
  recordLimit: 0x001c,
  earlyData: 0x002a,
  pqOnly: 0xff01,
  clientAuth: 0xff02,
} as const;

/** Bounds of record_limit, octets of plaintext; the largest is also what an absent one means. */
export const MIN_RECORD_LIMIT = 4096;
export const MAX_RECORD_LIMIT = 262_144;

/** What both hellos may say. */
interface CommonExtensions {
  /** Largest MESSAGE plaintext that the sender accepts, 4096..262144 octets. */
  readonly recordLimit: number;
  /** Asked for, or accepted. */
  readonly earlyData: boolean;
  readonly pqOnly: boolean;
}

/** Extensions of CLIENTHELLO. */
export interface ClientExtensions extends CommonExtensions {
  /** The identity wanted, UTF-8 in lower case, 1..255 octets; `null` when absent. */
  readonly serverName: string | null;
}

/** Whether a server wants to know its client. */
export type ClientAuth = "none" | "optional" | "required";

/** Extension client_auth: `algorithms` are signature octets, empty for level `none`, else 1 to 4 of them. */
export interface ClientAuthRequest {
  readonly level: ClientAuth;
  readonly algorithms: Uint8Array;
}

/** Extensions of SERVERHELLO. */
export interface ServerExtensions extends CommonExtensions {
  /** Present in a full handshake, `null` in a resumed one. */
  readonly clientAuth: ClientAuthRequest | null;
}

const LEVELS: readonly ClientAuth[] = ["none", "optional", "required"];
const MAX_ALGORITHMS = 4;
const NOTHING = new Uint8Array(0);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The extensions field of a CLIENTHELLO, without its length. */
export function encodeClientExtensions(extensions: ClientExtensions): Uint8Array {
  const out = new Writer();
  if (extensions.serverName !== null) put(out, EXTENSION.serverName, utf8(extensions.serverName));
  putCommon(out, extensions);
  return out.finish();
}

/** The extensions field of a SERVERHELLO, without its length. */
export function encodeServerExtensions(extensions: ServerExtensions): Uint8Array {
  const out = new Writer();
  putCommon(out, extensions);
  if (extensions.clientAuth !== null) {
    const { level, algorithms } = extensions.clientAuth;
    put(out, EXTENSION.clientAuth, new Writer().u8(LEVELS.indexOf(level)).v8(algorithms).finish());
  }
  return out.finish();
}

/** Parses a CLIENTHELLO's extensions; unknown ones are skipped. Throws {@link LayoutError}. */
export function decodeClientExtensions(bytes: Uint8Array): ClientExtensions {
  const found = split(bytes);
  if (found.has(EXTENSION.clientAuth)) throw new LayoutError("client_auth in CLIENTHELLO");
  const name = found.get(EXTENSION.serverName);
  return { serverName: name === undefined ? null : decodeServerName(name), ...decodeCommon(found) };
}

/** Parses a SERVERHELLO's extensions; unknown ones are an error. Throws {@link LayoutError}. */
export function decodeServerExtensions(bytes: Uint8Array): ServerExtensions {
  const found = split(bytes);
  for (const type of found.keys()) {
    if (type === EXTENSION.serverName || !Object.values<number>(EXTENSION).includes(type)) {
      throw new LayoutError(`extension 0x${type.toString(16)} in SERVERHELLO`);
    }
  }
  const auth = found.get(EXTENSION.clientAuth);
  return { clientAuth: auth === undefined ? null : decodeClientAuth(auth), ...decodeCommon(found) };
}

function put(out: Writer, type: number, data: Uint8Array): void {
  out.u16(type).v16(data);
}

function putCommon(out: Writer, extensions: CommonExtensions): void {
  if (extensions.recordLimit !== MAX_RECORD_LIMIT) {
    put(out, EXTENSION.recordLimit, new Writer().u32(extensions.recordLimit).finish());
  }
  if (extensions.earlyData) put(out, EXTENSION.earlyData, NOTHING);
  if (extensions.pqOnly) put(out, EXTENSION.pqOnly, NOTHING);
}

function split(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const reader = new Reader(bytes);
  const found = new Map<number, Uint8Array>();
  while (reader.remaining > 0) {
    const type = reader.u16("extension type");
    const data = reader.v16("extension data");
    if (found.has(type)) throw new LayoutError(`extension 0x${type.toString(16)} occurs twice`);
    found.set(type, data);
  }
  return found;
}

function decodeCommon(found: ReadonlyMap<number, Uint8Array>): CommonExtensions {
  const limit = found.get(EXTENSION.recordLimit);
  return {
    recordLimit: limit === undefined ? MAX_RECORD_LIMIT : decodeRecordLimit(limit),
    earlyData: decodeFlag(found, EXTENSION.earlyData),
    pqOnly: decodeFlag(found, EXTENSION.pqOnly),
  };
}

function decodeRecordLimit(data: Uint8Array): number {
  const reader = new Reader(data);
  const limit = reader.u32("record_limit");
  reader.end("record_limit");
  if (limit < MIN_RECORD_LIMIT || limit > MAX_RECORD_LIMIT) throw new LayoutError(`record_limit: ${limit}`);
  return limit;
}

function decodeFlag(found: ReadonlyMap<number, Uint8Array>, type: number): boolean {
  const data = found.get(type);
  if (data !== undefined && data.length !== 0)
    throw new LayoutError(`extension 0x${type.toString(16)}: not empty`);
  return data !== undefined;
}

function decodeServerName(data: Uint8Array): string {
  if (data.length < 1 || data.length > 255) throw new LayoutError(`server_name: length ${data.length}`);
  try {
    const name = decoder.decode(data);
    if (name === name.toLowerCase()) return name;
  } catch (error) {
    throw new LayoutError("server_name: not UTF-8", { cause: error });
  }
  throw new LayoutError("server_name: not in lower case");
}

function decodeClientAuth(data: Uint8Array): ClientAuthRequest {
  const reader = new Reader(data);
  const level = LEVELS[reader.u8("client_auth level")];
  const algorithms = reader.v8("client_auth algorithms", 0, MAX_ALGORITHMS).slice();
  reader.end("client_auth");
  if (level === undefined) throw new LayoutError("client_auth: unknown level");
  if ((level === "none") !== (algorithms.length === 0))
    throw new LayoutError("client_auth: level and algorithms");
  if (new Set(algorithms).size !== algorithms.length) throw new LayoutError("client_auth: algorithm twice");
  return { level, algorithms };
}
