/** What travels between a socket and its peers: messages, and changes of subscription. */

/** A message: one Buffer a frame, at least one. Shared by reference; nobody writes into a frame. */
export type Message = Buffer[];

/** A subscription made or withdrawn; a SUBSCRIBE or CANCEL command to 3.1 peers, a 01 or 00 message to 3.0 ones. */
export class SubscriptionChange {
  readonly subscribe: boolean;
  /** The prefix; empty for everything. */
  readonly topic: Buffer;

  constructor(subscribe: boolean, topic: Buffer) {
    this.subscribe = subscribe;
    this.topic = topic;
  }
}

/** What a pipe carries. */
export type PipeItem = Message | SubscriptionChange;
