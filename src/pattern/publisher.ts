/**
 * What PUB and XPUB share (RFC 29): each message goes to the peers that hold a topic with which its first frame
 * begins. Subscriptions come as SUBSCRIBE and CANCEL commands (ZMTP 3.1) or as messages of one frame that begins with
 * 01 or 00 (ZMTP 3.0), from any peer in either style. A message of several frames is never a subscription (RFC 23,
 * "subscribe"): read frame by frame, it would let data be taken for topics.
 */
import { PeerError } from "../errors.ts";
import { Distributor } from "../pipe/distribute.ts";
import type { Pipe } from "../pipe/pipe.ts";
import { type Holding, TopicTable } from "../pipe/subscription-trie.ts";
import { type Message, SubscriptionChange } from "../wire/message.ts";
import { PatternBase } from "./base.ts";

/** The change of subscription that a message is, or null when it is none. The topic is a view. */
export function asSubscription(message: Message): SubscriptionChange | null {
  const frame = message[0]!;
  if (message.length !== 1 || frame.length === 0 || frame[0]! > 1) return null;
  return new SubscriptionChange(frame[0] === 1, frame.subarray(1));
}

/** See the head of this file. */
export abstract class Publisher extends PatternBase {
  override readonly intercept = (pipe: Pipe, message: Message): boolean => {
    const change = asSubscription(message);
    const goOn = change === null ? this.received(pipe, message) : this.onSubscription(pipe, change);
    if (!goOn) pipe.stall();
    return true;
  };
  protected readonly peers = new Distributor();
  /** Who gets which topics. */
  protected readonly subscriptions = new TopicTable<Pipe>();

  /** Publishers lose messages rather than block; with `noDrop` it takes a message to find out. */
  override get writable(): boolean {
    return true;
  }

  override connected(pipe: Pipe): boolean {
    this.peers.attach(pipe);
    return true;
  }

  /** Its subscriptions end with the connection: the peer makes them anew on the next one. */
  override disconnected(pipe: Pipe): void {
    this.detach(pipe);
  }

  override detach(pipe: Pipe): void {
    this.peers.detach(pipe);
    this.forget(pipe);
    this.host.onWritable();
  }

  override send(message: Message): boolean {
    return this.peers.sendToMatching(message, this.subscriptions, this.settings);
  }

  override onWritable(_pipe: Pipe): void {
    this.host.onWritable();
  }

  /** A peer that holds more than the settings allow is cut off. */
  override onSubscription(pipe: Pipe, change: SubscriptionChange): boolean {
    const { maxSubscriptions, maxTopicLength, maxTopicOctets } = this.settings;
    if (change.topic.length <= maxTopicLength) {
      const goOn = this.changed(pipe, change);
      const { topics, octets } = this.held(pipe);
      if (topics <= maxSubscriptions && octets <= maxTopicOctets) return goOn;
    }
    pipe.terminate(
      new PeerError(
        "ERR_ZMTP_TOO_MANY_SUBSCRIPTIONS",
        `At most ${maxSubscriptions} topics of ${maxTopicLength} octets, ${maxTopicOctets} in all, are accepted`,
      ),
    );
    return false;
  }

  /** What this peer has subscribed to. */
  protected abstract held(pipe: Pipe): Holding;
  /** A peer subscribes or cancels. False: no more from this pipe until it is resumed. */
  protected abstract changed(pipe: Pipe, change: SubscriptionChange): boolean;
  /** A message that is no subscription. False as above. */
  protected abstract received(pipe: Pipe, message: Message): boolean;
  /** The connection of a pipe is over: drops its subscriptions. */
  protected abstract forget(pipe: Pipe): void;
}
