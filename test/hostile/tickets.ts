/** Scenes that begin with a ticket of an earlier connection. */
import { extension } from "../support/naive-client.ts";
import { bytes, Cursor, frame, u64 } from "../support/naive-codec.ts";
import { control } from "../support/naive-traffic.ts";
import {
  beforeClient,
  beforeServer,
  bob,
  type ClientScene,
  type Ground,
  key,
  type SceneOptions,
  type ServerScene,
} from "./scene.ts";

/** A ticket as a client has it. */
export interface Ticket {
  readonly ticket: Buffer;
  readonly psk: Buffer;
}

/** A naive client meets the server and is given a ticket. `hello` is what its CLIENTHELLO says besides. */
export function earn(on: Ground, options: SceneOptions = {}, extensions: Buffer = Buffer.alloc(0)): Ticket {
  const scene = beforeServer(on, "met", options);
  scene.peer.extensions = extensions;
  scene.say(scene.peer.hello());
  scene.peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
  key(scene, "established");
  const cursor = new Cursor(scene.nextRecord("CONTROL"), 9);
  const psk = scene.peer.traffic.psk(cursor.take(16));
  const ticket = cursor.vector(2);
  scene.victim.dispose();
  return { ticket, psk };
}

/** A naive client that has a ticket, before its CLIENTHELLO. */
export function returning(
  on: Ground,
  { ticket, psk }: Ticket,
  options: SceneOptions & { readonly early?: boolean } = {},
): ServerScene {
  const scene = beforeServer(on, "met", { ...options, psk });
  scene.peer.ticket = ticket;
  if (options.early) scene.peer.extensions = extension(0x2a);
  return scene;
}

/** The same, SERVERHELLO read; with EARLY records of these plaintexts, which are sent before it is read. */
export function resumed(
  on: Ground,
  ticket: Ticket,
  early: readonly Uint8Array[] | null = null,
  options: SceneOptions = {},
): ServerScene {
  const scene = returning(on, ticket, { ...options, early: early !== null });
  const { peer } = scene;
  const hello = peer.hello();
  scene.say(hello, ...(early ?? []).map((plaintext) => peer.early(plaintext)));
  peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
  return scene;
}

/** An honest client meets a naive server, which gives it a ticket; its PSK. */
export function bestow(on: Ground, earlyLimit = 0): Buffer {
  const scene = beforeClient(on, "established");
  const nonce = Buffer.alloc(16, 7);
  scene.say(scene.peer.traffic.record("CONTROL", control.ticket("a ticket", nonce, 60, earlyLimit)));
  const psk = scene.peer.traffic.psk(nonce);
  scene.victim.dispose();
  return psk;
}

/** An honest client comes back with its ticket, CLIENTHELLO and EARLY read; messages wait to be sent early. */
export function comingBack(on: Ground, psk: Buffer, waiting: Uint8Array[] = []): ClientScene {
  const scene = beforeClient(on, "greeted", { psk, waiting });
  if (scene.peer.sessionId.toString() !== "a ticket") throw new Error("the client did not use its ticket");
  waiting.forEach((plaintext, i) => {
    const read = scene.peer.readEarly(scene.next("EARLY"), i);
    if (!read.equals(plaintext)) throw new Error("EARLY holds something else");
  });
  return scene;
}

/** A message of one frame, as it stands in a stream. */
export const message = (text: string | Uint8Array): Buffer =>
  text.length > 255 ? bytes("\x02", u64(text.length), text) : frame(text, 0);
