/**
 * One node of the network, an exchange or a gateway:
 *
 *     node dist/interop/network/node.js <configuration>
 *
 * It prints a JSON line for everything that happens, and takes commands on standard input, one a line: `rotate` (new keys
 * on all links), `recheck` (read trust again, end the connections of whom it does not cover), `reconnect`, `stop`. It
 * stops too when standard input ends, so that no node outlives the one who started it.
 */
import { dirname, resolve } from "node:path";
import { createInterface } from "node:readline";
import { readConfig } from "./config.ts";
import { runExchange } from "./exchange.ts";
import { runGateway } from "./gateway.ts";
import type { Log } from "./links.ts";

const path = resolve(process.argv[2] ?? "");
const config = readConfig(path);
process.chdir(dirname(path));

const log: Log = (event, fields = {}) => {
  const time = new Date().toISOString();
  process.stdout.write(`${JSON.stringify({ time, node: config.name, event, ...fields })}\n`);
};

const role = config.role === "exchange" ? runExchange : runGateway;
const running = await role(config, log);
log("started", { role: config.role, pid: process.pid });

const commands: Readonly<Record<string, () => void>> = {
  rotate() {
    for (const { security } of running.links) security.rotate();
  },
  recheck() {
    const ended = running.links.reduce((sum, { security }) => sum + security.recheck(), 0);
    log("rechecked", { ended });
  },
  ...(running.reconnect === undefined ? {} : { reconnect: running.reconnect }),
  stop: () => input.close(),
};

const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  const command = commands[line.trim()] ?? (() => log("unknown command", { line }));
  command();
});
input.once("close", () => {
  running.close();
  // Our end of the pipe would keep the process.
  process.stdin.destroy();
  log("stopped");
});
