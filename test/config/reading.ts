/** What the tests of whole configurations share. */
import * as assert from "uvu/assert";
import type { Configuration } from "../../src/config/configuration.ts";
import { parseConfiguration, showProblem } from "../../src/config/parse.ts";

/** The configuration of a text without mistakes. */
export async function good(text: string, file = "t.yaml"): Promise<Configuration> {
  const { configuration, problems } = await parseConfiguration(text, { file, folder: "/etc/qzmq" });
  assert.equal(problems, []);
  return configuration!;
}

/** All problems, one line each, with the mend. */
/** The problems of a text that has some. */
export async function bad(text: string, file = "t.yaml"): Promise<string[]> {
  const { configuration, problems } = await parseConfiguration(text, { file, folder: "/etc/qzmq" });
  assert.is(configuration, null);
  return problems.map((problem) => `${showProblem(file, problem)} => ${problem.mend}`);
}

/** A configuration of JSON's values. */
/** The same for a value, as JSON. */
export const json = (value: unknown) => good(JSON.stringify(value), "t.json");
/** The same for a value, as JSON. */
export const jsonBad = (value: unknown) => bad(JSON.stringify(value), "t.json");

/** A link that is complete with {@link BASE}. */
export const LINK = { side: "server", listen: "tcp://*:6000", connect: "tcp://127.0.0.1:5000" };
/** Likewise, of the other side. */
export const CLIENT = { side: "client", listen: "tcp://127.0.0.1:6000", connect: "tcp://far.example:5000" };
/** What links share. */
export const BASE = { identity: { key: "k" }, trust: { pins: "p" } };
/** A configuration of one link of a server. */
export const one = (link: object, rest: object = {}) => ({
  ...BASE,
  ...rest,
  links: { a: { ...LINK, ...link } },
});
/** And of a client. */
export const oneClient = (link: object, rest: object = {}) => ({
  ...BASE,
  ...rest,
  links: { a: { ...CLIENT, ...link } },
});
