/**
 * A compressed prefix tree over octet strings. A walk from the root towards a message meets every stored prefix of
 * it, comparing each octet once; a node with a single child and no value does not exist, so a long topic is one node.
 * No step recurses: the depth of a tree that peers fill is theirs to choose.
 */

/** One place in the tree. It keeps its identity while the tree changes around it, as long as it has a value. */
export class TreeNode<V> {
  /** What is stored under this prefix; `undefined` for a mere fork. */
  value: V | undefined = undefined;
  /** Octets from the parent to here as a latin1 string, which is smaller than any typed array; empty at the root. */
  edge: string;
  /** Octets from the root to here. */
  readonly depth: number;
  parent: TreeNode<V> | null;
  /** By the first octet of their edges; null at a leaf. */
  children: Map<number, TreeNode<V>> | null = null;

  constructor(edge: string, parent: TreeNode<V> | null) {
    this.edge = edge;
    this.parent = parent;
    this.depth = (parent === null ? 0 : parent.depth) + edge.length;
  }

  /** The next node on the way to `key`, provided that the whole of its prefix is a prefix of `key`. */
  towards(key: Uint8Array): TreeNode<V> | undefined {
    const depth = this.depth;
    if (this.children === null || depth >= key.length) return undefined;
    const child = this.children.get(key[depth]!);
    if (child === undefined || child.depth > key.length) return undefined;
    const edge = child.edge;
    for (let i = 1; i < edge.length; i++) {
      if (edge.charCodeAt(i) !== key[depth + i]) return undefined;
    }
    return child;
  }

  /** The octets from the root to here, in a fresh Buffer. */
  key(): Buffer {
    const key = Buffer.allocUnsafe(this.depth);
    for (let node: TreeNode<V> = this; node.parent !== null; node = node.parent) {
      const { edge, parent } = node;
      for (let i = 0; i < edge.length; i++) key[parent.depth + i] = edge.charCodeAt(i);
    }
    return key;
  }
}

/** See the head of this file. */
export class RadixTree<V> {
  readonly root = new TreeNode<V>("", null);

  /** The node of exactly this key, with or without a value. */
  find(key: Uint8Array): TreeNode<V> | undefined {
    let node: TreeNode<V> | undefined = this.root;
    while (node !== undefined && node.depth < key.length) node = node.towards(key);
    return node;
  }

  /** The node of exactly this key, made if need be; the caller gives it a value, or calls {@link RadixTree.prune}. */
  insert(key: Buffer): TreeNode<V> {
    let node = this.root;
    for (let next = node.towards(key); next !== undefined; next = node.towards(key)) node = next;
    if (node.depth === key.length) return node;
    const edge = key.toString("latin1", node.depth);
    const obstacle = node.children?.get(key[node.depth]!);
    if (obstacle !== undefined) {
      node = fork(obstacle, edge);
      if (node.depth === key.length) return node;
    }
    return adopt(node, new TreeNode<V>(key.toString("latin1", node.depth), node));
  }

  /** Takes a node out that has lost its value, unless it is needed as a fork. */
  prune(node: TreeNode<V>): void {
    const parent = node.parent;
    if (node.value !== undefined || parent === null) return;
    if (node.children === null) {
      const siblings = parent.children!;
      siblings.delete(node.edge.charCodeAt(0));
      if (siblings.size === 0) parent.children = null;
      if (siblings.size <= 1) this.prune(parent);
    } else if (node.children.size === 1) {
      const [child] = node.children.values();
      child!.edge = node.edge + child!.edge;
      adopt(parent, child!);
    }
  }

  /** Every node that has a value, parents before children. The tree must not change meanwhile. */
  *nodes(): IterableIterator<TreeNode<V>> {
    const open: TreeNode<V>[] = [this.root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node.value !== undefined) yield node;
      if (node.children !== null) open.push(...node.children.values());
    }
  }
}

/** Puts a new node between `child` and its parent, where the edge of `child` and `edge` part. */
function fork<V>(child: TreeNode<V>, edge: string): TreeNode<V> {
  let shared = 1;
  while (shared < edge.length && child.edge.charCodeAt(shared) === edge.charCodeAt(shared)) shared++;
  const parent = child.parent!;
  const middle = adopt(parent, new TreeNode<V>(child.edge.slice(0, shared), parent));
  child.edge = child.edge.slice(shared);
  adopt(middle, child);
  return middle;
}

function adopt<V>(parent: TreeNode<V>, child: TreeNode<V>): TreeNode<V> {
  child.parent = parent;
  parent.children ??= new Map();
  parent.children.set(child.edge.charCodeAt(0), child);
  return child;
}
