/**
 * What SUB and XSUB share (RFC 29): topics go upstream to every publisher, and again to one that (re)connects. Each
 * subscription is sent, its end only when the topic was unsubscribed as often as subscribed.
 */
import { Distributor } from "../pipe/distribute.ts";
import { FairQueue } from "../pipe/fair-queue.ts";
import type { Pipe } from "../pipe/pipe.ts";
import { TopicCounts } from "../pipe/subscription-trie.ts";
import { SubscriptionChange } from "../wire/message.ts";
import { PatternBase } from "./base.ts";

/** See the head of this file. */
export abstract class Subscriber extends PatternBase {
  override readonly intercept = null;
  protected readonly incoming = new FairQueue();
  protected readonly peers = new Distributor();
  protected readonly topics = new TopicCounts();

  override get readable(): boolean {
    return this.incoming.readable;
  }

  /** Subscribes to messages whose first frame begins with `topic`; empty for all. */
  subscribe(topic: Buffer): void {
    this.topics.add(topic);
    this.#tell(new SubscriptionChange(true, Buffer.from(topic)));
  }

  /** Takes one {@link Subscriber.subscribe} back. One too many does nothing. */
  unsubscribe(topic: Buffer): void {
    if (this.topics.remove(topic)) this.#tell(new SubscriptionChange(false, Buffer.from(topic)));
  }

  override attach(pipe: Pipe): boolean {
    this.peers.attach(pipe);
    return true;
  }

  override connected(pipe: Pipe): boolean {
    for (const topic of this.topics.topics()) pipe.writeSubscription(new SubscriptionChange(true, topic));
    return true;
  }

  /** What is queued is out of date by the next connection, which begins with the whole set. */
  override disconnected(pipe: Pipe): void {
    pipe.forgetSubscriptions();
  }

  override detach(pipe: Pipe): void {
    this.peers.detach(pipe);
  }

  override onReadable(pipe: Pipe): void {
    this.incoming.add(pipe);
    this.host.onReadable();
  }

  #tell(change: SubscriptionChange): void {
    for (const pipe of this.peers) if (pipe.connected) pipe.writeSubscription(change);
  }
}
