/** FairQueue, LoadBalancer and Distributor over real pipes. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Distributor } from "../../src/pipe/distribute.ts";
import { FairQueue } from "../../src/pipe/fair-queue.ts";
import { LoadBalancer } from "../../src/pipe/load-balance.ts";
import { Pipe, type PipeOwner } from "../../src/pipe/pipe.ts";
import { TopicTable } from "../../src/pipe/subscription-trie.ts";
import { FakeTransport, LIMITS, msg, peerNamed, text } from "../support/fake-transport.ts";

const deaf: PipeOwner = {
  onReadable() {},
  onWritable() {},
  onSubscription: () => true,
  intercept: null,
};

function pipeWithRoom(owner: PipeOwner, sendHighWaterMark = 1000) {
  const transport = new FakeTransport();
  const pipe = new Pipe(owner, { ...LIMITS, sendHighWaterMark });
  pipe.attach(transport, peerNamed());
  return { pipe, transport };
}

test("fair queueing takes one message a turn from each pipe that has some", () => {
  const queue = new FairQueue();
  const owner = { ...deaf, onReadable: (pipe: Pipe) => queue.add(pipe) };
  const [a, b, c] = [0, 1, 2].map(() => new Pipe(owner, LIMITS)) as [Pipe, Pipe, Pipe];
  for (const i of [1, 2, 3]) a.deliver(msg(`a${i}`));
  b.deliver(msg("b1"));
  for (const i of [1, 2]) c.deliver(msg(`c${i}`));
  const order = [];
  while (queue.readable) order.push(text(queue.next()!.read())![0]);
  assert.equal(order, ["a1", "b1", "c1", "a2", "c2", "a3"]);
  assert.is(queue.next(), undefined);
});

test("a pipe that refills between two reads waits its turn", () => {
  const queue = new FairQueue();
  const owner = { ...deaf, onReadable: (pipe: Pipe) => queue.add(pipe) };
  const [a, b] = [new Pipe(owner, LIMITS), new Pipe(owner, LIMITS)];
  const order = [];
  for (const i of [1, 2]) b.deliver(msg(`b${i}`));
  for (let i = 0; i < 4; i++) {
    a.deliver(msg(`a${i}`));
    order.push(text(queue.next()!.read())![0]);
  }
  assert.equal(order, ["b1", "a0", "b2", "a1"]);
});

test("fairness: between two turns of a pipe every pipe that had a message throughout got one", () => {
  const steps = fc.array(fc.record({ deliver: fc.boolean(), which: fc.nat(4) }), { maxLength: 300 });
  fc.assert(
    fc.property(steps, (steps) => {
      const queue = new FairQueue();
      const owner = { ...deaf, onReadable: (pipe: Pipe) => queue.add(pipe) };
      const pipes = Array.from({ length: 5 }, () => new Pipe(owner, LIMITS));
      // For each pipe, how often the others were served while it had something to read.
      const passedOver = pipes.map(() => pipes.map(() => 0));
      for (const { deliver, which } of steps) {
        if (deliver) {
          pipes[which]!.deliver(msg("x"));
          continue;
        }
        const turn = queue.next();
        if (turn === undefined) continue;
        const index = pipes.indexOf(turn);
        turn.read();
        passedOver[index]!.fill(0);
        pipes.forEach((pipe, other) => {
          if (pipe === turn || pipe.inboundLength === 0) return;
          passedOver[other]![index]!++;
          assert.ok(passedOver[other]![index]! <= 1, `pipe ${index} was served twice while ${other} waited`);
        });
      }
    }),
  );
});

test("load balancing goes round the pipes", () => {
  const balancer = new LoadBalancer();
  const pipes = [0, 1, 2].map(() => pipeWithRoom(deaf).pipe);
  for (const pipe of pipes) balancer.attach(pipe);
  const turns = Array.from({ length: 7 }, () => pipes.indexOf(balancer.next()!));
  assert.equal(turns, [0, 1, 2, 0, 1, 2, 0]);
});

test("load balancing finds no pipe among none, or among full ones", () => {
  const balancer = new LoadBalancer();
  assert.is(balancer.next(), undefined);
  const { pipe, transport } = pipeWithRoom({ ...deaf, onWritable: (pipe) => balancer.activate(pipe) }, 1);
  transport.room = 0;
  balancer.attach(pipe);
  assert.ok(balancer.writable);
  balancer.next()!.write(msg("x"));
  assert.not(balancer.writable);
  assert.is(balancer.next(), undefined);
  transport.room = 1;
  pipe.flush();
  assert.ok(balancer.writable);
  assert.is(balancer.next(), pipe);
});

test("load balancing serves each writable pipe exactly once a round, whatever came and went before", () => {
  type Step = "attach" | "detach" | "write" | "flush" | "activate";
  const kind = fc.constantFrom<Step>("attach", "detach", "write", "write", "write", "flush", "activate");
  fc.assert(
    fc.property(fc.array(fc.tuple(kind, fc.nat(5)), { maxLength: 200 }), (steps) => {
      const balancer = new LoadBalancer();
      const owner = { ...deaf, onWritable: (pipe: Pipe) => balancer.activate(pipe) };
      const all = Array.from({ length: 6 }, () => pipeWithRoom(owner, 2));
      for (const { transport } of all) transport.room = 0;
      const known = new Set<Pipe>();
      for (const [step, which] of steps) {
        const { pipe, transport } = all[which]!;
        if (step === "attach") {
          balancer.attach(pipe);
          known.add(pipe);
        } else if (step === "detach") {
          balancer.detach(pipe);
          known.delete(pipe);
        } else if (step === "activate") balancer.activate(pipe);
        else if (step === "flush") {
          transport.room = 1;
          pipe.flush();
          transport.room = 0;
        } else {
          const turn = balancer.next();
          assert.is(
            turn !== undefined,
            [...known].some((pipe) => pipe.writable),
          );
          assert.ok(turn === undefined || (known.has(turn) && turn.write(msg("x"))));
        }
      }
      // One round lets it notice who is full; the swaps of that round may give somebody two turns.
      for (let i = 0; i < all.length; i++) balancer.next();
      const writable = [...known].filter((pipe) => pipe.writable);
      for (let round = 0; round < 2; round++) {
        assert.is(new Set(writable.map(() => balancer.next())).size, writable.length);
      }
    }),
  );
});

test("distribution reaches every pipe with room, and passes a full one over", () => {
  const distributor = new Distributor();
  const [a, b] = [pipeWithRoom(deaf, 1), pipeWithRoom(deaf, 1)];
  a.transport.room = 0;
  a.pipe.write(msg("fills"));
  for (const { pipe } of [a, b]) distributor.attach(pipe);
  distributor.sendToAll(msg("x"));
  assert.is(a.pipe.outboundLength, 1);
  assert.is(b.transport.taken.length, 1);
  distributor.detach(b.pipe);
  distributor.sendToAll(msg("y"));
  assert.is(b.transport.taken.length, 1);
  assert.ok(distributor.has(a.pipe) && !distributor.has(b.pipe));
});

test("whom a message goes to is settled before the first write", () => {
  const settings = { invertMatching: false, noDrop: false };
  const distributor = new Distributor();
  const table = new TopicTable<Pipe>();
  const all = [0, 1, 2].map(() => pipeWithRoom(deaf));
  for (const { pipe } of all) {
    distributor.attach(pipe);
    table.add(msg("a")[0]!, pipe);
    table.add(msg("")[0]!, pipe);
  }
  const [first, second] = all.map(({ transport }) => transport);
  let sentWithin = false;
  first!.take = (item) => {
    first!.taken.push(item);
    table.removeAll(all[2]!.pipe, () => {});
    if (!sentWithin) {
      sentWithin = true;
      distributor.sendToMatching(msg("within"), table, settings);
    }
    return true;
  };
  distributor.sendToMatching(msg("abc"), table, settings);
  const seen = (transport: FakeTransport) => transport.taken.map((item) => text(item as Buffer[])![0]);
  assert.equal(seen(first!), ["abc", "within"]);
  assert.equal(seen(second!), ["within", "abc"]);
  assert.equal(seen(all[2]!.transport), ["abc"]);
});

test.run();
