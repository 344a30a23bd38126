/** The tests that both languages share. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { CUTS, type Language, type Parts, throughCuts } from "./cuts.ts";
import { checkSequence } from "./sequence.ts";

/** Runs the conversation once, and looks at it pattern by pattern. */
export function testConversation(test: Test, name: string, language: Language): void {
  let parts: Parts = new Map();
  test(`two ${name} programs of every pattern talk, while each tunnel process is killed and started again`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "qzmq-tunnel-"));
    try {
      parts = await throughCuts(language, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
  for (const [pattern, roles] of [
    ["PUSH to PULL", ["pull"]],
    ["PUB to SUB", ["sub"]],
    ["PAIR", ["pair:bind", "pair:connect"]],
    ["DEALER to ROUTER and back", ["dealer:one", "dealer:two"]],
    ["REQ to REP and back", ["req"]],
  ] as const) {
    test(`${name}, ${pattern}: nothing torn, nothing doubled, order kept, one loss a cut`, () => {
      for (const role of roles) {
        const { got } = parts.get(role)!;
        assert.ok(got.length > 0);
        checkSequence(role, got, CUTS * (role.startsWith("dealer") ? 2 : 1));
      }
    });
  }
  test(`${name}: no program saw a message that was not as it was sent`, () => {
    for (const [role, { faults }] of parts) assert.equal(faults, [], role);
  });
}
