/** Socket types: their names on the wire, their numbers in libzmq's API, and which may talk to which. */

/** Socket types of RFC 28, 29, 30 and 31, as property `Socket-Type` spells them. */
export type SocketType =
  | "PAIR"
  | "PUB"
  | "SUB"
  | "REQ"
  | "REP"
  | "DEALER"
  | "ROUTER"
  | "PULL"
  | "PUSH"
  | "XPUB"
  | "XSUB";

/** libzmq's numbers (zmq.h), which zeromq.js shows as `socket.type`. */
export const SOCKET_TYPE_NUMBER: Readonly<Record<SocketType, number>> = {
  PAIR: 0,
  PUB: 1,
  SUB: 2,
  REQ: 3,
  REP: 4,
  DEALER: 5,
  ROUTER: 6,
  PULL: 7,
  PUSH: 8,
  XPUB: 9,
  XSUB: 10,
};

/** RFC 37, "Socket-Type": the peers each type accepts. */
const PEERS: Readonly<Record<SocketType, readonly string[]>> = {
  PAIR: ["PAIR"],
  PUB: ["SUB", "XSUB"],
  SUB: ["PUB", "XPUB"],
  REQ: ["REP", "ROUTER"],
  REP: ["REQ", "DEALER"],
  DEALER: ["REP", "DEALER", "ROUTER"],
  ROUTER: ["REQ", "DEALER", "ROUTER"],
  PULL: ["PUSH"],
  PUSH: ["PULL"],
  XPUB: ["SUB", "XSUB"],
  XSUB: ["PUB", "XPUB"],
};

/** True for the name of a socket type, as property `Socket-Type` spells it. */
export function isSocketType(name: string): name is SocketType {
  return Object.hasOwn(PEERS, name);
}

/** True when a socket of type `own` may talk to a peer that calls itself `peer`. */
export function isCompatible(own: SocketType, peer: string): boolean {
  return PEERS[own].includes(peer);
}

/** Types that announce property `Identity`, even an empty one (RFC 37; libzmq does the same). */
export function announcesIdentity(own: SocketType): boolean {
  return own === "REQ" || own === "DEALER" || own === "ROUTER";
}
