/**
 * Endpoints as users write them, parsed once:
 *
 *     tcp://host:port   host: IPv4, [IPv6], name, interface, or * (bind); port: number, or * or 0 (bind)
 *     tcp://source:port;host:port   connects from a given local address
 *     ipc://path   ipc://@abstract   ipc://* (bind: a path in the temporary folder)
 *     inproc://name
 */
import { isIP, isIPv6, type NetConnectOpts } from "node:net";
import { networkInterfaces } from "node:os";
import { UsageError } from "../errors.ts";

/** A host and a port; `host` is an IP address or a name, without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** A parsed endpoint. `address` is what the user wrote; a `path` of `*` asks for one in the temporary folder. */
export type Endpoint =
  | {
      readonly transport: "tcp";
      readonly address: string;
      readonly target: HostPort;
      readonly source: HostPort | null;
    }
  | { readonly transport: "ipc"; readonly address: string; readonly path: string }
  | { readonly transport: "inproc"; readonly address: string; readonly name: string };

/** An endpoint on which octets travel through the system. */
export type StreamEndpoint = Extract<Endpoint, { transport: "tcp" | "ipc" }>;

/** Octets that a Unix socket address can hold, the NUL apart (unix(7)). */
const MAX_PATH = 107;
/** Longest inproc name (libzmq: 256 with the protocol). */
const MAX_NAME = 255;

/**
 * Parses an endpoint for binding (`"bind"` allows wildcards) or connecting.
 * Throws {@link UsageError}: EINVAL for no endpoint at all, EPROTONOSUPPORT for a transport we do not have, ENAMETOOLONG.
 */
export function parseEndpoint(address: string, use: "bind" | "connect"): Endpoint {
  const match = /^([a-zA-Z0-9+.-]+):\/\/(.+)$/s.exec(address);
  if (match === null) throw new UsageError("EINVAL", undefined, address);
  const [, transport, rest] = match as unknown as [string, string, string];
  switch (transport) {
    case "tcp":
      return parseTcp(address, rest, use);
    case "ipc":
      return { transport, address, path: parsePath(address, rest, use) };
    case "inproc":
      if (Buffer.byteLength(rest) > MAX_NAME) throw new UsageError("ENAMETOOLONG", undefined, address);
      return { transport, address, name: rest };
    default:
      throw new UsageError("EPROTONOSUPPORT", undefined, address);
  }
}

/** Whether a text is an IPv4 or IPv6 address. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}

/** Writes a bound tcp address the way `lastEndpoint` shows it. */
export function formatTcp(host: string, port: number): string {
  return isIPv6(host) ? `tcp://[${host}]:${port}` : `tcp://${host}:${port}`;
}

/** The path as node:net wants it: a leading `@` means Linux's abstract namespace. */
export function socketPath(path: string): string {
  return path.startsWith("@") ? `\0${path.slice(1)}` : path;
}

/** As {@link parseEndpoint}, for what runs between processes: throws EPROTONOSUPPORT for inproc. */
export function parseStreamEndpoint(address: string, use: "bind" | "connect"): StreamEndpoint {
  const endpoint = parseEndpoint(address, use);
  if (endpoint.transport === "inproc") throw new UsageError("EPROTONOSUPPORT", undefined, address);
  return endpoint;
}

/** How node:net connects to an endpoint; names resolve to IPv4 addresses unless `ipv6`. */
export function connectOptions(endpoint: StreamEndpoint, ipv6: boolean): NetConnectOpts {
  if (endpoint.transport === "ipc") return { path: socketPath(endpoint.path) };
  const { target, source } = endpoint;
  return {
    host: target.host,
    port: target.port,
    noDelay: true,
    ...(ipv6 || isIPv6(target.host) ? {} : { family: 4 }),
    ...(source === null
      ? {}
      : { localAddress: source.host, ...(source.port > 0 ? { localPort: source.port } : {}) }),
  };
}

function parseTcp(address: string, rest: string, use: "bind" | "connect"): Endpoint {
  const parts = rest.split(";");
  if (parts.length > (use === "connect" ? 2 : 1)) throw new UsageError("EINVAL", undefined, address);
  const target = parseHostPort(address, parts.at(-1)!, use);
  const source = parts.length === 2 ? parseHostPort(address, parts[0]!, "bind") : null;
  return { transport: "tcp", address, target, source };
}

function parseHostPort(address: string, text: string, use: "bind" | "connect"): HostPort {
  const colon = text.lastIndexOf(":");
  const name = text.slice(0, colon);
  const digits = text.slice(colon + 1);
  const wild = use === "bind" && (digits === "*" || digits === "0");
  const port = wild ? 0 : Number(digits);
  const bracketed = /^\[(.*)\]$/.exec(name)?.[1];
  const host = bracketed ?? name;
  const valid =
    colon > 0 &&
    (wild || (/^\d{1,5}$/.test(digits) && port > 0 && port <= 65_535)) &&
    (bracketed === undefined ? /^[^\s:[\]/]+$/.test(host) : isIPv6(host.replace(/%.*$/, ""))) &&
    (host !== "*" || use === "bind");
  if (!valid) throw new UsageError("EINVAL", undefined, address);
  return { host: use === "bind" ? localAddress(address, host) : host, port };
}

/** An interface's name stands for its first address when binding. */
function localAddress(address: string, host: string): string {
  if (host === "*" || isIP(host) !== 0) return host;
  const found =
    networkInterfaces()[host]?.find((entry) => entry.family === "IPv4") ?? networkInterfaces()[host]?.[0];
  if (found !== undefined) return found.address;
  // Neither an interface nor something that can be a host name.
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(host)) throw new UsageError("EINVAL", undefined, address);
  return host;
}

function parsePath(address: string, rest: string, use: "bind" | "connect"): string {
  if (rest === "*") {
    if (use === "connect") throw new UsageError("EINVAL", undefined, address);
    return rest;
  }
  if (Buffer.byteLength(rest) > MAX_PATH) throw new UsageError("ENAMETOOLONG", undefined, address);
  return rest;
}
