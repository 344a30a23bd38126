/**
 * A TCP connection with itself. Whoever keeps connecting to a local port on which nobody listens gets a different port
 * of its own at each attempt, and sooner or later that one: Linux then joins the socket to itself (RFC 9293, 3.5,
 * simultaneous open). All that is sent comes back, which a PAIR or DEALER takes for a peer, and whoever should listen
 * there finds the port in use.
 */
import type { Socket } from "node:net";

/** Cuts a just opened connection if it is one with itself; returns why, which is that nobody listens, or null. */
export function cutSelfConnection(socket: Socket): Error | null {
  const { localPort: port, localAddress: address } = socket;
  // A Unix socket has no port.
  if (port === undefined || port !== socket.remotePort || address !== socket.remoteAddress) return null;
  // A reset: after an orderly end the port would stay taken for a minute, in TIME_WAIT.
  socket.resetAndDestroy();
  const what = `connect ECONNREFUSED ${address}:${port}, which was connected to itself`;
  return Object.assign(new Error(what), { code: "ECONNREFUSED", syscall: "connect", address, port });
}
