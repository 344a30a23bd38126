/**
 * A naive peer that can say any letter at any time: the one that is right at this point where there is one, else what
 * another session said in its place.
 */
import type { QzmqFactory } from "../../src/mechanism/qzmq/index.ts";
import { extension, type NaiveClient } from "../support/naive-client.ts";
import { bodies, bytes, Cursor, frame, greeting, nameOf, v8 } from "../support/naive-codec.ts";
import type { NaiveServer } from "../support/naive-server.ts";
import { control, type NaiveTraffic } from "../support/naive-traffic.ts";
import type { Letter, RecordLetter, Rules } from "./oracle.ts";
import { message } from "./tickets.ts";
import { bob, type ToyGround, toyClient, toyServer } from "./toy-ground.ts";
import { join, Victim } from "./victim.ts";

/** A ticket of an earlier session. */
interface Earned {
  readonly ticket: Buffer;
  readonly psk: Buffer;
}

/** Recorded messages of another session, by letter. */
export type Recorded = ReadonlyMap<string, Buffer>;

/** See the head of this file. */
export class Speaker {
  readonly victim: Victim;
  readonly #recorded: Recorded;
  readonly #client: NaiveClient | null;
  readonly #server: NaiveServer | null;
  #keyed = false;
  #established = false;
  /** Who has said what of a rotation. */
  #offer: ReturnType<NaiveTraffic["offer"]> | null = null;
  #ack: Buffer | null = null;
  #theirs: Buffer | null = null;
  #greeted = false;
  /** Whether the client has come again with a cookie. */
  #retried = false;
  /** How many messages were said in the state that delivers them. */
  messages = 0;

  constructor(ground: ToyGround, rules: Rules, recorded: Recorded, earned: Earned | null) {
    const { role, early } = rules;
    this.#recorded = recorded;
    const waiting = early && role === "client" ? [message("early")] : [];
    this.victim = new Victim(role === "server" ? ground.server : ground.client, { waiting });
    this.#client = role === "server" ? toyClient(earned?.psk ?? null) : null;
    this.#server = role === "client" ? toyServer(earned?.psk ?? null) : null;
    if (this.#client !== null && earned !== null) {
      this.#client.ticket = earned.ticket;
      this.#client.extensions = extension(0x2a);
    }
    this.victim.feed(greeting(role === "server" ? 0 : 1));
    this.#listen();
  }

  /** Says a letter; the honest side has dealt with it when this returns. */
  say(letter: Letter): void {
    if (letter === "ask") {
      if (this.victim.ready !== null) {
        this.victim.mechanism.rotate(this.victim.now);
        this.victim.engine.advance(this.victim.now);
      }
    } else {
      this.victim.feed(letter === "plain" ? frame("plain", 0) : frame(this.#body(letter)));
    }
    this.#listen();
  }

  #body(letter: Exclude<Letter, "ask" | "plain">): Buffer {
    const recorded = () => this.#recorded.get(letter)!;
    switch (letter) {
      case "ERROR":
        return bytes(v8("ERROR"), v8("internal"));
      case "UNKNOWN":
        return bytes(v8("NOSUCH"), "data");
      case "CLIENTHELLO":
        return this.#client === null || this.#keyed ? recorded() : this.#firstHello(this.#client);
      case "CLIENTHELLO+cookie":
        return this.#client === null || this.#client.cookie.length === 0 ? recorded() : this.#client.hello();
      case "EARLY":
        return this.#client === null || this.#established || this.#client.ticket.length === 0
          ? recorded()
          : this.#client.early(message("early"));
      case "RETRY":
        return recorded();
      case "SERVERHELLO":
        return this.#server === null || this.#keyed ? recorded() : this.#serverHello(this.#server);
      case "CLIENTKEY":
        if (this.#client === null || !this.#keyed) return recorded();
        return this.#established ? recorded() : this.#clientKey(this.#client);
      case "FINISHED":
        if (this.#server === null || !this.#keyed || this.#established) return recorded();
        this.#established = true;
        return this.#server.finished();
      case "MESSAGE":
      case "PAD":
      case "KEYUPDATE":
      case "KEYUPDATEACK":
      case "KEYCONFIRM":
      case "TICKET":
      case "CLOSE":
        return this.#established ? this.#record(letter) : recorded();
    }
  }

  #firstHello(client: NaiveClient): Buffer {
    const { cookie } = client;
    client.cookie = Buffer.alloc(0);
    const hello = client.hello();
    client.cookie = cookie;
    return hello;
  }

  #serverHello(server: NaiveServer): Buffer {
    const early = server.offered.has(0x2a) && !this.#retried;
    if (server.psk === null) return server.serverHello();
    return server.serverHello(early ? { extensions: bytes("\0\x04", extension(0x2a)) } : {});
  }

  #clientKey(client: NaiveClient): Buffer {
    this.#established = true;
    return client.clientKey();
  }

  #record(letter: RecordLetter): Buffer {
    const { traffic } = (this.#client ?? this.#server)!;
    const said = (plaintext: Uint8Array) => traffic.record("CONTROL", plaintext);
    const { epoch } = traffic.sending;
    switch (letter) {
      case "MESSAGE":
        this.messages++;
        return traffic.record("MESSAGE", message("m"));
      case "PAD":
        return said(control.pad(3));
      case "CLOSE":
        return said(control.close(0));
      case "TICKET":
        return said(control.ticket("ticket"));
      case "KEYUPDATE": {
        const offer = traffic.offer();
        this.#offer ??= offer;
        return said(offer.update);
      }
      case "KEYUPDATEACK": {
        if (this.#theirs === null) return said(control.ack(epoch + 1, Buffer.alloc(1088)));
        const body = said(traffic.answer(this.#theirs));
        this.#theirs = null;
        this.#offer = null;
        traffic.turn("sending");
        traffic.turn("reading");
        return body;
      }
      case "KEYCONFIRM": {
        if (this.#ack === null) return said(control.confirm(epoch + 1));
        this.#ack = null;
        traffic.turn("sending");
        return said(control.confirm(epoch + 1));
      }
    }
  }

  /** Takes in what the honest side said. */
  #listen(): void {
    let octets = this.victim.output();
    if (!this.#greeted) {
      octets = octets.subarray(64);
      this.#greeted = true;
    }
    for (const body of bodies(octets)) this.#hear(nameOf(body), body);
  }

  #hear(name: string, body: Buffer): void {
    if (name === "RETRY") this.#client!.retry(body);
    if (name === "CLIENTHELLO") this.#retried = this.#server!.clientHello(body).length > 0;
    if (name === "SERVERHELLO") {
      this.#client!.serverHello(body, bob.signer.publicKey);
      this.#keyed = true;
    }
    if (name === "CLIENTKEY") {
      // A SERVERHELLO of another session is believed by nobody, so this answers ours.
      this.#server!.clientKey(body);
      this.#keyed = true;
    }
    if (name === "FINISHED") this.#client!.finished(body);
    if ((name !== "CONTROL" && name !== "MESSAGE") || this.victim.error !== null) return;
    const { traffic } = (this.#client ?? this.#server)!;
    const { plaintext } = traffic.read(body);
    if (name === "MESSAGE") return;
    if (plaintext[0] === 1) this.#theirs = plaintext;
    if (plaintext[0] !== 2 || this.#offer === null) return;
    this.#ack = plaintext;
    traffic.accept(this.#offer, plaintext);
    traffic.turn("reading");
    this.#offer = null;
    this.#theirs = null;
  }
}

/** A ticket for a naive client, or for an honest one whose store then holds it. */
export class Earner {
  readonly #ground: ToyGround;
  readonly #rules: Rules;
  #tickets: Earned[] = [];

  constructor(ground: ToyGround, rules: Rules) {
    this.#ground = ground;
    this.#rules = rules;
  }

  earn(): Earned | null {
    if (!this.#rules.early) return null;
    this.#ground.store.dispose();
    if (this.#rules.role === "client") return this.#bestow();
    if (this.#tickets.length === 0) this.#tickets = this.#four();
    return this.#tickets.pop()!;
  }

  #bestow(): Earned {
    const server = toyServer();
    const victim = new Victim(this.#ground.client).feed(greeting(1));
    server.clientHello(bodies(victim.output().subarray(64))[0]!);
    victim.feed(frame(server.serverHello()));
    server.clientKey(victim.said()[0]!);
    victim.feed(frame(server.finished()));
    const nonce = Buffer.alloc(16, 7);
    victim.feed(frame(server.traffic.record("CONTROL", control.ticket("a ticket", nonce, 60, 16_384))));
    const psk = server.traffic.psk(nonce);
    victim.dispose();
    return { ticket: bytes("a ticket"), psk };
  }

  #four(): Earned[] {
    const client = toyClient();
    const victim = new Victim(this.#ground.server).feed(greeting(0));
    victim.output();
    const hello = () => frame(client.hello());
    let said = victim.feed(hello()).said();
    if (nameOf(said[0]!) === "RETRY") {
      client.retry(said[0]!);
      said = victim.feed(hello()).said();
    }
    client.serverHello(said[0]!, bob.signer.publicKey);
    const [finished, ...tickets] = victim.feed(frame(client.clientKey())).said();
    client.finished(finished!);
    const earned = tickets.map((body) => {
      const cursor = new Cursor(client.traffic.read(body).plaintext, 9);
      const psk = client.traffic.psk(cursor.take(16));
      return { psk, ticket: cursor.vector(2) };
    });
    victim.dispose();
    return earned;
  }
}

/** What two honest sides say to each other, by letter: right messages of a session that is not this one. */
export function recordSession(server: QzmqFactory, client: QzmqFactory): Recorded {
  const found = new Map<string, Buffer>();
  const a = new Victim(client);
  const b = new Victim(server);
  for (let i = 0; i < 20; i++) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const octets = from.output();
      const start = octets[0] === 0xff ? 64 : 0;
      for (const body of bodies(octets.subarray(start))) {
        const name = nameOf(body);
        found.set(found.has(name) && name === "CLIENTHELLO" ? "CLIENTHELLO+cookie" : name, body);
      }
      if (octets.length > 0) to.feed(octets);
    }
  }
  a.send("m");
  found.set("MESSAGE", a.said()[0]!);
  join(a, b);
  a.mechanism.rotate(0);
  a.engine.advance(0);
  const body = a.said()[0]!;
  for (const letter of ["PAD", "KEYUPDATE", "KEYUPDATEACK", "KEYCONFIRM", "TICKET", "CLOSE"]) {
    found.set(letter, body);
  }
  a.dispose();
  b.dispose();
  found.set("EARLY", bytes(v8("EARLY"), Buffer.alloc(60)));
  if (!found.has("RETRY")) found.set("RETRY", bytes(v8("RETRY"), v8("cookie")));
  if (!found.has("CLIENTHELLO+cookie")) {
    const hello = found.get("CLIENTHELLO")!;
    found.set("CLIENTHELLO+cookie", bytes(hello.subarray(0, 45), v8("cookie"), hello.subarray(46)));
  }
  return found;
}
