/**
 * The names of zeromq.js 6, without QZMQ and the cryptography it needs: quick to load. Its classes are those of the
 * main entry, so that a socket made here takes the `security` made there.
 */
import { nativeClass } from "./arguments.ts";
import { Context as ContextClass } from "./context.ts";
import { Observer as ObserverClass } from "./observer.ts";
import { Proxy as ProxyClass } from "./proxy.ts";
import { Socket as SocketClass } from "./socket.ts";

export { capability, version } from "./capability.ts";
export { type ContextOptions, context } from "./context.ts";
export { curveKeyPair } from "./curve-keys.ts";
export type { AuthError, Event, EventOfType, EventType, ProtoError } from "./event-types.ts";
export type { EventSubscriber } from "./observer.ts";
export type { OperationOptions } from "./operation.ts";
export type { SecurityOptions } from "./options.ts";
export type { MessageLike } from "./outgoing.ts";
export {
  Dealer,
  type Message,
  Pair,
  Publisher,
  Pull,
  Push,
  type Readable,
  Reply,
  Request,
  Router,
  type RouterConnectOptions,
  type SocketOptions,
  Stream,
  type StreamConnectOptions,
  Subscriber,
  type Writable,
  XPublisher,
  XSubscriber,
} from "./socket-types.ts";

export const Context: typeof ContextClass = nativeClass(ContextClass);
export type Context = ContextClass;

export const Socket: typeof SocketClass = nativeClass(SocketClass);
export type Socket = SocketClass;

export const Observer: typeof ObserverClass = nativeClass(ObserverClass);
export type Observer = ObserverClass;

// biome-ignore lint/suspicious/noShadowRestrictedNames: zeromq.js's name
export const Proxy: typeof ProxyClass = nativeClass(ProxyClass);
export type Proxy<F extends Socket = Socket, B extends Socket = Socket> = ProxyClass<F, B>;
