/**
 * XSUB (RFC 29): as SUB, but unfiltered, and the application sends upstream. A message of one frame that begins with
 * 01 or 00 subscribes or unsubscribes the topic after it; any other goes to all publishers that have room.
 */
import type { Message } from "../wire/message.ts";
import { asSubscription } from "./publisher.ts";
import { Subscriber } from "./subscriber.ts";

/** See the head of this file. */
export class Xsub extends Subscriber {
  readonly type = "XSUB";

  override get writable(): boolean {
    return true;
  }

  override send(message: Message): boolean {
    const change = asSubscription(message);
    if (change === null) this.peers.sendToAll(message);
    else if (change.subscribe) this.subscribe(change.topic);
    else this.unsubscribe(change.topic);
    return true;
  }

  override receive(): Message | undefined {
    return this.incoming.next()?.read();
  }
}
