/** Every file of vectors, by its name without `.json`, and how it is made. */
import { serialize, type Vector } from "./format.ts";
import { classical, clientAuth, early, full, resumed, retry } from "./handshakes.ts";

function group(
  name: string,
  note: string,
  make: () => Promise<readonly Vector[]>,
): [string, () => Promise<string>] {
  return [name, async () => serialize(name, note, await make())];
}

export const GROUPS: Readonly<Record<string, () => Promise<string>>> = Object.fromEntries([
  group("handshake-full", "Every recommended suite, with an anonymous client and a pinned server.", full),
  group("handshake-classical", "Mode classical: X25519 and Ed25519.", classical),
  group("handshake-client-auth", "Clients that show themselves, and some that do not.", clientAuth),
  group("handshake-retry", "RETRY with a cookie.", retry),
  group("handshake-resumed", "Connections that bring tickets, and such that use them.", resumed),
  group("handshake-early", "Early data, accepted and refused.", early),
]);
