/** Heartbeats between qzmq and libzmq: nobody is cut off who lives, whoever asks. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CASTS, scenario, text } from "./setup.ts";

/** Enough pings for a missing answer to show: the peer would be dead after interval and timeout. */
const INTERVAL = 50;
const TIMEOUT = 700;
const IDLE = 2000;

for (const { title, first, second, join } of CASTS.filter((cast) => cast.transport === "tcp")) {
  test(
    `idle connections stay, whoever asks for heartbeats: ${title}`,
    scenario(async (keep) => {
      const idle = async (firstAsks: boolean, secondAsks: boolean): Promise<void> => {
        const options = (asks: boolean) =>
          asks
            ? { heartbeatInterval: INTERVAL, heartbeatTimeout: TIMEOUT, heartbeatTimeToLive: TIMEOUT }
            : {};
        const a = keep(new first.Pair(options(firstAsks)));
        const b = keep(new second.Pair(options(secondAsks)));
        const lost: string[] = [];
        for (const socket of [a, b]) socket.events.on("disconnect", ({ address }) => lost.push(address));
        await join(a, b);
        await a.send("before");
        assert.equal(text(await b.receive()), ["before"]);
        await new Promise((next) => setTimeout(next, IDLE));
        await b.send("after");
        assert.equal(text(await a.receive()), ["after"]);
        assert.equal(lost, []);
      };
      await Promise.all([idle(true, true), idle(true, false), idle(false, true)]);
    }),
  );
}

test.run();
