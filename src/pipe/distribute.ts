/** Distribution: one message to many pipes. A full pipe misses the whole message, and nobody waits for it (RFC 29). */
import type { Message } from "../wire/message.ts";
import type { Pipe } from "./pipe.ts";
import type { TopicTable } from "./subscription-trie.ts";

/** How a message is matched; a part of `PatternSettings`. */
export interface MatchSettings {
  /** To those whose topics do not match (ZMQ_INVERT_MATCHING). */
  readonly invertMatching: boolean;
  /** To all that match or, when one of them is full, to none (ZMQ_XPUB_NODROP). */
  readonly noDrop: boolean;
}

/** The pipes of a socket that sends to all of them, or to all that want the message. */
export class Distributor {
  readonly #pipes = new Set<Pipe>();
  #round = 0;
  // Reused from message to message. A send from within a send makes its own.
  #selection: (Pipe | undefined)[] | null = [];

  attach(pipe: Pipe): void {
    this.#pipes.add(pipe);
  }

  detach(pipe: Pipe): void {
    this.#pipes.delete(pipe);
  }

  has(pipe: Pipe): boolean {
    return this.#pipes.has(pipe);
  }

  [Symbol.iterator](): IterableIterator<Pipe> {
    return this.#pipes.values();
  }

  /** Sends to every pipe with room. */
  sendToAll(message: Message): void {
    for (const pipe of this.#pipes) pipe.write(message);
  }

  /** Sends to the pipes that `table` matches with the first frame. False, with nothing sent, only under `noDrop`. */
  sendToMatching(message: Message, table: TopicTable<Pipe>, settings: MatchSettings): boolean {
    const selection = this.#selection ?? [];
    this.#selection = null;
    const count = this.#select(message[0]!, table, settings.invertMatching, selection);
    const refused = settings.noDrop && hasFull(selection, count);
    for (let i = 0; i < count; i++) {
      if (!refused) selection[i]!.write(message);
      selection[i] = undefined;
    }
    this.#selection = selection;
    return !refused;
  }

  /** Whom to send to, decided before the first write: a write may end a pipe or change a subscription. */
  #select(frame: Buffer, table: TopicTable<Pipe>, invert: boolean, into: (Pipe | undefined)[]): number {
    const round = ++this.#round;
    if (!invert) return table.match(frame, round, into);
    table.match(frame, round, []);
    let count = 0;
    for (const pipe of this.#pipes) if (pipe.mark !== round) into[count++] = pipe;
    return count;
  }
}

function hasFull(pipes: readonly (Pipe | undefined)[], count: number): boolean {
  for (let i = 0; i < count; i++) if (!pipes[i]!.writable) return true;
  return false;
}
