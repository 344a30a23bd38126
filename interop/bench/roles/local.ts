/** Both ends in one process, over inproc. In C they are two threads; in JavaScript they share one. */
import { now, type Role } from "./role.ts";

const inprocStream: Role = async ({ zmq, endpoint, size, count, say, told }) => {
  const pull = new zmq.Pull();
  const push = new zmq.Push();
  await pull.bind(endpoint);
  say({ bound: endpoint });
  push.connect(endpoint);
  const message = Buffer.alloc(size, 0x61);
  const warm = Math.floor(count / 10);
  const sent = (async () => {
    for (let i = 0; i < count; i++) await push.send(message);
  })();
  let i = 0;
  let started = 0;
  for await (const [got] of pull) {
    if (got!.length !== size) throw new Error(`${got!.length} octets, ${size} expected`);
    if (i === warm) started = now();
    if (++i === count) break;
  }
  await sent;
  say({ rate: ((count - warm - 1) * 1e6) / (now() - started) });
  await told();
};

const inprocTrips: Role = async ({ zmq, endpoint, size, count, say, told }) => {
  const rep = new zmq.Reply();
  const req = new zmq.Request();
  await rep.bind(endpoint);
  say({ bound: endpoint });
  req.connect(endpoint);
  const message = Buffer.alloc(size, 0x61);
  const times = new Float64Array(count);
  const replied = (async () => {
    for (let i = 0; i < count; i++) await rep.send((await rep.receive())[0]!);
  })();
  for (let i = 0; i < count; i++) {
    const before = now();
    await req.send(message);
    await req.receive();
    times[i] = now() - before;
  }
  await replied;
  const sorted = times.slice(count >> 1).sort();
  say({ p50: sorted[sorted.length >> 1], p99: sorted[Math.floor(sorted.length * 0.99)] });
  await told();
};

export const LOCAL_ROLES: Readonly<Record<string, Role>> = {
  "inproc-stream": inprocStream,
  "inproc-trips": inprocTrips,
};
