/**
 * XPUB (RFC 29): publishes, and shows the application its peers' subscriptions and messages. A subscription reads as
 * a frame of 01 and the topic, its end as 00 and the topic, whichever way the peer sent it.
 *
 * Shown are the first subscription to a topic and the end of the last one; with `verbosity` "allSubs" every
 * subscription, with "allSubsUnsubs" every end too. With `manual` all are shown and none is in force: the application
 * subscribes the peer whose notification it has read last. A peer that vanishes ends its subscriptions.
 */
import { Queue } from "../bytes/queue.ts";
import type { Pipe } from "../pipe/pipe.ts";
import { type Holding, TopicTable } from "../pipe/subscription-trie.ts";
import type { Message, SubscriptionChange } from "../wire/message.ts";
import { asSubscription, Publisher } from "./publisher.ts";

/** Unread notices of one peer beyond which it is read no further. */
const MAX_UNREAD_OF_PEER = 1_000;
/** Unread notices in all, of vanished peers mostly; beyond it the oldest are lost, for nobody seems to read them. */
const MAX_UNREAD = 100_000;

interface Notice {
  readonly message: Message;
  /** Null when it tells of a peer that has vanished. */
  readonly pipe: Pipe | null;
}

/** See the head of this file. */
export class Xpub extends Publisher {
  readonly type = "XPUB";
  readonly #unread = new Queue<Notice>();
  readonly #unreadOf = new Map<Pipe, number>();
  /** With `manual`: what the peers asked for, which need not be what they got. */
  readonly #asked = new TopicTable<Pipe>();
  #lastRead: Pipe | null = null;

  override get readable(): boolean {
    return this.#unread.length > 0;
  }

  override connected(pipe: Pipe): boolean {
    const { welcomeMessage } = this.settings;
    if (welcomeMessage !== null) pipe.writeAhead([welcomeMessage]);
    return super.connected(pipe);
  }

  override receive(): Message | undefined {
    const notice = this.#shift();
    if (notice === undefined) return undefined;
    const { message, pipe } = notice;
    if (asSubscription(message) !== null)
      this.#lastRead = pipe !== null && this.peers.has(pipe) ? pipe : null;
    return message;
  }

  /** With `manual`: subscribes the peer whose notice was read last. Nothing happens when it is gone. */
  subscribe(topic: Buffer): void {
    if (this.#lastRead !== null) this.subscriptions.add(topic, this.#lastRead);
  }

  /** The opposite of {@link Xpub.subscribe}. */
  unsubscribe(topic: Buffer): void {
    if (this.#lastRead !== null) this.subscriptions.remove(topic, this.#lastRead);
  }

  protected held(pipe: Pipe): Holding {
    return (this.settings.manual ? this.#asked : this.subscriptions).held(pipe);
  }

  protected changed(pipe: Pipe, change: SubscriptionChange): boolean {
    const { manual, verbosity } = this.settings;
    const table = manual ? this.#asked : this.subscriptions;
    let shown = manual;
    if (change.subscribe) shown = table.add(change.topic, pipe) || shown || verbosity !== null;
    else shown = table.remove(change.topic, pipe) || shown || verbosity === "allSubsUnsubs";
    return !shown || this.#show(notification(change.subscribe, change.topic), pipe);
  }

  protected received(pipe: Pipe, message: Message): boolean {
    return this.#show(message, pipe);
  }

  protected forget(pipe: Pipe): void {
    if (this.#lastRead === pipe) this.#lastRead = null;
    const { manual, verbosity } = this.settings;
    this.#asked.removeAll(pipe, (topic) => {
      if (manual) this.#show(notification(false, topic.key()), null);
    });
    this.subscriptions.removeAll(pipe, (topic, isLast) => {
      if (!manual && (isLast || verbosity === "allSubsUnsubs"))
        this.#show(notification(false, topic.key()), null);
    });
  }

  /** Queues a notice. False when its peer has enough of them waiting. */
  #show(message: Message, pipe: Pipe | null): boolean {
    if (this.#unread.length === MAX_UNREAD) this.#shift();
    this.#unread.push({ message, pipe });
    const unread = pipe === null ? 0 : (this.#unreadOf.get(pipe) ?? 0) + 1;
    if (pipe !== null) this.#unreadOf.set(pipe, unread);
    this.host.onReadable();
    return unread < MAX_UNREAD_OF_PEER;
  }

  #shift(): Notice | undefined {
    const notice = this.#unread.shift();
    const pipe = notice?.pipe;
    if (pipe == null) return notice;
    const unread = this.#unreadOf.get(pipe)! - 1;
    if (unread === 0) this.#unreadOf.delete(pipe);
    else this.#unreadOf.set(pipe, unread);
    if (unread <= MAX_UNREAD_OF_PEER / 2) pipe.resume();
    return notice;
  }
}

function notification(subscribe: boolean, topic: Buffer): Message {
  const frame = Buffer.allocUnsafe(topic.length + 1);
  frame[0] = subscribe ? 1 : 0;
  frame.set(topic, 1);
  return [frame];
}
