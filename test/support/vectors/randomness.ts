/** Randomness by name: planned and recorded when vectors are made, played back when they are checked. */
import type { Random } from "../../../src/crypto/provider.ts";
import { seededRandom } from "../seeded-random.ts";
import { hex, type RandomEntry, type SideName, unhex } from "./format.ts";

/** Who draws: a connection's side, or the listening socket (entries of which say `server`). */
export type Source = SideName | "socket";

const LENGTHS: readonly (readonly [RegExp, number])[] = [
  [/^hello\.random$/, 32],
  [/^(rotation\[\d+\]\.)?kem\.seed$/, 64],
  [/^(rotation\[\d+\]\.)?kem\.(x25519|encapsulation|encapsulation\.x25519)$/, 32],
  [/^ticket\[\d+\]\.nonce$/, 16],
  [/^ticket\[\d+\]\.seal$/, 12],
  [/^ticketKey$/, 32],
  [/^ticketContext$/, 16],
  [/^cookieSecret\[\d+\]$/, 32],
  [/^maxAge\[\d+\]\.jitter$/, 4],
];
const OF_SOCKET = /^(ticketKey|ticketContext|ticket\[\d+\]\.seal|cookieSecret\[\d+\])$/;

/** Octets that a name stands for (spec/vectors/README.md, "Randomness"). */
function lengthOf(name: string): number {
  const found = LENGTHS.find(([pattern]) => pattern.test(name));
  if (found === undefined) throw new Error(`${name} is no name of randomness`);
  return found[1];
}

/** Names of a key pair's randomness under KEM `octet`. */
export function keyNames(octet: number, prefix = ""): string[] {
  return [...(octet === 1 ? [] : ["kem.seed"]), ...(octet === 2 || octet === 3 ? [] : ["kem.x25519"])].map(
    (name) => prefix + name,
  );
}

/** Names of an encapsulation's. */
export function encapsulationNames(octet: number, prefix = ""): string[] {
  const post = octet === 1 ? [] : ["kem.encapsulation"];
  return [...post, ...(octet === 2 || octet === 3 ? [] : ["kem.encapsulation.x25519"])].map(
    (name) => prefix + name,
  );
}

/** Gives out octets that were planned by name, and records them in the order of drawing. */
export class Recorder {
  readonly entries: RandomEntry[] = [];
  readonly #planned: Record<Source, { readonly seed: string; readonly name: string }[]> = {
    client: [],
    server: [],
    socket: [],
  };

  /** The next draws of this source, in order; `seed` and the name decide the octets. */
  plan(source: Source, seed: string, names: readonly string[]): this {
    this.#planned[source].push(...names.map((name) => ({ seed, name })));
    return this;
  }

  source(source: Source): Random {
    return (length) => {
      const next = this.#planned[source].shift();
      if (next === undefined) throw new Error(`${source} draws ${length} octets that nobody planned`);
      if (length !== lengthOf(next.name))
        throw new Error(`${source} draws ${length} octets for ${next.name}`);
      const side = source === "socket" ? "server" : source;
      const octets = seededRandom(`${next.seed}/${side}/${next.name}`)(length);
      this.entries.push({ side, name: next.name, octets: hex(octets) });
      return octets;
    };
  }

  /** What was recorded since the last call. Throws when something planned was not drawn. */
  take(): RandomEntry[] {
    for (const [source, left] of Object.entries(this.#planned)) {
      if (left.length > 0) throw new Error(`${source} did not draw ${left.map(({ name }) => name).join()}`);
    }
    return this.entries.splice(0);
  }
}

/** Plays recorded octets back to one source. */
export class Playback {
  readonly #left: RandomEntry[];

  constructor(entries: readonly RandomEntry[], source: Source) {
    const side = source === "socket" ? "server" : source;
    this.#left = entries.filter(
      (entry) => entry.side === side && OF_SOCKET.test(entry.name) === (source === "socket"),
    );
  }

  readonly random: Random = (length) => {
    const next = this.#left.shift();
    if (next === undefined) throw new Error(`${length} octets are drawn, and none are recorded`);
    const octets = unhex(next.octets);
    if (octets.length !== length || lengthOf(next.name) !== length) {
      throw new Error(`${length} octets are drawn where ${next.name} is recorded`);
    }
    return new Uint8Array(octets);
  };

  /** More to play, of a connection that follows. */
  add(entries: readonly RandomEntry[], source: Source): void {
    this.#left.push(...new Playback(entries, source).#left);
  }

  /** Names that were not drawn. */
  get left(): readonly string[] {
    return this.#left.map(({ name }) => name);
  }
}
