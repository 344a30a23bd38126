/**
 * What an operator sees of a running tunnel: the JSON of `/qzmq/status`, and what the page and the metrics are made
 * from. Plain values only, none of them secret; times are Unix milliseconds.
 */

/**
 * How far a link has moved to post-quantum security. 1: beside the old link. 2: the same, and whoever still uses the
 * old link is reported. 3: only pq-only suites on the secured leg. 4: the old link is refused.
 */
export type Phase = 1 | 2 | 3 | 4;

/** One connection through a link: a plain leg and a secured one. */
export interface ConnectionStatus {
  /** Counts up from 1 within the link. */
  readonly id: number;
  readonly since: number;
  /** Socket type of the program on this side, such as "DEALER"; "" before it said so. */
  readonly socketType: string;
  /** The secured leg's facts, empty before its handshake is done. */
  readonly suite: string;
  readonly mode: string;
  /** The peer's identity as the trust settings name it; "" when anonymous. */
  readonly peer: string;
  readonly epoch: number;
  readonly resumed: boolean;
  /** Towards the secured leg, and from it. */
  readonly messagesOut: number;
  readonly messagesIn: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Messages held between the two legs now. */
  readonly queued: number;
}

/** One link of a tunnel. */
export interface LinkStatus {
  readonly name: string;
  /** `client`: plain in, secured out. `server`: secured in, plain out. */
  readonly side: "client" | "server";
  /** Endpoints, wildcards resolved. */
  readonly listen: string;
  readonly connect: string;
  readonly phase: Phase;
  /** `listening`, or why not. */
  readonly state: string;
  /** What is accepted in this phase, for people. */
  readonly accepts: string;
  readonly connections: readonly ConnectionStatus[];
  /** Since the link began. */
  readonly opened: number;
  readonly failed: number;
  /** Closed at once, because there were too many. */
  readonly refused: number;
  /** Of all its connections since the link began, those that are over included. */
  readonly messagesOut: number;
  readonly messagesIn: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Where the old link is forwarded from, wildcards resolved; null when there is none. */
  readonly oldListen: string | null;
  /** Uses of the old link: accepted so far, open now, and refused so far. */
  readonly oldAccepted: number;
  readonly oldOpen: number;
  readonly oldRefused: number;
  /** The last failure, for people; "" for none. */
  readonly lastError: string;
}

/** Sums over all links. */
export interface Totals {
  readonly links: number;
  /** Links that are listening. */
  readonly listening: number;
  /** Open now, and since the links began. */
  readonly connections: number;
  readonly opened: number;
  readonly failed: number;
  readonly refused: number;
  readonly queued: number;
  readonly oldOpen: number;
  readonly oldAccepted: number;
  readonly oldRefused: number;
}

/** All that `/qzmq/status` says. */
export interface ServiceStatus {
  readonly name: string;
  readonly version: string;
  /** Version of Node.js. */
  readonly node: string;
  readonly pid: number;
  /** When the process began. */
  readonly started: number;
  readonly configuration: {
    /** Path of the file; "" when there is none. */
    readonly file: string;
    /** When it came into force. */
    readonly loaded: number;
    /** Why a later one was refused, for people; "" when none was. */
    readonly error: string;
  };
  /** Whether the secrets of the connections are written to a file (spec/operation/keylog.md). */
  readonly keyLog: boolean;
  readonly links: readonly LinkStatus[];
  readonly totals: Totals;
}

/** The `state` of a link that takes connections. */
export const LISTENING = "listening";

/** Adds up. */
export function totalsOf(links: readonly LinkStatus[]): Totals {
  const sum = (of: (link: LinkStatus) => number) => links.reduce((total, link) => total + of(link), 0);
  return {
    links: links.length,
    listening: sum(({ state }) => (state === LISTENING ? 1 : 0)),
    connections: sum(({ connections }) => connections.length),
    opened: sum(({ opened }) => opened),
    failed: sum(({ failed }) => failed),
    refused: sum(({ refused }) => refused),
    queued: sum(({ connections }) => connections.reduce((total, { queued }) => total + queued, 0)),
    oldOpen: sum(({ oldOpen }) => oldOpen),
    oldAccepted: sum(({ oldAccepted }) => oldAccepted),
    oldRefused: sum(({ oldRefused }) => oldRefused),
  };
}

/** Why the service is not ready, one line for each link that does not listen; empty when it is. */
export function unreadiness(links: readonly LinkStatus[]): string[] {
  return links.filter(({ state }) => state !== LISTENING).map(({ name, state }) => `${name}: ${state}`);
}
