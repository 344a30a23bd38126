/** The mechanism reproduces each octet of the handshakes and rotations in spec/vectors, from recorded randomness. */
import { suite } from "uvu";
import { nobleProvider } from "../../src/crypto/noble.ts";
import { cryptoProvider } from "../../src/crypto/select.ts";
import { readVectors } from "../support/vectors/format.ts";
import { type AnyHandshake, type Feeding, Replay } from "../support/vectors/replay.ts";

const handshakes = suite("handshake vectors");
const native = cryptoProvider("node");
const pure = nobleProvider();
const FILES = ["full", "classical", "client-auth", "retry", "resumed", "early"];

for (const file of FILES) {
  for (const feeding of ["whole", "octets"] satisfies Feeding[]) {
    handshakes(`handshake-${file}, ${feeding}, node`, () => {
      const vectors = readVectors<AnyHandshake>(`handshake-${file}`);
      for (const side of ["client", "server"] as const) {
        const replay = new Replay(native, side, feeding);
        for (const vector of vectors) replay.handshake(vector);
      }
    });
  }
  handshakes(`handshake-${file}, noble`, () => {
    for (const side of ["client", "server"] as const) {
      const replay = new Replay(pure, side, "whole");
      for (const vector of readVectors<AnyHandshake>(`handshake-${file}`)) replay.handshake(vector);
    }
  });
}

handshakes.run();
