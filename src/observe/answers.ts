/** What is answered to each request, and to whom: never to a page of another site whose name was pointed at us. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { CONTENT_TYPE } from "../metrics/exposition.ts";
import { Kept } from "./kept.ts";
import { PAGE, pagePolicy } from "./page.ts";
import type { ServiceStatus } from "./status.ts";

/** What the answers are made from; see `StatusServerOptions`. */
export interface AnswersOptions {
  /** Names and addresses that the Host header may give, beside those of the loopback. */
  readonly hosts: readonly string[];
  readonly status: () => ServiceStatus;
  readonly metrics: () => string;
  readonly ready: () => readonly string[];
  readonly onError?: (error: unknown) => void;
}

/** Paths that are served, and what for. */
export const ENDPOINTS = {
  "/qzmq/status": "Status as JSON, or as a page when the client prefers HTML.",
  "/qzmq/metrics": "Metrics for Prometheus.",
  "/healthz": "200 as long as the process answers.",
  "/readyz": "200 when every link listens, else 503 with the reasons.",
} as const;

interface Reply {
  readonly code: number;
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/** Nothing that is served may be framed, sniffed, kept, or read by another site. */
const HEADERS = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

/** See the head of this file. */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #hosts: ReadonlySet<string>;
  readonly #pagePolicy = pagePolicy();
  readonly #page = Buffer.from(PAGE);
  // As octets: a thousand answers that wait to be read hold one copy.
  readonly #status: Kept<Buffer>;
  readonly #metrics: Kept<Buffer>;
  readonly #ready: Kept<readonly string[]>;

  constructor(options: AnswersOptions) {
    this.#options = options;
    this.#hosts = new Set([...LOOPBACK, ...options.hosts.map((host) => host.toLowerCase())]);
    this.#status = new Kept(() => Buffer.from(`${JSON.stringify(options.status(), null, 2)}\n`));
    this.#metrics = new Kept(() => Buffer.from(options.metrics()));
    this.#ready = new Kept(() => options.ready());
  }

  /** Answers with the headers above, and without a word of what the client sent. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const { code, type, body, headers } = this.#reply(request);
    const octets = typeof body === "string" ? Buffer.from(body) : body;
    response.writeHead(code, {
      ...HEADERS,
      ...{ "content-type": type, "content-length": octets.length },
      ...headers,
      // Nobody waits for the end of a body that nobody reads.
      ...(hasBody(request) ? { connection: "close" } : {}),
    });
    response.end(request.method === "HEAD" ? undefined : octets);
  }

  #reply(request: IncomingMessage): Reply {
    if (!this.#knows(request)) {
      return text(421, "This server is asked by its address or as localhost, and by no other name.\n");
    }
    const [path] = (request.url ?? "").split("?", 1);
    if (!Object.hasOwn(ENDPOINTS, path!)) {
      return text(404, `There is ${Object.keys(ENDPOINTS).join(", ")}.\n`);
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return { ...text(405, "Only GET and HEAD.\n"), headers: { allow: "GET, HEAD" } };
    }
    if (hasBody(request)) return text(400, "A request has no body here.\n");
    try {
      return this.#serve(path as keyof typeof ENDPOINTS, request.headers.accept ?? "");
    } catch (error) {
      this.#options.onError?.(error);
      return text(500, "This cannot be told now.\n");
    }
  }

  #serve(path: keyof typeof ENDPOINTS, accept: string): Reply {
    switch (path) {
      case "/qzmq/status": {
        const vary = { vary: "Accept" };
        if (prefersHtml(accept)) {
          const headers = { ...vary, "content-security-policy": this.#pagePolicy };
          return { code: 200, type: "text/html; charset=utf-8", body: this.#page, headers };
        }
        const type = "application/json; charset=utf-8";
        return { code: 200, type, body: this.#status.get(), headers: vary };
      }
      case "/qzmq/metrics":
        return { code: 200, type: CONTENT_TYPE, body: this.#metrics.get() };
      case "/healthz":
        return text(200, "ok\n");
      case "/readyz": {
        const reasons = this.#ready.get();
        return reasons.length === 0 ? text(200, "ready\n") : text(503, `${reasons.join("\n")}\n`);
      }
    }
  }

  /**
   * Whether the Host header is ours. A page of another site can have its own name point at this address (DNS
   * rebinding) and then ask us as its own server; but its name is what the browser puts here.
   */
  #knows({ headers, socket }: IncomingMessage): boolean {
    const host = hostOf(headers.host ?? "");
    return this.#hosts.has(host) || host === (socket.localAddress ?? "").replace(/^::ffff:/, "");
  }
}

function text(code: number, body: string): Reply {
  return { code, type: "text/plain; charset=utf-8", body };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || !["0", undefined].includes(headers["content-length"]);
}

/** The host without its port: "[::1]:8080" is "::1". */
export function hostOf(header: string): string {
  const [, v6, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(header.toLowerCase()) ?? [];
  return v6 ?? name ?? "";
}

/** Whether `text/html` is more welcome than JSON (RFC 9110, "Accept"). */
export function prefersHtml(accept: string): boolean {
  const weights = new Map<string, number>();
  for (const part of accept.toLowerCase().split(",")) {
    const [range, ...parameters] = part.split(";").map((item) => item.trim());
    const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    weights.set(range!, quality === undefined ? 1 : Number(quality) || 0);
  }
  const weight = (type: string) => {
    return weights.get(type) ?? weights.get(`${type.split("/")[0]}/*`) ?? weights.get("*/*") ?? 0;
  };
  return weight("text/html") > weight("application/json");
}
