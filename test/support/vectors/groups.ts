/** Every file of vectors, by its name without `.json`, and how it is made. */
import { identityVectors } from "./chain-vectors.ts";
import { cookieVectors } from "./cookie-vectors.ts";
import { serialize, type Vector } from "./format.ts";
import { classical, clientAuth, early, full, resumed, retry } from "./handshakes.ts";
import { recordVectors } from "./record-vectors.ts";
import { rejected } from "./rejected.ts";
import { crossedRotations, oneWayRotations, plainRotations, rejectedRotations } from "./rotations.ts";
import { scheduleVectors } from "./schedule-vectors.ts";
import { ticketVectors } from "./ticket-vectors.ts";

function group(
  name: string,
  note: string,
  make: () => Promise<readonly Vector[]>,
): [string, () => Promise<string>] {
  return [name, async () => serialize(name, note, await make())];
}

export const GROUPS: Readonly<Record<string, () => Promise<string>>> = Object.fromEntries([
  group(
    "handshake-full",
    "Each KEM but 1, signature, AEAD and hash, with an anonymous client and a pinned server.",
    full,
  ),
  group("handshake-classical", "Mode classical: X25519 and Ed25519.", classical),
  group("handshake-client-auth", "Clients that show themselves, and some that do not.", clientAuth),
  group("handshake-retry", "RETRY with a cookie.", retry),
  group("handshake-resumed", "Connections that bring tickets, and such that use them.", resumed),
  group("handshake-early", "Early data, accepted and refused.", early),
  group(
    "handshake-rejected",
    "What a side must refuse, one vector for each check, and how it says so.",
    rejected,
  ),
  group("rotation-plain", "Rotations that one side starts, one after another.", plainRotations),
  group("rotation-crossed", "Rotations that both sides start for the same epoch.", crossedRotations),
  group("rotation-one-way", "Rotations while only one side sends application data.", oneWayRotations),
  group("rotation-rejected", "Records that end an established connection.", rejectedRotations),
  group("key-schedule", "Derive and the key schedule alone.", scheduleVectors),
  group("records", "Records under given keys, and how a frame stream is cut into them.", recordVectors),
  group("tickets", "What a ticket holds, how it is sealed, and when it does not resume.", ticketVectors),
  group("certificates", "Certificates, revocation lists, chains and key files.", identityVectors),
  group("cookies", "Cookies of the recommended layout.", cookieVectors),
]);
