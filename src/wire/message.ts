/** What travels between a socket and its peers: messages, and changes of subscription. */

/** A message: one Buffer a frame, at least one. Shared by reference; nobody writes into a frame. */
export type Message = Buffer[];

/** Longer frames are kept by reference: copying them costs more than it spares. zeromq.js draws the same line. */
const COPIED = 128;

const EARLY = Symbol("qzmq early");

/** Says of a message that it came as early data. */
export function markEarly(message: Message): void {
  Object.defineProperty(message, EARLY, { value: true });
}

/** Whether a message came as early data. */
export function isEarly(message: readonly unknown[]): boolean {
  return (message as { readonly [EARLY]?: true })[EARLY] === true;
}

/** Another array for the same message, marked as the first one is. */
export function inPlaceOf(message: Message, other: Message): Message {
  if (isEarly(message)) markEarly(other);
  return other;
}

function ownFrame(frame: Buffer): Buffer {
  return frame.length <= COPIED ? Buffer.from(frame) : frame;
}

/** The message for keeping: its own array, and copies of short frames, whose memory the sender may use again. */
export function ownMessage(message: Message): Message {
  return message.map(ownFrame);
}

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
