/** PUB (RFC 29): publishes, and keeps subscriptions to itself. */
import type { Pipe } from "../pipe/pipe.ts";
import type { Holding } from "../pipe/subscription-trie.ts";
import type { SubscriptionChange } from "../wire/message.ts";
import { Publisher } from "./publisher.ts";

/** See the head of this file. */
export class Pub extends Publisher {
  readonly type = "PUB";

  protected held(pipe: Pipe): Holding {
    return this.subscriptions.held(pipe);
  }

  protected changed(pipe: Pipe, change: SubscriptionChange): boolean {
    if (change.subscribe) this.subscriptions.add(change.topic, pipe);
    else this.subscriptions.remove(change.topic, pipe);
    return true;
  }

  /** PUB discards what peers send upstream. */
  protected received(): boolean {
    return true;
  }

  protected forget(pipe: Pipe): void {
    this.subscriptions.removeAll(pipe, () => {});
  }
}
