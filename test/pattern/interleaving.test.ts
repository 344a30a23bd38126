/**
 * Peers come, go, fill up and drain in any order. A socket that sends when told `onWritable`, from within the call,
 * and reads when told `onReadable`, sees every message once and in order, and is never left waiting.
 */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Pattern } from "../../src/pattern/pattern.ts";
import { bench, FakePeer, msg, text } from "../support/fake-transport.ts";

const PEERS = 4;
const MARK = 3;
const limits = { sendHighWaterMark: MARK, receiveHighWaterMark: MARK };

type Event =
  | "accept"
  | "close"
  | "dial"
  | "up"
  | "down"
  | "room"
  | "choke"
  | "send"
  | "deliver"
  | "terminate";
const events = fc.array(
  fc.record({
    kind: fc.constantFrom<Event>(
      ...(["accept", "close", "dial", "up", "down", "room", "room", "choke", "terminate"] as const),
      ...Array.from({ length: 6 }, () => "send" as const),
      ...Array.from({ length: 6 }, () => "deliver" as const),
    ),
    which: fc.nat(PEERS - 1),
    count: fc.integer({ min: 1, max: 5 }),
  }),
  { maxLength: 120 },
);

/** One place at the table: a succession of peers, one at a time. */
class Seat {
  peer: FakePeer | null = null;
  isDialled = false;
  readonly past: FakePeer[] = [];
}

/** Plays events against a pattern; `onPeer` and `onGone` let a test keep its books. */
class Table {
  readonly seats = Array.from({ length: PEERS }, () => new Seat());
  readonly #pattern: Pattern;
  readonly #identity: (seat: number) => string;

  constructor(pattern: Pattern, identity: (seat: number) => string = () => "") {
    this.#pattern = pattern;
    this.#identity = identity;
  }

  play(kind: Event, which: number, count: number): void {
    const seat = this.seats[which]!;
    const { peer } = seat;
    if (kind === "accept" || kind === "dial") {
      if (peer !== null) return;
      const newcomer = new FakePeer(this.#pattern, this.#identity(which), limits);
      seat.isDialled = kind === "dial";
      if (seat.isDialled ? newcomer.dial() : newcomer.accept()) seat.peer = newcomer;
    } else if (peer === null) return;
    else if (kind === "close" || (kind === "terminate" && peer.pipe.connected)) {
      if (kind === "close") peer.close();
      else peer.pipe.terminate();
      seat.past.push(peer);
      seat.peer = null;
    } else if (kind === "up" && seat.isDialled && !peer.pipe.connected) peer.up();
    else if (kind === "down" && seat.isDialled && peer.pipe.connected) peer.down();
    else if (kind === "room") peer.takeMore(count);
    else if (kind === "choke") peer.room = 0;
  }

  /** All who ever sat here. */
  get everyone(): FakePeer[] {
    return this.seats.flatMap(({ peer, past }) => (peer === null ? past : [...past, peer]));
  }
}

for (const type of ["PUSH", "DEALER", "PAIR"] as const) {
  test(`${type}: each message is sent once, in order to each peer; lost only with a peer; no wakeup is missed`, () => {
    fc.assert(
      fc.property(events, (events) => {
        const { socket, host } = bench(type);
        const table = new Table(socket);
        const waiting: string[] = [];
        const accepted: string[] = [];
        let isPumping = false;
        const pump = () => {
          if (isPumping) return;
          isPumping = true;
          while (waiting.length > 0 && socket.send(msg(waiting[0]!))) accepted.push(waiting.shift()!);
          isPumping = false;
        };
        host.onWritable = pump;
        let lost = 0;
        let id = 0;
        for (const { kind, which, count } of events) {
          const before = table.seats[which]!.peer;
          const queued = before?.pipe.outboundLength ?? 0;
          table.play(kind, which, count);
          if (before !== null && table.seats[which]!.peer === null) lost += queued;
          if (kind === "send") {
            waiting.push(`${id++}`);
            pump();
          }
          assert.ok(waiting.length === 0 || !socket.writable, "there is room, and nobody said so");
        }
        for (const { peer, isDialled } of table.seats) {
          if (peer === null) continue;
          if (isDialled && !peer.pipe.connected) peer.up();
          peer.takeMore(Infinity);
        }
        const sent: string[] = [];
        for (const peer of table.everyone) {
          const mine = peer.heard().map((message) => message[0]!);
          const inOrder = mine.every((name, i) => i === 0 || Number(mine[i - 1]) < Number(name));
          assert.ok(inOrder, `out of order: ${mine}`);
          sent.push(...mine);
        }
        assert.is(new Set(sent).size, sent.length, "sent twice");
        assert.is(sent.length + lost, accepted.length);
      }),
    );
  });
}

for (const type of ["PULL", "DEALER", "PAIR", "ROUTER", "XSUB", "SUB"] as const) {
  test(`${type}: each message is read once and in order, also those of peers that have gone; no wakeup is missed`, () => {
    fc.assert(
      fc.property(events, fc.boolean(), (events, readsAtOnce) => {
        const { socket, host } = bench(type);
        if (type === "SUB") (socket as ReturnType<typeof bench<"SUB">>["socket"]).subscribe(Buffer.alloc(0));
        const table = new Table(socket, (seat) => `seat ${seat}`);
        const expected = new Map<string, string[]>();
        const read: string[] = [];
        let isTold = false;
        const drain = () => {
          isTold = false;
          for (let message = socket.receive(); message !== undefined; message = socket.receive()) {
            const [id, last] = type === "ROUTER" ? text(message)! : ["", text(message)![0]!];
            if (type === "ROUTER") assert.is(id, `seat ${last!.split(".")[0]}`);
            read.push(last!);
          }
        };
        host.onReadable = () => {
          isTold = true;
          if (readsAtOnce) drain();
        };
        let id = 0;
        for (const { kind, which, count } of events) {
          const { peer } = table.seats[which]!;
          if (kind === "deliver" && peer?.pipe.connected && !peer.pipe.stalled) {
            const name = `${which}.${id++}`;
            const source = `${which}.${table.seats[which]!.past.length}`;
            expected.set(source, [...(expected.get(source) ?? []), name]);
            peer.say(name);
            assert.ok(peer.pipe.inboundLength <= MARK);
          } else if (kind === "send") {
            if (isTold) drain();
          } else table.play(kind, which, count);
          assert.ok(isTold || !socket.readable, "there is a message, and nobody said so");
        }
        drain();
        assert.not(socket.readable);
        const seen = read.slice().sort();
        assert.equal(seen, [...expected.values()].flat().sort());
        for (const names of expected.values()) {
          assert.equal(
            read.filter((name) => names.includes(name)),
            names,
          );
        }
      }),
    );
  });
}

test("PUB: who hears what follows from topics and room alone, whatever came and went", () => {
  const topics = ["", "a", "ab", "abc", "b"];
  const step = fc.record({
    kind: fc.constantFrom<Event | "subscribe" | "cancel">(
      ...(["accept", "accept", "close", "dial", "up", "down", "room", "choke", "terminate"] as const),
      ...(["subscribe", "subscribe", "subscribe", "cancel", "send", "send", "send"] as const),
    ),
    which: fc.nat(PEERS - 1),
    topic: fc.constantFrom(...topics),
    count: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 150 }),
      fc.boolean(),
      fc.boolean(),
      (steps, invertMatching, noDrop) => {
        const { socket } = bench("PUB", { invertMatching, noDrop });
        const table = new Table(socket);
        const books = new Map<FakePeer, { topics: Set<string>; heard: string[] }>();
        let id = 0;
        for (const { kind, which, topic, count } of steps) {
          const { peer } = table.seats[which]!;
          const book = peer === null ? undefined : books.get(peer);
          if (kind === "subscribe" || kind === "cancel") {
            if (!peer?.pipe.connected) continue;
            if (kind === "subscribe") peer.subscribe(topic);
            else peer.cancel(topic);
            if (kind === "subscribe") book!.topics.add(topic);
            else book!.topics.delete(topic);
          } else if (kind === "send") {
            const frame = `${topic}|${id++}`;
            const due = [...books].filter(([peer, { topics }]) => {
              const matches = [...topics].some((topic) => frame.startsWith(topic));
              return peer.pipe.connected && matches !== invertMatching;
            });
            const all = due.every(([peer]) => peer.pipe.writable);
            const heard = due
              .filter(([peer]) => peer.pipe.writable && (all || !noDrop))
              .map(([, book]) => book);
            assert.is(socket.send(msg(frame)), all || !noDrop);
            for (const book of heard) book.heard.push(frame);
          } else {
            table.play(kind, which, count);
            const now = table.seats[which]!.peer;
            if (now !== null && !books.has(now)) books.set(now, { topics: new Set(), heard: [] });
            if (!now?.pipe.connected) book?.topics.clear();
          }
        }
        for (const { peer, isDialled } of table.seats) {
          if (peer === null) continue;
          if (isDialled && !peer.pipe.connected) peer.up();
          peer.takeMore(Infinity);
          assert.equal(peer.heard().flat(), books.get(peer)!.heard);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test.run();
