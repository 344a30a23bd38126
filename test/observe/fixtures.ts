/** What the tests of observation share: a status to show, servers that are closed, raw requests. */
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import type { ConnectionStatus, LinkStatus, ServiceStatus } from "../../src/observe/status.ts";
import { totalsOf, unreadiness } from "../../src/observe/status.ts";
import { StatusServer, type StatusServerOptions } from "../../src/observe/status-server.ts";
import { within } from "../support/within.ts";

/** Ample: reached only when something hangs. */
export const LIMIT = 20_000;

/** A connection that has shaken hands. */
export function connectionStatus(given: Partial<ConnectionStatus> = {}): ConnectionStatus {
  return {
    ...{ id: 1, since: Date.now(), socketType: "DEALER" },
    ...{ suite: "x25519+mlkem768/mldsa44/aes256gcm/sha256", mode: "hybrid", peer: "trader-1" },
    ...{ epoch: 0, resumed: false, messagesOut: 0, messagesIn: 0, bytesOut: 0, bytesIn: 0, queued: 0 },
    ...given,
  };
}

/** A link that listens and has nothing to do. */
export function linkStatus(given: Partial<LinkStatus> = {}): LinkStatus {
  return {
    ...{ name: "orders", side: "server", listen: "tcp://127.0.0.1:5555", connect: "tcp://127.0.0.1:5556" },
    ...{ phase: 2, state: "listening", accepts: "QZMQ, and the old link, which is reported" },
    ...{ connections: [], opened: 0, failed: 0, refused: 0 },
    ...{ messagesOut: 0, messagesIn: 0, bytesOut: 0, bytesIn: 0 },
    ...{ oldListen: null, oldAccepted: 0, oldOpen: 0, oldRefused: 0, lastError: "" },
    ...given,
  };
}

/** A service with these links. */
export function serviceStatus(links: readonly LinkStatus[], error = ""): ServiceStatus {
  return {
    ...{ name: "qzmq tunnel", version: "0.1.0", node: process.versions.node, pid: process.pid },
    started: Date.now() - 90_000,
    configuration: { file: "/etc/qzmq/tunnel.yaml", loaded: Date.now() - 60_000, error },
    keyLog: false,
    links,
    totals: totalsOf(links),
  };
}

const open: StatusServer[] = [];

/** Starts a server on a free port; closed by {@link closeServers}. */
export async function serving(options: Partial<StatusServerOptions> = {}): Promise<StatusServer> {
  const status = options.status ?? (() => serviceStatus([linkStatus()]));
  const server = new StatusServer({
    ...{ port: 0, metrics: () => "# HELP a A.\n# TYPE a gauge\na 1\n" },
    ready: () => unreadiness(status().links),
    ...options,
    status,
  });
  open.push(server);
  await within(LIMIT, server.start(), "start");
  return server;
}

/** For `after.each`. */
export async function closeServers(): Promise<void> {
  for (const server of open.splice(0)) await within(LIMIT, server.close(), "close");
}

/** What was answered. */
export interface Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request on a connection of its own. */
export function ask(
  url: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body } = options;
  const answer = new Promise<Answer>((resolve, reject) => {
    const asked = request(`${url}${path}`, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          ...{ code: response.statusCode ?? 0, headers: response.headers },
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    asked.on("error", reject);
    asked.end(body);
  });
  return within(LIMIT, answer, `${method} ${path}`);
}

/** Everything that a server sends for these octets, until it closes. */
export function raw(url: string, octets: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const text = new Promise<string>((resolve) => {
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    // A reset after the answer is an end like any other.
    socket.on("error", () => {});
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
    socket.write(octets);
  });
  return within(LIMIT, text, "a raw answer");
}

/** Resolves once it holds. */
export async function holds(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
