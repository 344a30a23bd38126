/** What a link has to report, for log lines. Plain values, none of them secret; texts for people. */

/** Which of a connection's two legs. */
export type LegName = "plain" | "secured";

/** See the head of this file. `id` is that of {@link ConnectionStatus}. */
export type LinkEvent =
  /** Both legs of a connection have shaken hands: traffic flows. */
  | {
      readonly type: "opened";
      readonly id: number;
      /** Of the program on this side, such as "DEALER". */
      readonly socketType: string;
      /** What the secured leg negotiated: suite, mode, peer, epoch, resumed and so on. */
      readonly facts: Readonly<Record<string, unknown>>;
    }
  /** An opened connection is over. `leg` ended first; `error` says why, null for an orderly end. */
  | { readonly type: "closed"; readonly id: number; readonly leg: LegName; readonly error: Error | null }
  /** A connection ended before it was opened: `leg` could not be connected, or its handshake failed. */
  | {
      readonly type: "failed";
      readonly id: number;
      readonly leg: LegName;
      readonly error: Error;
      /** So many failures since the last that was reported, this one included. */
      readonly times: number;
    }
  /** A connection was closed at once: there are `maxConnections` already. */
  | { readonly type: "refused"; readonly times: number }
  /** Somebody uses the link that this one replaces (phases 2 and 3). `peer` is where from: "address:port", "" for ipc. */
  | { readonly type: "old:opened"; readonly peer: string }
  | { readonly type: "old:closed"; readonly peer: string; readonly error: Error | null }
  /** The old link is closed (phase 4), or full: the connection was closed at once. */
  | { readonly type: "old:refused"; readonly peer: string; readonly times: number }
  /** The system would not accept a connection (too many open files, for one). */
  | { readonly type: "accept:error"; readonly error: Error };
