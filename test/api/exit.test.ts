/** Whether sockets hold a process, seen from outside: each case is a program of its own. */
import { spawn } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pull } from "../../src/index.ts";
import { settled, texts } from "./expect.ts";

const ENTRY = JSON.stringify(new URL("../../src/index.js", import.meta.url).href);
/** Nobody listens there: port 9 is discard, and closed on any sane machine. */
const NOBODY = "tcp://127.0.0.1:9";

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a module whose first line has `zmq` and `say`, to its own end. */
function run(body: string): Promise<Outcome> {
  const program = `import * as zmq from ${ENTRY};
    const say = (text) => process.stdout.write(text + "\\n");
    ${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const ended = new Promise<Outcome>((resolve) => {
    child.on("close", (code) => resolve({ code, out, err }));
  });
  return settled(ended, "the program").finally(() => child.kill("SIGKILL"));
}

test("idle sockets, bound, connected or neither, do not hold the process", async () => {
  const { code, err } = await run(`
    new zmq.Dealer();
    const pull = new zmq.Pull();
    await pull.bind("tcp://127.0.0.1:*");
    new zmq.Push().connect(pull.lastEndpoint);
    new zmq.Push({ linger: 0 }).connect(${JSON.stringify(NOBODY)});
    await new zmq.Pair().bind("inproc://name");
  `);
  assert.equal([code, err], [0, ""]);
});

test("a pending receive holds it, over inproc too, until it is settled", async () => {
  const { code, out } = await run(`
    const socket = new zmq.Pair({ receiveTimeout: 50 });
    socket.connect("inproc://nobody");
    socket.receive().catch((error) => say(error.code));
  `);
  assert.equal([code, out], [0, "EAGAIN\n"]);
});

test("a blocked send holds it", async () => {
  const { code, out } = await run(`
    new zmq.Dealer({ sendTimeout: 50 }).send("x").catch((error) => say(error.code));
  `);
  assert.equal([code, out], [0, "EAGAIN\n"]);
});

test("reading events holds it until the socket is closed", async () => {
  const { code, out } = await run(`
    const socket = new zmq.Dealer();
    setTimeout(() => socket.close(), 50).unref();
    for await (const event of socket.events) say(event.type);
  `);
  assert.equal([code, out], [0, "end\n"]);
});

test("messages sent before the end are delivered, with and without close()", async () => {
  for (const end of ["", "push.close();"]) {
    const { code, out } = await run(`
      const pull = new zmq.Pull();
      await pull.bind("tcp://127.0.0.1:*");
      const push = new zmq.Push();
      push.connect(pull.lastEndpoint);
      for (let i = 0; i < 3; i++) await push.send(String(i));
      ${end}
      for (let i = 0; i < 3; i++) say(String((await pull.receive())[0]));
    `);
    assert.equal([code, out], [0, "0\n1\n2\n"]);
  }
});

test("a program that only sends delivers to another process, also when it closes during the handshake", async () => {
  const pull = new Pull();
  await pull.bind("tcp://127.0.0.1:*");
  for (const end of ["", "push.close();"]) {
    const program = run(`
      const push = new zmq.Push();
      push.connect(${JSON.stringify(pull.lastEndpoint)});
      push.send("only this");
      ${end}
    `);
    assert.equal(texts(await settled(pull.receive())), ["only this"]);
    assert.is((await program).code, 0);
  }
  pull.close();
});

test("unsent messages hold the process for linger, and after half a second it says so", async () => {
  const waits = async (blocky: boolean, end: string) => {
    const { code, err } = await run(`
      zmq.context.blocky = ${blocky};
      const socket = new zmq.Dealer({ linger: 900 });
      socket.connect(${JSON.stringify(NOBODY)});
      socket.send("x");
      ${end}
    `);
    assert.is(code, 0);
    const advice = blocky ? " Set 'context\\.blocky = false' to change this behaviour\\." : "";
    const text = `^\\(node:\\d+\\) WARNING: Waiting for queued ZeroMQ messages to be delivered\\.${advice}\\n$`;
    assert.match(err, new RegExp(text));
  };
  await Promise.all([waits(true, ""), waits(false, ""), waits(false, "socket.close();")]);
});

test("a short linger is not worth a warning, and linger 0 does not wait", async () => {
  for (const linger of [50, 0]) {
    const { code, err } = await run(`
      const socket = new zmq.Dealer({ linger: ${linger} });
      socket.connect(${JSON.stringify(NOBODY)});
      socket.send("x");
    `);
    assert.equal([code, err], [0, ""]);
  }
});

test("a worker thread ends too, and lingers for its messages", async () => {
  const { code, out, err } = await run(`
    import { Worker } from "node:worker_threads";
    const pull = new zmq.Pull();
    await pull.bind("tcp://127.0.0.1:*");
    const source = \`
      import { workerData } from "node:worker_threads";
      const zmq = await import(workerData.entry);
      const push = new zmq.Push();
      push.connect(workerData.address);
      push.send("from the worker");
    \`;
    const workerData = { entry: ${ENTRY}, address: pull.lastEndpoint };
    const worker = new Worker(source, { eval: true, workerData });
    const gone = new Promise((resolve) => worker.on("exit", resolve));
    say(String((await pull.receive())[0]));
    say(String(await gone));
  `);
  assert.equal([code, out, err], [0, "from the worker\n0\n", ""]);
});

test.run();
