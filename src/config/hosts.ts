/** Where endpoints lead: on this machine or beyond it, and to which other endpoint. */
import { type Endpoint, type HostPort, parseEndpoint } from "../net/endpoint.ts";

const WILD = ["*", "0.0.0.0", "::"];

/** Whether an address is this machine's own, out of reach for others. */
export function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:/, "");
  return plain === "localhost" || plain === "::1" || /^127\.\d+\.\d+\.\d+$/.test(plain);
}

/** Whether nobody outside this machine can reach, or be reached by, a checked endpoint. */
export function staysHere(address: string, use: "bind" | "connect"): boolean {
  const endpoint = parseEndpoint(address, use);
  return endpoint.transport !== "tcp" || isLoopback(endpoint.target.host);
}

/** Whether only one of two endpoints can be listened on at a time. */
export function collide(a: string, b: string): boolean {
  const [first, second] = [parseEndpoint(a, "bind"), parseEndpoint(b, "bind")];
  if (first.transport === "tcp" && second.transport === "tcp") {
    const [x, y] = [first.target, second.target];
    return (
      x.port !== 0 && x.port === y.port && (WILD.includes(x.host) || WILD.includes(y.host) || sameHost(x, y))
    );
  }
  return samePath(first, second);
}

/** Whether whoever connects to `connect` reaches the listener of `listen`, as far as the text tells. */
export function reaches(connect: string, listen: string): boolean {
  const [from, to] = [parseEndpoint(connect, "connect"), parseEndpoint(listen, "bind")];
  if (from.transport === "tcp" && to.transport === "tcp") {
    const [x, y] = [from.target, to.target];
    return x.port === y.port && (WILD.includes(y.host) ? isLoopback(x.host) : sameHost(x, y));
  }
  return samePath(from, to);
}

function sameHost(a: HostPort, b: HostPort): boolean {
  const plain = ({ host }: HostPort) => host.toLowerCase().replace(/^localhost$/, "127.0.0.1");
  return plain(a) === plain(b);
}

function samePath(a: Endpoint, b: Endpoint): boolean {
  return a.transport === "ipc" && b.transport === "ipc" && a.path !== "*" && a.path === b.path;
}
