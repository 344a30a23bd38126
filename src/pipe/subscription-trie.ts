/**
 * Subscriptions, which are topics matched as prefixes of a message's first frame (RFC 29): at the publisher the set
 * of pipes behind each topic, at the subscriber a count for each.
 *
 * RFC 37 counts subscriptions at the publisher too. libzmq keeps a set there and counts at the subscriber, which sends
 * SUBSCRIBE each time and CANCEL once; with counts on both ends such a subscriber would never get rid of a topic.
 */
import { RadixTree, type TreeNode } from "./radix-tree.ts";

/** What a {@link TopicTable} finds: `mark` is the number of the last round that found it, for it alone to write. */
export interface Markable {
  mark: number;
}

/** What one subscriber holds. */
export interface Holding {
  readonly topics: number;
  /** Octets of all its topics together, which is more than they take up here but not more than listing them does. */
  readonly octets: number;
}

const NOTHING: Holding = { topics: 0, octets: 0 };

class OwnTopics<T> implements Holding {
  readonly nodes = new Set<TreeNode<Set<T>>>();
  octets = 0;

  get topics(): number {
    return this.nodes.size;
  }
}

/** Who wants which topics. Subscribers to everything sit at the root, which is where every search begins. */
export class TopicTable<T extends Markable> {
  readonly #tree = new RadixTree<Set<T>>();
  readonly #held = new Map<T, OwnTopics<T>>();

  /** What `subscriber` holds now. */
  held(subscriber: T): Holding {
    return this.#held.get(subscriber) ?? NOTHING;
  }

  /** Adds one topic, unless it is held already. True when nobody at all held it before. */
  add(topic: Buffer, subscriber: T): boolean {
    const node = this.#tree.insert(topic);
    const isFirst = node.value === undefined;
    node.value ??= new Set();
    if (node.value.has(subscriber)) return false;
    node.value.add(subscriber);
    const own = this.#held.get(subscriber) ?? new OwnTopics();
    if (own.topics === 0) this.#held.set(subscriber, own);
    own.nodes.add(node);
    own.octets += node.depth;
    return isFirst;
  }

  /** Withdraws one topic, if it is held. True when nobody holds it now. */
  remove(topic: Buffer, subscriber: T): boolean {
    const node = this.#tree.find(topic);
    if (node?.value === undefined) return true;
    const own = this.#held.get(subscriber);
    if (own?.nodes.delete(node)) {
      own.octets -= node.depth;
      if (own.nodes.size === 0) this.#held.delete(subscriber);
    }
    return this.#release(node, subscriber);
  }

  /** Withdraws all topics of one subscriber, showing each node (for its key) and whether nobody holds it now. */
  removeAll(subscriber: T, removed: (topic: TreeNode<unknown>, isLast: boolean) => void): void {
    const own = this.#held.get(subscriber);
    if (own === undefined) return;
    this.#held.delete(subscriber);
    for (const node of own.nodes) {
      const isLast = node.value!.size === 1;
      removed(node, isLast);
      this.#release(node, subscriber);
    }
  }

  /**
   * Writes those who hold a prefix of `frame` into `into`, each once, and returns how many. `round` is a number that
   * no earlier call had; it ends up as the `mark` of those found.
   */
  match(frame: Uint8Array, round: number, into: (T | undefined)[]): number {
    let found = 0;
    let node: TreeNode<Set<T>> | undefined = this.#tree.root;
    for (; node !== undefined; node = node.towards(frame)) {
      if (node.value === undefined) continue;
      for (const subscriber of node.value) {
        if (subscriber.mark === round) continue;
        subscriber.mark = round;
        into[found++] = subscriber;
      }
    }
    return found;
  }

  #release(node: TreeNode<Set<T>>, subscriber: T): boolean {
    node.value!.delete(subscriber);
    if (node.value!.size > 0) return false;
    node.value = undefined;
    this.#tree.prune(node);
    return true;
  }
}

/** A subscriber's own topics, each with the number of times it was asked for. */
export class TopicCounts {
  readonly #tree = new RadixTree<number>();

  add(topic: Buffer): void {
    const node = this.#tree.insert(topic);
    node.value = (node.value ?? 0) + 1;
  }

  /** Takes one back. True when that was the last; false when some are left or there was none. */
  remove(topic: Buffer): boolean {
    const node = this.#tree.find(topic);
    if (node?.value === undefined) return false;
    if (node.value > 1) {
      node.value--;
      return false;
    }
    node.value = undefined;
    this.#tree.prune(node);
    return true;
  }

  /** True when some topic is a prefix of `frame`. */
  matches(frame: Uint8Array): boolean {
    let node: TreeNode<number> | undefined = this.#tree.root;
    for (; node !== undefined; node = node.towards(frame)) if (node.value !== undefined) return true;
    return false;
  }

  /** Each topic once. The set must not change meanwhile. */
  *topics(): IterableIterator<Buffer> {
    for (const node of this.#tree.nodes()) yield node.key();
  }
}
