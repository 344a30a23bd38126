import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RadixTree } from "../../src/pipe/radix-tree.ts";
import { type Markable, TopicCounts, TopicTable } from "../../src/pipe/subscription-trie.ts";

// Few letters and 00, so that topics share prefixes and octets need no text.
const topic = fc.oneof(fc.stringMatching(/^[ab\0]{0,2}$/), fc.stringMatching(/^a[bÿ]{0,6}$/));
const bytes = (text: string) => Buffer.from(text, "latin1");

let round = 0;
function matching(table: TopicTable<Markable>, frame: string): Markable[] {
  const into: Markable[] = [];
  const count = table.match(bytes(frame), ++round, into);
  return into.slice(0, count);
}

test("the publisher's table agrees with a list of pairs", () => {
  const step = fc.record({
    kind: fc.constantFrom(
      "add" as const,
      "add" as const,
      "add" as const,
      "remove" as const,
      "removeAll" as const,
    ),
    topic,
    who: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(topic), (steps, frames) => {
      const table = new TopicTable<Markable>();
      const people = [0, 1, 2, 3].map(() => ({ mark: 0 }));
      let model: { topic: string; who: number }[] = [];
      const held = (topic: string) => model.some((pair) => pair.topic === topic);
      for (const { kind, topic, who } of steps) {
        const person = people[who]!;
        if (kind === "add") {
          assert.is(table.add(bytes(topic), person), !held(topic));
          if (!model.some((pair) => pair.topic === topic && pair.who === who)) model.push({ topic, who });
        } else if (kind === "remove") {
          model = model.filter((pair) => pair.topic !== topic || pair.who !== who);
          assert.is(table.remove(bytes(topic), person), !held(topic));
        } else {
          const mine = model.filter((pair) => pair.who === who);
          model = model.filter((pair) => pair.who !== who);
          const told: { topic: string; isLast: boolean }[] = [];
          table.removeAll(person, (topic, isLast) =>
            told.push({ topic: topic.key().toString("latin1"), isLast }),
          );
          const expected = mine.map(({ topic }) => ({ topic, isLast: !held(topic) }));
          const byTopic = (a: { topic: string }, b: { topic: string }) => (a.topic < b.topic ? -1 : 1);
          assert.equal(told.sort(byTopic), expected.sort(byTopic));
        }
        people.forEach((person, who) => {
          const { topics, octets } = table.held(person);
          const mine = model.filter((pair) => pair.who === who);
          assert.is(topics, mine.length);
          assert.is(
            octets,
            mine.reduce((sum, pair) => sum + pair.topic.length, 0),
          );
        });
      }
      for (const frame of frames) {
        const expected = people.filter((_, who) =>
          model.some((pair) => pair.who === who && frame.startsWith(pair.topic)),
        );
        const found = matching(table, frame);
        assert.is(found.length, expected.length);
        for (const person of expected) assert.ok(found.includes(person));
      }
    }),
    { numRuns: 500 },
  );
});

test("the subscriber's counts agree with a list of topics", () => {
  const step = fc.record({ add: fc.boolean(), topic });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(topic), (steps, frames) => {
      const counts = new TopicCounts();
      const model: string[] = [];
      for (const { add, topic } of steps) {
        const at = model.indexOf(topic);
        if (add) {
          counts.add(bytes(topic));
          model.push(topic);
        } else {
          if (at !== -1) model.splice(at, 1);
          assert.is(counts.remove(bytes(topic)), at !== -1 && !model.includes(topic));
        }
      }
      const topics = [...counts.topics()].map((topic) => topic.toString("latin1"));
      assert.equal(topics.sort(), [...new Set(model)].sort());
      for (const frame of frames) {
        assert.is(
          counts.matches(bytes(frame)),
          model.some((topic) => frame.startsWith(topic)),
        );
      }
    }),
    { numRuns: 500 },
  );
});

test("the tree holds no more nodes than it has keys and forks, and none when empty", () => {
  fc.assert(
    fc.property(fc.uniqueArray(topic), fc.array(fc.nat()), (keys, removals) => {
      const tree = new RadixTree<string>();
      for (const key of keys) tree.insert(bytes(key)).value = key;
      for (const index of removals) {
        if (keys.length === 0) break;
        const [key] = keys.splice(index % keys.length, 1);
        const node = tree.find(bytes(key!))!;
        assert.is(node.value, key);
        node.value = undefined;
        tree.prune(node);
        assert.is(tree.find(bytes(key!))?.value, undefined);
      }
      const open = [tree.root];
      for (let node = open.pop(); node !== undefined; node = open.pop()) {
        const children = [...(node.children?.values() ?? [])];
        if (node.parent !== null)
          assert.ok(node.value !== undefined || children.length > 1, "a node for nothing");
        assert.is.not(children.length, node.children === null ? -1 : 0);
        for (const child of children) {
          assert.is(child.parent, node);
          assert.is(child.depth, node.depth + child.edge.length);
        }
        open.push(...children);
      }
      for (const node of tree.nodes()) assert.is(node.key().toString("latin1"), node.value);
      assert.is([...tree.nodes()].length, keys.length);
    }),
  );
});

test("a topic of 65 536 octets is one node, and one octet more or less does not match it", () => {
  const table = new TopicTable<Markable>();
  const long = "x".repeat(65_536);
  table.add(bytes(long), { mark: 0 });
  assert.is(matching(table, long).length, 1);
  assert.is(matching(table, `${long}y`).length, 1);
  assert.is(matching(table, long.slice(1)).length, 0);
});

test("a chain of 5 000 topics, each a prefix of the next, is walked and taken down without recursion", () => {
  const table = new TopicTable<Markable>();
  const counts = new TopicCounts();
  const person = { mark: 0 };
  const long = Buffer.alloc(5_000, "x");
  for (let length = 0; length < long.length; length++) {
    table.add(long.subarray(0, length), person);
    counts.add(long.subarray(0, length));
  }
  assert.is(table.held(person).topics, long.length);
  assert.is(matching(table, long.toString()).length, 1);
  assert.is([...counts.topics()].length, long.length);
  let removed = 0;
  table.removeAll(person, () => removed++);
  assert.is(removed, long.length);
  assert.is(matching(table, long.toString()).length, 0);
});

test("the table keeps no view of the topics it was given", () => {
  const table = new TopicTable<Markable>();
  const topic = bytes("abc");
  table.add(topic, { mark: 0 });
  topic.fill(0);
  assert.is(matching(table, "abcd").length, 1);
});

test.run();
