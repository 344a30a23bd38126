/** After close nothing is left: no sockets, no servers, no timers, and the process may end. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { freeTcp } from "../support/free-port.ts";
import { bare, handshakeOf, pause, RawPeer, RawServer, until } from "./harness.ts";
import { leaksNothing } from "./leaks-nothing.ts";

for (const transport of ["tcp", "ipc", "inproc"] as const) {
  leaksNothing(`connections of all kinds of ends over ${transport}`, async (cleanup) => {
    for (let i = 0; i < 20; i++) {
      const pull = bare("PULL", cleanup, { settings: { heartbeatInterval: 1000 } });
      await pull.hub.bind(
        transport === "tcp" ? await freeTcp() : transport === "ipc" ? "ipc://*" : `inproc://${i}`,
      );
      const push = bare("PUSH", cleanup, { settings: { heartbeatInterval: 1000, linger: 10_000 } });
      push.hub.connect(pull.hub.lastEndpoint!);
      if (transport !== "inproc") {
        await push.send("x");
        await pull.receive();
      }
      if (i % 4 === 1) push.hub.disconnect(push.hub.lastEndpoint!);
      if (i % 4 === 2) await pull.hub.unbind(pull.hub.lastEndpoint!);
      await Promise.all(i % 2 === 0 ? [pull.hub.close(), push.hub.close()] : [push.hub.close()]);
    }
  });
}

leaksNothing("peers that are never there, or never shake hands, or never close", async (cleanup) => {
  const nobody = await freeTcp();
  const silent = await RawServer.listen(cleanup);
  for (let i = 0; i < 10; i++) {
    const push = bare("PUSH", cleanup, { settings: { reconnectInterval: 1, connectTimeout: 5000 } });
    push.hub.connect(nobody);
    push.hub.connect(silent.endpoint);
    await silent.accept(i);
    push.pattern.send([Buffer.from("x")]);
    await push.hub.close();
  }
  const pull = bare("PULL", cleanup);
  await pull.hub.bind("tcp://127.0.0.1:*");
  const peer = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
  await pull.hub.close();
  await peer.gone();
  // Half closed by us, and never by the peer: after some time it is cut, whatever the peer does.
  await pause(2200);
  peer.socket.destroy();
});

leaksNothing("connections that end by an error while the peer stays", async (cleanup) => {
  const pull = bare("PULL", cleanup);
  await pull.hub.bind("tcp://127.0.0.1:*");
  const peers: RawPeer[] = [];
  for (let i = 0; i < 20; i++) {
    const peer = await RawPeer.connect(pull.hub.lastEndpoint!);
    await peer.write(Buffer.concat([handshakeOf("PUSH"), Buffer.alloc(100, 0xff)]));
    await peer.gone();
    peers.push(peer);
  }
  await pull.saw("disconnect", 20);
  await pull.hub.close();
  await until(() => peers.every((peer) => peer.ended), "FIN for each");
  // They keep their half open; after some time ours is cut, and answers by a reset.
  await until(() => {
    for (const { socket } of peers) if (!socket.destroyed) socket.write("x");
    return peers.every((peer) => peer.error !== undefined);
  }, "every connection to be cut");
  for (const { socket } of peers) socket.destroy();
});

const api = pathToFileURL(join(import.meta.dirname, "../../src/index.js")).href;

/** Runs a program on the public API; it must end by itself. */
function ends(title: string, program: string): void {
  test(title, () => {
    const { status, signal, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "-e", `import * as zmq from ${JSON.stringify(api)};\n${program}`],
      { encoding: "utf8", timeout: 20_000 },
    );
    assert.equal([status, signal, stderr], [0, null, ""]);
  });
}

ends(
  "idle sockets, bound and connected, do not keep a process",
  `const pull = new zmq.Pull({ linger: 0 }), push = new zmq.Push({ linger: 0 });
   await pull.bind("tcp://127.0.0.1:*");
   push.connect(pull.lastEndpoint);
   await push.send("x");
   await pull.receive();`,
);

ends(
  "a socket that keeps reconnecting does not keep a process",
  `const push = new zmq.Push({ linger: 0 });
   push.connect("tcp://127.0.0.1:1");`,
);

ends(
  "a closed socket keeps the process until its messages are written, and their reader gets all",
  `import { once } from "node:events";
   import { Worker } from "node:worker_threads";
   const pull = new zmq.Pull();
   await pull.bind("tcp://127.0.0.1:*");
   const sender = new Worker(\`
     import(process.env.QZMQ_API).then(async (zmq) => {
       const push = new zmq.Push();
       push.connect("\${pull.lastEndpoint}");
       for (let i = 0; i < 900; i++) await push.send([String(i), Buffer.alloc(10_000)]);
       push.close();
     });
   \`, { eval: true });
   await once(sender, "exit");
   for (let i = 0; i < 900; i++) {
     const [number] = await pull.receive();
     if (Number(number) !== i) throw new Error(\`\${number} instead of \${i}\`);
   }
   pull.close();`.replace("process.env.QZMQ_API", JSON.stringify(api)),
);

test.run();
