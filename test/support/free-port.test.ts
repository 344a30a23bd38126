/** Free ports are free, each is given once, and not to processes that run beside each other. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { candidate, freePort, freeTcp } from "./free-port.ts";

/** More ports than any test file takes. */
const MANY = 20;

async function listening(port: number): Promise<Server> {
  const server = createServer();
  await once(server.listen(port, "127.0.0.1"), "listening");
  return server;
}

test("a port on which somebody listens is passed over", async () => {
  const own = Array.from({ length: 3 }, (_, n) => candidate(process.pid, n));
  const taken: Server[] = [];
  for (const port of own) taken.push(await listening(port));
  const port = await freePort();
  for (const server of taken) server.close();
  assert.not(own.includes(port), `${port}, of ${own}`);
});

test("each port is given once, can be listened on, and is none that the system gives away", async () => {
  const ports = new Set<number>();
  for (let i = 0; i < MANY; i++) {
    const port = await freePort();
    assert.ok(port >= 10_000 && port < 32_768, `${port}`);
    (await listening(port)).close();
    ports.add(port);
  }
  assert.is(ports.size, MANY);
  assert.match(await freeTcp(), /^tcp:\/\/127\.0\.0\.1:\d{5}$/);
});

test("of five hundred processes in a row no two try the same ports", () => {
  for (const first of [1, 22_500, 4_194_000]) {
    const ports = new Set<number>();
    for (let pid = first; pid < first + 500; pid++) {
      for (let n = 0; n < MANY; n++) ports.add(candidate(pid, n));
    }
    assert.is(ports.size, 500 * MANY);
  }
});

test("another process gets another port", async () => {
  const module = pathToFileURL(join(import.meta.dirname, "free-port.js")).href;
  const program = `import { freePort } from "${module}"; console.log(await freePort());`;
  const theirs = execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  assert.is.not(Number(theirs), candidate(process.pid, 0));
  assert.match(theirs, /^\d{5}\n$/);
});

test.run();
