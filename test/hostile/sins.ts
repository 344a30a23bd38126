/** Runs tables of sins: each is one named test with everything that must follow from it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PeerErrorCode } from "../../src/errors.ts";
import type { NaiveHandshake } from "../support/naive-handshake.ts";
import { type Ground, outcome, type Scene } from "./scene.ts";

/** A sin: its name, what is done (on a scene that it returns), the local cause, what the sinner is told. */
export type Sin = readonly [
  name: string,
  commit: (on: Ground) => Scene<NaiveHandshake> | Promise<Scene<NaiveHandshake>>,
  cause: PeerErrorCode,
  told: string | readonly string[],
];

/** Abbreviations of tables. */
export const PROTOCOL = ["ERR_QZMQ_PROTOCOL", "ERROR protocol"] as const;
export const AUTH = ["ERR_QZMQ_AUTH", "ERROR auth"] as const;
export const CLOSED = ["ERR_QZMQ_PROTOCOL", "CLOSE 2"] as const;
export const ROTATION = ["ERR_QZMQ_ROTATION", "CLOSE 2"] as const;
export const TRUNCATED = ["ERR_QZMQ_TRUNCATED", []] as const;

/** Makes a test of each; nothing is ever delivered to the application, and the sinner's neighbours notice nothing. */
export function sins(title: string, on: () => Promise<Ground>, table: readonly Sin[]): void {
  const run = suite(title);
  let shared: Promise<Ground> | undefined;
  for (const [name, commit, cause, told] of table) {
    run(name, async () => {
      shared ??= on();
      const scene = await commit(await shared);
      assert.equal(
        outcome(scene),
        {
          cause,
          told: typeof told === "string" ? [told] : told,
          delivered: [],
          othersTalk: true,
          seats: 0,
        },
        name,
      );
    });
  }
  run("distinct names", () => assert.is(new Set(table.map(([name]) => name)).size, table.length));
  run.after(async () => {
    const { client, server, bystanders } = await (shared ?? on());
    bystanders.dispose();
    client.dispose();
    server.dispose();
  });
  run.run();
}
