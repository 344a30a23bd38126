/** SUB (RFC 29): receives what it subscribed to, by fair queueing. */
import type { Message } from "../wire/message.ts";
import { Subscriber } from "./subscriber.ts";

/** Filters what it reads once more: the publisher may not have heard of the latest changes, or may not filter. */
export class Sub extends Subscriber {
  readonly type = "SUB";
  /** Found by `readable`, not handed out yet. */
  #found: Message | undefined = undefined;

  override get readable(): boolean {
    this.#found ??= this.#find();
    return this.#found !== undefined;
  }

  override receive(): Message | undefined {
    const found = this.#found ?? this.#find();
    this.#found = undefined;
    return found;
  }

  #find(): Message | undefined {
    for (let pipe = this.incoming.next(); pipe !== undefined; pipe = this.incoming.next()) {
      const message = pipe.read()!;
      if (this.topics.matches(message[0]!) !== this.settings.invertMatching) return message;
    }
    return undefined;
  }
}
