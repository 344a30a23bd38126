/**
 * REQ (RFC 28): a request to one peer in turn, then the reply of that peer and of no other, then the next request.
 *
 *     request on the wire  = [request-id(4)] empty-frame body     request-id only with ZMQ_REQ_CORRELATE
 *
 * A reply is judged when it comes in: it is the one awaited, or it is dropped. So nothing stale is ever queued, and
 * `readable` is exact. A request that is lost with its peer stays unanswered, as in libzmq; `relaxed` is the way out.
 */
import { UsageError } from "../errors.ts";
import { LoadBalancer } from "../pipe/load-balance.ts";
import type { Pipe } from "../pipe/pipe.ts";
import type { Message } from "../wire/message.ts";
import { EMPTY_FRAME, PatternBase } from "./base.ts";

type State =
  | { readonly name: "idle" }
  | { readonly name: "asked"; readonly peer: Pipe; readonly requestId: Buffer | null }
  | { readonly name: "answered"; readonly reply: Message };

const IDLE: State = { name: "idle" };

/** See the head of this file. */
export class Req extends PatternBase {
  readonly type = "REQ";
  override readonly intercept = (pipe: Pipe, message: Message): boolean => this.#judge(pipe, message);
  readonly #peers = new LoadBalancer();
  #state: State = IDLE;
  #lastRequestId = 0;

  override get readable(): boolean {
    return this.#state.name === "answered";
  }

  override get writable(): boolean {
    return (this.#state.name === "idle" || this.settings.relaxed) && this.#peers.writable;
  }

  override attach(pipe: Pipe): boolean {
    this.#peers.attach(pipe);
    if (!pipe.connected) this.host.onWritable();
    return true;
  }

  override connected(pipe: Pipe): boolean {
    this.probe(pipe);
    this.host.onWritable();
    return true;
  }

  override detach(pipe: Pipe): void {
    this.#peers.detach(pipe);
  }

  override send(message: Message): boolean {
    if (this.#state.name !== "idle" && !this.settings.relaxed) throw new UsageError("EFSM");
    const peer = this.#peers.next();
    if (peer === undefined) return false;
    const requestId = this.settings.correlate ? this.#nextRequestId() : null;
    // Before the write: over inproc the reply may come from within it.
    this.#state = { name: "asked", peer, requestId };
    return peer.write(requestId === null ? [EMPTY_FRAME, ...message] : [requestId, EMPTY_FRAME, ...message]);
  }

  override receive(): Message | undefined {
    const state = this.#state;
    if (state.name === "idle") throw new UsageError("EFSM");
    if (state.name === "asked") return undefined;
    this.#state = IDLE;
    if (this.#peers.writable) this.host.onWritable();
    return state.reply;
  }

  override onWritable(pipe: Pipe): void {
    this.#peers.activate(pipe);
    this.host.onWritable();
  }

  /** Takes the reply that is awaited; drops it when its envelope is wrong, and anything else. */
  #judge(pipe: Pipe, message: Message): boolean {
    const state = this.#state;
    if (state.name !== "asked" || state.peer !== pipe) return true;
    const delimiter = state.requestId === null ? 0 : 1;
    if (message.length < delimiter + 2 || message[delimiter]!.length !== 0) return true;
    if (state.requestId !== null && !state.requestId.equals(message[0]!)) return true;
    this.#state = { name: "answered", reply: message.slice(delimiter + 1) };
    this.host.onReadable();
    return true;
  }

  #nextRequestId(): Buffer {
    this.#lastRequestId = (this.#lastRequestId + 1) >>> 0;
    const id = Buffer.alloc(4);
    id.writeUInt32BE(this.#lastRequestId);
    return id;
  }
}
