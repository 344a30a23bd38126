/** Where sins happen: one honest side, one naive peer, brought to a certain point of an honest conversation. */
import type { PeerErrorCode } from "../../src/errors.ts";
import type { Identity } from "../../src/mechanism/qzmq/identity.ts";
import { NaiveClient } from "../support/naive-client.ts";
import {
  bodies,
  bytes,
  frame,
  greeting,
  type NaiveSuite,
  nameOf,
  type Octets,
} from "../support/naive-codec.ts";
import type { NaiveHandshake } from "../support/naive-handshake.ts";
import { NaiveServer } from "../support/naive-server.ts";
import { provider, testIdentity } from "../support/qzmq-identities.ts";
import { type Factories, makeFactories } from "../support/qzmq-session.ts";
import { Bystanders, Victim, type VictimOptions } from "./victim.ts";

/** Who is pinned: `alice` by servers, `bob` by clients. */
export const alice: Identity = await testIdentity(2);
export const bob: Identity = await testIdentity(1);

/** Factories with two bystanders that have met through them. */
export interface Ground extends Factories {
  readonly bystanders: Bystanders;
}

/** New factories and bystanders. */
export async function ground(setup: Parameters<typeof makeFactories>[0] = {}): Promise<Ground> {
  const factories = await makeFactories(setup);
  const bystanders = new Bystanders(factories.client, factories.server);
  // What the bystanders' tickets would do to the clients under test is no part of it.
  factories.store.dispose();
  return { ...factories, bystanders };
}

/** How a scene begins. */
export interface SceneOptions extends VictimOptions {
  /** The naive peer's; default that of the role, `null` for an anonymous client. */
  readonly identity?: Identity | null;
  readonly suite?: NaiveSuite;
  readonly psk?: Uint8Array;
  /** The peer's as-server octet. */
  readonly asServer?: number;
}

/** See the head of this file. */
export class Scene<P extends NaiveHandshake> {
  readonly ground: Ground;
  readonly victim: Victim;
  readonly peer: P;
  /** Bodies that the honest side said and nobody looked at yet. */
  readonly unread: Buffer[] = [];
  #greeted = false;

  constructor(ground: Ground, victim: Victim, peer: P) {
    this.ground = ground;
    this.victim = victim;
    this.peer = peer;
  }

  /** Octets as they are. */
  raw(...octets: Uint8Array[]): this {
    this.victim.feed(...octets);
    return this.listen();
  }

  /** Bodies, each in a command frame. */
  say(...list: Octets[]): this {
    return this.raw(...list.map((body) => frame(body)));
  }

  /** Takes what the honest side wrote meanwhile. */
  listen(): this {
    let octets = this.victim.output();
    if (!this.#greeted && octets.length >= 64) {
      octets = octets.subarray(64);
      this.#greeted = true;
    }
    this.unread.push(...bodies(octets));
    return this;
  }

  /** The next body that the honest side said, which is to be a `name`. */
  next(name: string): Buffer {
    const body = this.unread.shift();
    if (body === undefined || nameOf(body) !== name) {
      throw new Error(`${name} expected, not ${body === undefined ? "nothing" : describe(this.peer, body)}`);
    }
    return body;
  }

  /** The plaintext of the next record. */
  nextRecord(name: "MESSAGE" | "CONTROL"): Buffer {
    return this.peer.traffic.read(this.next(name)).plaintext;
  }

  /** All that was not looked at, in words. */
  rest(): string[] {
    return this.unread.splice(0).map((body) => describe(this.peer, body));
  }
}

const CONTROLS = ["", "KEYUPDATE", "KEYUPDATEACK", "TICKET", "CLOSE", "KEYCONFIRM", "PAD"];

function describe(peer: NaiveHandshake, body: Buffer): string {
  const name = nameOf(body);
  if (name === "ERROR") return `ERROR ${body.toString("latin1", 7)}`;
  if (name !== "MESSAGE" && name !== "CONTROL") return name;
  const { plaintext } = peer.traffic.read(body);
  if (name === "MESSAGE") return `MESSAGE ${plaintext.toString("latin1")}`;
  return plaintext[0] === 4 ? `CLOSE ${plaintext[1]}` : CONTROLS[plaintext[0]!]!;
}

export type ServerScene = Scene<NaiveClient>;
export type ClientScene = Scene<NaiveServer>;
/** A point of the conversation. `greeted`: SERVERHELLO was said; `keyed`: CLIENTKEY was. */
export type Point = "greeting" | "met" | "greeted" | "keyed" | "established";

/** A naive client before an honest server. At `keyed` the server has said FINISHED and the client has not read it. */
export function beforeServer(on: Ground, to: Point, options: SceneOptions = {}): ServerScene {
  const victim = new Victim(on.server, options);
  const setup = { provider, clientGreeting: greeting(options.asServer ?? 0), serverGreeting: greeting(1) };
  const { identity = alice, suite, psk } = options;
  const peer = new NaiveClient({
    ...setup,
    identity,
    ...(suite === undefined ? {} : { suite }),
    ...(psk === undefined ? {} : { psk }),
  });
  const scene = new Scene(on, victim, peer).listen();
  if (to === "greeting") return scene;
  scene.raw(setup.clientGreeting);
  if (to === "met") return scene;
  scene.say(peer.hello());
  peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
  if (to === "greeted") return scene;
  return key(scene, to);
}

/** From `greeted` on. */
export function key(scene: ServerScene, to: Point): ServerScene {
  scene.say(scene.peer.clientKey());
  if (to === "keyed") return scene;
  scene.peer.finished(scene.next("FINISHED"));
  return scene;
}

/** A naive server before an honest client. `greeted`: CLIENTHELLO was read, nothing said. `keyed`: CLIENTKEY was read. */
export function beforeClient(on: Ground, to: Point, options: SceneOptions = {}): ClientScene {
  const victim = new Victim(on.client, options);
  const setup = { provider, clientGreeting: greeting(0), serverGreeting: greeting(options.asServer ?? 1) };
  const { identity = bob, suite, psk } = options;
  const peer = new NaiveServer({
    ...setup,
    identity,
    ...(suite === undefined ? {} : { suite }),
    ...(psk === undefined ? {} : { psk }),
  });
  const scene = new Scene(on, victim, peer).listen();
  if (to === "greeting") return scene;
  scene.raw(setup.serverGreeting);
  if (to === "met") return scene;
  peer.clientHello(scene.next("CLIENTHELLO"));
  if (to === "greeted") return scene;
  scene.say(peer.serverHello());
  peer.clientKey(scene.next("CLIENTKEY"));
  if (to === "keyed") return scene;
  scene.say(peer.finished());
  return scene;
}

/** What an honest side is left with. */
export interface Outcome {
  readonly cause: PeerErrorCode | null;
  /** What it said to the end, in words. */
  readonly told: readonly string[];
  readonly delivered: readonly string[];
  /** Others on the same factories can still talk. */
  readonly othersTalk: boolean;
  /** Seats in the server's waiting room. */
  readonly seats: number;
}

/** Looks at everything that a sin may have done, and clears up. */
export function outcome(scene: Scene<NaiveHandshake>): Outcome {
  scene.listen();
  const { victim, ground } = scene;
  const found = {
    cause: victim.error?.code ?? null,
    told: scene.rest(),
    delivered: victim.delivered,
    othersTalk: ground.bystanders.talk(),
    seats: ground.server.admission!.load.handshakes,
  };
  victim.dispose();
  return found;
}

/** Octets with one bit of the octet at `at` turned over. */
export function flip(octets: Uint8Array, at: number, bit = 0): Buffer {
  const out = bytes(octets);
  out[at]! ^= 1 << bit;
  return out;
}
