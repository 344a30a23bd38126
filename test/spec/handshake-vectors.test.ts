/** The mechanism reproduces each octet of the handshakes and rotations in spec/vectors, from recorded randomness. */
import { suite } from "uvu";
import { nobleProvider } from "../../src/crypto/noble.ts";
import { cryptoProvider } from "../../src/crypto/select.ts";
import { type HandshakeVector, readVectors } from "../support/vectors/format.ts";
import { type AnyHandshake, type Feeding, Replay } from "../support/vectors/replay.ts";
import type { AnyRotation } from "../support/vectors/run-rotation.ts";

const handshakes = suite("handshake vectors");
const rotations = suite("rotation vectors");
const SIDES = ["client", "server"] as const;
/** Every vector on the native back end, in both ways of feeding; on the pure one fed whole. */
const WAYS = [
  ["node", "whole", cryptoProvider("node")],
  ["node", "octets", cryptoProvider("node")],
  ["noble", "whole", nobleProvider()],
] as const;

for (const [name, feeding, provider] of WAYS) {
  for (const file of ["full", "classical", "client-auth", "retry", "resumed", "early", "rejected"]) {
    handshakes(`handshake-${file}: ${name}, ${feeding}`, () => {
      const vectors = readVectors<AnyHandshake>(`handshake-${file}`);
      for (const side of SIDES) {
        const replay = new Replay(provider, side, feeding satisfies Feeding);
        for (const vector of vectors) {
          if (vector.receiver === undefined || vector.receiver === side) replay.handshake(vector);
        }
      }
    });
  }
  for (const file of ["plain", "crossed", "one-way", "rejected"]) {
    rotations(`rotation-${file}: ${name}, ${feeding}`, () => {
      for (const vector of readVectors<AnyRotation>(`rotation-${file}`)) {
        const handshake = readVectors<HandshakeVector>(vector.handshake.file).find(
          (found) => found.name === vector.handshake.name,
        )!;
        for (const side of SIDES) {
          if (vector.receiver !== undefined && vector.receiver !== side) continue;
          new Replay(provider, side, feeding).rotation(vector, handshake);
        }
      }
    });
  }
}

handshakes.run();
rotations.run();
