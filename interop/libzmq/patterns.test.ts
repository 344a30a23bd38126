/** Every socket pattern between qzmq and libzmq, in all casts. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CASTS, codeOf, publishUntil, scenario, text } from "./setup.ts";

for (const { title, first, second, join } of CASTS) {
  test(
    `PUSH to PULL: ${title}`,
    scenario(async (keep) => {
      const push = keep(new first.Push());
      const pull = keep(new second.Pull());
      await join(push, pull);
      await push.send(["a", "", "c"]);
      await push.send("second");
      assert.equal(text(await pull.receive()), ["a", "", "c"]);
      assert.equal(text(await pull.receive()), ["second"]);
    }),
  );

  test(
    `PUB to SUB, with topics and unsubscribing: ${title}`,
    scenario(async (keep) => {
      const pub = keep(new first.Publisher());
      const sub = keep(new second.Subscriber());
      sub.subscribe("even", "all");
      await join(pub, sub);
      const receive = async (until: string): Promise<string[]> => {
        const seen = new Set<string>();
        for (;;) {
          const [topic] = text(await sub.receive());
          if (topic === until) return [...seen].sort();
          if (!topic!.endsWith("-start")) seen.add(topic!);
        }
      };
      await publishUntil(pub, ["all-start"], receive("all-start"));
      for (let i = 0; i < 4; i++) await pub.send([i % 2 === 0 ? "even" : "odd", String(i)]);
      await pub.send(["all-first", "end"]);
      assert.equal(await receive("all-first"), ["even"]);

      sub.unsubscribe("even");
      sub.subscribe("odd");
      await publishUntil(pub, ["odd-start"], receive("odd-start"));
      for (let i = 0; i < 4; i++) await pub.send([i % 2 === 0 ? "even" : "odd", String(i)]);
      await pub.send(["all-second", "end"]);
      assert.equal(await receive("all-second"), ["odd"]);
    }),
  );

  test(
    `XPUB to XSUB, subscriptions up and messages down: ${title}`,
    scenario(async (keep) => {
      const xpub = keep(new first.XPublisher());
      const xsub = keep(new second.XSubscriber());
      await join(xpub, xsub);
      await xsub.send(Buffer.from("\x01topic", "latin1"));
      // libzmq takes notice of a new peer only while its socket is in use, hence the receive before its time.
      const received = xsub.receive();
      assert.equal(text(await xpub.receive()), ["\x01topic"]);
      await xpub.send(["other", "not for you"]);
      await xpub.send(["topic.a", "1"]);
      assert.equal(text(await received), ["topic.a", "1"]);
      await xsub.send("hello upstream");
      assert.equal(text(await xpub.receive()), ["hello upstream"]);
      await xsub.send(Buffer.from("\x00topic", "latin1"));
      assert.equal(text(await xpub.receive()), ["\x00topic"]);
    }),
  );

  test(
    `XPUB with topics of 245, 246, 255 and 10 000 octets: ${title}`,
    scenario(async (keep) => {
      const xpub = keep(new first.XPublisher());
      const sub = keep(new second.Subscriber());
      await join(xpub, sub);
      for (const length of [245, 246, 255, 10_000]) {
        const topic = String.fromCharCode(65 + (length % 26)).repeat(length);
        sub.subscribe(topic);
        const received = sub.receive();
        assert.equal(text(await xpub.receive()), [`\x01${topic}`]);
        await xpub.send([topic, String(length)]);
        assert.equal(text(await received), [topic, String(length)]);
      }
    }),
  );

  test(
    `REQ to REP: ${title}`,
    scenario(async (keep) => {
      const req = keep(new first.Request());
      const rep = keep(new second.Reply());
      await join(req, rep);
      for (let i = 0; i < 20; i++) {
        await req.send([`question ${i}`, ""]);
        assert.equal(text(await rep.receive()), [`question ${i}`, ""]);
        await rep.send(["", `answer ${i}`]);
        assert.equal(text(await req.receive()), ["", `answer ${i}`]);
      }
    }),
  );

  test(
    `REQ with correlate and relaxed to ROUTER: ${title}`,
    scenario(async (keep) => {
      const req = keep(new first.Request({ correlate: true, relaxed: true, routingId: "asker" }));
      const router = keep(new second.Router());
      await join(req, router);
      await req.send("lost");
      const lost = await router.receive();
      await req.send("kept");
      const kept = await router.receive();
      assert.equal(String(kept[0]), "asker");
      assert.equal(kept.length, 4);
      await router.send([...lost.slice(0, 3), "late reply"]);
      await router.send([...kept.slice(0, 3), "reply"]);
      assert.equal(text(await req.receive()), ["reply"]);
    }),
  );

  test(
    `DEALER to ROUTER with a routing id, and back: ${title}`,
    scenario(async (keep) => {
      const dealer = keep(new first.Dealer({ routingId: "worker-7" }));
      const router = keep(new second.Router({ mandatory: true }));
      await join(dealer, router);
      await dealer.send(["ready", ""]);
      assert.equal(text(await router.receive()), ["worker-7", "ready", ""]);
      await router.send(["worker-7", "job", "1"]);
      assert.equal(text(await dealer.receive()), ["job", "1"]);
    }),
  );

  test(
    `DEALER without a routing id gets one of five octets that begins with 00: ${title}`,
    scenario(async (keep) => {
      const dealer = keep(new first.Dealer());
      const router = keep(new second.Router());
      await join(dealer, router);
      await dealer.send("x");
      const [id, body] = await router.receive();
      assert.is(id!.length, 5);
      assert.is(id![0], 0);
      assert.is(String(body), "x");
      await router.send([id!, "y"]);
      assert.equal(text(await dealer.receive()), ["y"]);
    }),
  );

  test(
    `ROUTER to ROUTER with probes: ${title}`,
    scenario(async (keep) => {
      const a = keep(new first.Router({ routingId: "A", probeRouter: true }));
      const b = keep(new second.Router({ routingId: "B", probeRouter: true }));
      await join(a, b);
      const probes = await Promise.all([a.receive(), b.receive()]);
      assert.equal(probes.map(text), [
        ["B", ""],
        ["A", ""],
      ]);
      await a.send(["B", "to b"]);
      await b.send(["A", "to a"]);
      assert.equal(text(await b.receive()), ["A", "to b"]);
      assert.equal(text(await a.receive()), ["B", "to a"]);
    }),
  );

  test(
    `PAIR to PAIR: ${title}`,
    scenario(async (keep) => {
      const a = keep(new first.Pair());
      const b = keep(new second.Pair());
      await join(a, b);
      await a.send(["ping", "1"]);
      assert.equal(text(await b.receive()), ["ping", "1"]);
      await b.send("pong");
      assert.equal(text(await a.receive()), ["pong"]);
    }),
  );

  test(
    `socket types that do not go together never exchange a message: ${title}`,
    scenario(async (keep) => {
      const pub = keep(new first.Publisher());
      const pull = keep(new second.Pull({ receiveTimeout: 300 }));
      await join(pub, pull);
      for (let i = 0; i < 10; i++) {
        await pub.send("never");
        await new Promise((next) => setTimeout(next, 10));
      }
      assert.is(await codeOf(pull.receive()), "EAGAIN");
    }),
  );
}

test.run();
