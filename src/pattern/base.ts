/** What all patterns share: a socket that neither sends nor receives. Each type overrides what it can do. */
import { UsageError } from "../errors.ts";
import type { Pipe, PipeOwner } from "../pipe/pipe.ts";
import type { Message, SubscriptionChange } from "../wire/message.ts";
import type { SocketType } from "../wire/socket-type.ts";
import type { Pattern, PatternHost, PatternSettings } from "./pattern.ts";

/** The frame without octets: envelope delimiter and probe. */
export const EMPTY_FRAME: Buffer = Buffer.alloc(0);

/** See the head of this file. */
export abstract class PatternBase implements Pattern {
  abstract readonly type: SocketType;
  /** Drops whatever comes in, lest a peer fill a queue that nobody reads; null in types that queue messages. */
  readonly intercept: PipeOwner["intercept"] = discard;
  protected readonly settings: PatternSettings;
  protected readonly host: PatternHost;

  constructor(settings: PatternSettings, host: PatternHost) {
    this.settings = settings;
    this.host = host;
  }

  get readable(): boolean {
    return false;
  }

  get writable(): boolean {
    return false;
  }

  attach(_pipe: Pipe): boolean {
    return true;
  }

  connected(_pipe: Pipe): boolean {
    return true;
  }

  disconnected(_pipe: Pipe): void {}

  detach(_pipe: Pipe): void {}

  send(_message: Message): boolean {
    throw new UsageError("ENOTSUP");
  }

  receive(): Message | undefined {
    throw new UsageError("ENOTSUP");
  }

  onReadable(_pipe: Pipe): void {}

  onWritable(_pipe: Pipe): void {}

  /** Subscriptions mean nothing outside publishers, and harm nobody. */
  onSubscription(_pipe: Pipe, _change: SubscriptionChange): boolean {
    return true;
  }

  /** ZMQ_PROBE_ROUTER: one empty message tells a ROUTER peer our routing id, before anything else is sent. */
  protected probe(pipe: Pipe): void {
    if (this.settings.probeRouter) pipe.writeAhead([EMPTY_FRAME]);
  }
}

function discard(): boolean {
  return true;
}
