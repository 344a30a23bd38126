/** Where a session leaves what comes in, and gets what is to go out. */
import type { PipeItem } from "../wire/message.ts";

/** What a session delivers to and takes from: a `Pipe`, or whatever plays its part. */
export interface SessionPipe {
  /** Items that the session has not taken yet. */
  readonly outboundLength: number;
  /** True while the session must not deliver. */
  readonly stalled: boolean;
  /** The session can take items again: hands it what is queued. */
  flush(): void;
  /** One item of the peer, always kept. False: no more until `Session.resume`. */
  deliver(item: PipeItem): boolean;
}
