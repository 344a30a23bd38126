/**
 * Channels of node:diagnostics_channel. They cost one property read per operation while nobody listens.
 *
 * - `qzmq:send`, `qzmq:receive`: `{ socket, message }`, once a message is queued or handed over
 * - `qzmq:<event>`, such as `qzmq:connect` or `qzmq:handshake`: `{ socket, event }`, each event of each socket
 */
import { type Channel, channel } from "node:diagnostics_channel";
import type { SocketEvent } from "./net/events.ts";

export const sendChannel: Channel = channel("qzmq:send");
export const receiveChannel: Channel = channel("qzmq:receive");

/** Publishes an event of `socket` on the channel that bears its name. */
export function publishEvent(socket: object, event: SocketEvent): void {
  const named = channel(`qzmq:${event.type}`);
  if (named.hasSubscribers) named.publish({ socket, event });
}
