/** What the tests of `qzmq tunnel` as a process share: keys, a configuration of three links, and the process. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { abandon } from "../../src/cli/endpoints.ts";
import { Pull, Push, type Socket } from "../../src/index.ts";
import type { ServiceStatus } from "../../src/observe/status.ts";
import { freeTcp } from "../support/free-port.ts";
import { within } from "../support/within.ts";
import { type Child, Children } from "./child.ts";
import { call } from "./run.ts";

/** Ample: reached only when something hangs. */
export const LIMIT = 25_000;
/** Keys and certificates of `server` and `client`, and the authority `ca`. */
export const shared = mkdtempSync(join(tmpdir(), "qzmq-tunnel-"));
const now = Math.floor(Date.now() / 1000);

/** What each test has. */
export interface Context {
  folder: string;
  children: Children;
  sockets: Socket[];
  servers: Server[];
}
/** Runs a command line; `@` begins files of the shared folder. */
export async function run(line: string): Promise<void> {
  const argv = line.split(" ").map((word) => word.replace(/^@/, `${shared}/`));
  const { code, err } = await call(argv, { now });
  assert.is(code, 0, err);
}

/** Keys for all tests of a suite, and for each a folder and what is ended after it. */
export function inTunnelFolders(test: Test<Context>): void {
  test.before(async () => {
    await run("cert ca --out @ca --name root");
    for (const name of ["server", "client"]) {
      await run(`keygen --out @${name}`);
      await run(`cert issue --ca @ca --pub @${name}.pub --name ${name} --role ${name}`);
    }
  });
  test.after(() => rmSync(shared, { recursive: true }));
  test.before.each((context) => {
    context.folder = mkdtempSync(join(shared, "t-"));
    context.children = new Children();
    context.sockets = [];
    context.servers = [];
  });
  test.after.each(async ({ children, sockets, servers }) => {
    for (const socket of sockets) abandon(socket);
    await children.end();
    for (const server of servers) server.close();
  });
}

/** A port that somebody listens on, who is added to `servers`. */
export async function takenPort(servers: Server[]): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

/** Files of one of the identities, as a configuration names them. */
export const identity = (name: string) => ({
  key: `${shared}/${name}.key`,
  certificates: `${shared}/${name}.crt`,
});

/** Programs at the two ends of {@link pairOfLinks}. */
export async function pushThrough(folder: string, sockets: Socket[]): Promise<{ push: Push; pull: Pull }> {
  const [push, pull] = [new Push(), new Pull()];
  sockets.push(push, pull);
  await pull.bind(`ipc://${join(folder, "program")}`);
  push.connect(`ipc://${join(folder, "in")}`);
  return { push, pull };
}

/** Links by name. */
export interface Links {
  [name: string]: Record<string, unknown>;
}

/** A link in and a link out that belong together, and one beside them. */
export async function pairOfLinks(folder: string): Promise<Links> {
  const secured = await freeTcp();
  const at = (name: string) => `ipc://${join(folder, name)}`;
  return {
    in: {
      side: "client",
      listen: at("in"),
      connect: secured,
      server_name: "server",
      identity: identity("client"),
    },
    out: { side: "server", listen: secured, connect: at("program"), identity: identity("server") },
    spare: { side: "server", listen: at("spare"), connect: at("program"), identity: identity("server") },
  };
}

/** Writes a configuration of these links; its path. */
export function write(folder: string, links: Links, rest: object = {}): string {
  const path = join(folder, "t.json");
  const whole = {
    trust: { authorities: `${shared}/ca.crt` },
    status: { port: 0 },
    log: { level: "debug" },
    ...rest,
    links,
  };
  writeFileSync(path, JSON.stringify(whole, null, 1));
  return path;
}

/** Starts a tunnel and waits until it serves its status, whose address is given back. */
export async function start(children: Children, path: string): Promise<{ child: Child; url: string }> {
  const child = children.start(["tunnel", "--config", path]);
  const [, url] = await within(
    LIMIT,
    child.printed(/"status\.listening","url":"([^"]*)"/),
    "the status server",
  );
  return { child, url: url! };
}

/** What the tunnel says of itself. */
export async function statusOf(url: string): Promise<ServiceStatus> {
  return (await (await fetch(`${url}/qzmq/status`)).json()) as ServiceStatus;
}

/** Whether nobody serves status there. */
export function refuses(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    () => false,
    () => true,
  );
}

/** Sends SIGHUP and waits for the line that says what came of it. */
export async function reload(child: Child, event: "loaded" | "refused"): Promise<string> {
  const count = () => child.err.match(/"configuration\.(loaded|refused)"/g)?.length ?? 0;
  const before = count();
  child.process.kill("SIGHUP");
  await within(
    LIMIT,
    child.printed(new RegExp(`(?:"configuration\\.(?:loaded|refused)"[^\\n]*\\n[\\s\\S]*?){${before + 1}}`)),
    "the reload",
  );
  const lines = child.err.split("\n").filter((line) => /"configuration\.(loaded|refused)"/.test(line));
  const line = lines[before]!;
  assert.ok(line.includes(`configuration.${event}`), line);
  return line;
}
