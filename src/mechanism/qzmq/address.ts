/** Addresses and endpoints, as far as the mechanism looks at them. */

/** ::ffff:a.b.c.d, an IPv4 peer of a socket that listens on both (RFC 4291, section 2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** What limits by address go by: an IPv4 address, or the /64 of an IPv6 one; `null` for a peer without address. */
export function addressKey(address: string): string | null {
  if (address === "") return null;
  const mapped = MAPPED.exec(address);
  if (mapped) return mapped[1]!;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.replace(/%.*$/, "").toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? 0 : tail.split(":").length + (tail.includes(".") ? 1 : 0);
    const gap = 8 - groups.length - after;
    for (let i = 0; i < gap; i++) groups.push("0");
    if (tail !== "") groups.push(...tail.split(":"));
  }
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

/**
 * The host that an endpoint names, in lower case: of `tcp://host:port`, `tcp://[v6]:port`, `tcp://source;host:port`.
 * `null` for transports without one.
 */
export function endpointHost(endpoint: string): string | null {
  const match = /^tcp:\/\/(?:[^;]*;)?(?:\[([^\]]+)\]|([^:]+)):[^:]*$/.exec(endpoint);
  const host = match?.[1] ?? match?.[2];
  return host === undefined || host === "*" ? null : host.toLowerCase();
}
