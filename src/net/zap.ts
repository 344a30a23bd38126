/**
 * The authorizer's client (RFC 27, ZAP): asks the handler that the application has bound to
 * `inproc://zeromq.zap.01`. Each request has a pipe of its own, so that a reply needs no guessing whom it is for.
 *
 *     request  "" "1.0" id domain address routing-id mechanism credential*
 *     reply    "" "1.0" id status text user-id metadata
 */
import { PeerError, type PeerErrorCode } from "../errors.ts";
import type { Authorization } from "../mechanism/mechanism.ts";
import { type Peer, Pipe, type PipeOwner, type PipeTransport } from "../pipe/pipe.ts";
import type { Message } from "../wire/message.ts";
import { decodeMetadata } from "../wire/metadata.ts";
import type { SocketType } from "../wire/socket-type.ts";
import type { InprocParty, InprocTable } from "./inproc.ts";

/** Where the handler is bound. */
export const ZAP_NAME = "zeromq.zap.01";

/** What the handler is asked. */
export interface ZapRequest {
  readonly mechanism: string;
  readonly domain: string;
  readonly enforceDomain: boolean;
  /** The peer's IP address; `""` for ipc. */
  readonly address: string;
  /** Our own routing id, as libzmq sends it: the peer's is not known yet. */
  readonly routingId: Buffer;
  readonly credentials: readonly Uint8Array[];
}

const ACCEPTED: Authorization = { status: 200, text: "", userId: "", metadata: new Map() };
/** As written: `2e2` and ` 200` are numbers too. */
const STATUSES: ReadonlyMap<string, Authorization["status"]> = new Map([
  ["200", 200],
  ["300", 300],
  ["400", 400],
  ["500", 500],
]);
const ONE_REPLY = { sendHighWaterMark: 0, receiveHighWaterMark: 1, conflate: false } as const;

/**
 * Asks the handler, or decides without one as libzmq does: NULL is only asked about when a domain is set, PLAIN is
 * always refused without a handler, others pass unless the domain is enforced. Calls `decided` once, maybe at once,
 * unless the returned function was called before: the peer has left.
 */
export function authorize(
  table: InprocTable,
  request: ZapRequest,
  requestId: string,
  decided: (decision: Authorization) => void,
): () => void {
  if (request.mechanism === "NULL" && request.domain === "") {
    decided(ACCEPTED);
  } else if (table.serves(ZAP_NAME, "REQ")) {
    const inquiry = new Inquiry(table, request, requestId, decided);
    inquiry.start();
    return () => inquiry.cancel();
  } else if (request.mechanism === "PLAIN" || request.enforceDomain) {
    decided({ status: 400, text: "No authorizer is bound", userId: "", metadata: new Map() });
  } else {
    decided(ACCEPTED);
  }
  return () => {};
}

class Inquiry implements InprocParty, PipeOwner {
  readonly socketType: SocketType = "REQ";
  readonly routingId = Buffer.alloc(0);
  readonly intercept = null;
  readonly #table: InprocTable;
  readonly #request: ZapRequest;
  readonly #id: string;
  readonly #pipe: Pipe;
  #decided: ((decision: Authorization) => void) | null;

  constructor(
    table: InprocTable,
    request: ZapRequest,
    id: string,
    decided: (decision: Authorization) => void,
  ) {
    this.#table = table;
    this.#request = request;
    this.#id = id;
    this.#decided = decided;
    this.#pipe = new Pipe(this, ONE_REPLY);
  }

  start(): void {
    const { domain, address, routingId, mechanism, credentials } = this.#request;
    const texts = ["", "1.0", this.#id, domain, address].map((text) => Buffer.from(text));
    const message: Message = [...texts, routingId, Buffer.from(mechanism)];
    for (const credential of credentials) message.push(Buffer.from(credential));
    this.#pipe.write(message);
    this.#table.connect(ZAP_NAME, this);
  }

  /** Nobody waits for the decision any more. The handler may still read the request. */
  cancel(): void {
    if (this.#decided === null) return;
    this.#decided = null;
    this.#table.disconnect(ZAP_NAME, this);
  }

  join(transport: PipeTransport, peer: Peer): Pipe {
    this.#pipe.attach(transport, peer);
    return this.#pipe;
  }

  joined(): void {}

  left(): void {
    this.#finish({ status: 300, text: "The authorizer is gone", userId: "", metadata: new Map() });
  }

  onReadable(pipe: Pipe): void {
    const reply = pipe.read();
    if (reply !== undefined) this.#finish(this.#parse(reply));
  }

  onWritable(): void {}

  onSubscription(): boolean {
    return true;
  }

  #finish(decision: Authorization): void {
    const decided = this.#decided;
    if (decided === null) return;
    this.#decided = null;
    // Later: this may run within the handler's own send.
    process.nextTick(() => {
      this.#table.disconnect(ZAP_NAME, this);
      decided(decision);
    });
  }

  #parse(reply: Message): Authorization {
    const [delimiter, version, id, status, text, userId, metadata] = reply;
    if (reply.length !== 7 || delimiter!.length !== 0) return broken("ERR_ZAP_MALFORMED_REPLY");
    if (version!.toString("latin1") !== "1.0") return broken("ERR_ZAP_BAD_VERSION");
    if (id!.toString("latin1") !== this.#id) return broken("ERR_ZAP_BAD_REQUEST_ID");
    const code = STATUSES.get(status!.toString("latin1"));
    if (code === undefined) return broken("ERR_ZAP_INVALID_STATUS_CODE");
    try {
      return {
        status: code,
        text: text!.toString(),
        userId: userId!.toString(),
        metadata: decodeMetadata(metadata!),
      };
    } catch (error) {
      if (error instanceof PeerError) return broken("ERR_ZAP_INVALID_METADATA");
      throw error;
    }
  }
}

/** The handler answered nonsense: the peer is refused, and the event names the fault. */
function broken(code: PeerErrorCode): Authorization {
  const error = new PeerError(code, "ZAP protocol error");
  return { status: 500, text: error.message, userId: "", metadata: new Map(), error };
}
