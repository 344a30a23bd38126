/** Peers that die and come back, in either library: killed processes, and endpoints unbound and bound again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join as joinPath } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { firstLine } from "../../test/support/first-line.ts";
import { CASTS, codeOf, freeEndpoint, type Library, ours, scenario, theirs } from "./setup.ts";

const PEER = joinPath(import.meta.dirname, "peer.js");

interface Child {
  readonly pid: string;
  readonly endpoint: string;
  /** Ends it by SIGKILL, and waits until the system has closed its sockets. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

async function start(library: Library, role: "bind" | "connect", endpoint: string): Promise<Child> {
  const name = library === ours ? "qzmq" : "libzmq";
  const child = spawn(process.execPath, [PEER, name, role, endpoint], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  running.add(child);
  const line = await firstLine(child, `${name} at ${endpoint}`);
  return {
    pid: String(child.pid),
    endpoint: line.split(" ")[1]!,
    async kill() {
      child.kill("SIGKILL");
      await once(child, "close");
      running.delete(child);
    },
  };
}

for (const [name, local, remote] of [
  ["qzmq survives libzmq", ours, theirs],
  ["libzmq survives qzmq", theirs, ours],
] as const) {
  for (const transport of ["tcp", "ipc"] as const) {
    test(
      `${name}: the binding process is killed and started again, ${transport}`,
      scenario(async (keep) => {
        const dealer = keep(new local.Dealer());
        const first = await start(remote, "bind", await freeEndpoint(transport));
        dealer.connect(first.endpoint);
        assert.equal(String(await dealer.receive()), `${first.pid},hello`);
        await dealer.send("1");
        assert.equal(String(await dealer.receive()), `${first.pid},1`);
        await first.kill();
        // A message to a peer that just died may be lost, as it may have been written already.
        const second = await start(remote, "bind", first.endpoint);
        assert.equal(String(await dealer.receive()), `${second.pid},hello`);
        await dealer.send("2");
        assert.equal(String(await dealer.receive()), `${second.pid},2`);
        await second.kill();
      }),
    );

    test(
      `${name}: the connecting process is killed and another comes, ${transport}`,
      scenario(async (keep) => {
        const dealer = keep(new local.Dealer());
        await dealer.bind(await freeEndpoint(transport));
        for (let round = 0; round < 2; round++) {
          const child = await start(remote, "connect", dealer.lastEndpoint!);
          assert.equal(String(await dealer.receive()), `${child.pid},hello`);
          await child.kill();
        }
      }),
    );
  }
}

for (const { title, first, second, join } of CASTS) {
  test(
    `unbound and bound again, messages flow again: ${title}`,
    scenario(async (keep) => {
      const push = keep(new first.Push());
      const pull = keep(new second.Pull());
      const { binder, endpoint } = await join(push, pull);
      await push.send("before");
      assert.equal(String(await pull.receive()), "before");
      push.sendTimeout = 5;
      await binder.unbind(endpoint);
      // libzmq's unbind is done before the port is free.
      while ((await codeOf(binder.bind(endpoint))) === "EADDRINUSE");
      // What is sent meanwhile may go down with the old connection; keep sending until the new one carries.
      let done = false;
      const received = pull.receive().finally(() => {
        done = true;
      });
      for (let i = 0; !done; i++) {
        await push.send(`after ${i}`).catch(() => {});
        await new Promise((next) => setTimeout(next, 5));
      }
      assert.match(String(await received), /^after \d+$/);
    }),
  );
}

test.run();
