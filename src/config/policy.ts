/** Suites, mode, rotation and defence of one link: what all links share, and what the link says itself. */
import type { Mode } from "../mechanism/qzmq/algorithm.ts";
import { defaultSuites } from "../mechanism/qzmq/suite.ts";
import type { LinkConfiguration, Phase } from "./configuration.ts";
import type { Got } from "./kinds.ts";
import type { At, Report } from "./report.ts";
import type { LinkReading, PolicyReading, SectionReading } from "./schema.ts";
import { suitesOfWish, unmet, type Wish } from "./suites.ts";

/** A policy after its aliases have become one. */
export interface CommonPolicy {
  readonly suite: Got<readonly Wish[]> | undefined;
  readonly mode: Got<Mode> | undefined;
  readonly pqOnly: Got<boolean> | undefined;
  readonly maxMessages: number | undefined;
  readonly maxBytes: number | undefined;
  readonly maxAgeSeconds: number | undefined;
  readonly cookieTimeoutSeconds: number | undefined;
  readonly maxConcurrent: number | undefined;
}

/** Without a section for all links. */
export const NO_POLICY: CommonPolicy = {
  suite: undefined,
  mode: undefined,
  pqOnly: undefined,
  maxMessages: undefined,
  maxBytes: undefined,
  maxAgeSeconds: undefined,
  cookieTimeoutSeconds: undefined,
  maxConcurrent: undefined,
};

/** What a link's policy comes to. */
export type Policy = Pick<LinkConfiguration, "mode" | "suites" | "keyLimits" | "antiDos">;

/** The common policy, from the one section that has it. */
export function commonPolicy(section: SectionReading, report: Report): CommonPolicy {
  const { suite, default_suite: alias, enabled } = section;
  if (enabled?.value === false) {
    report.add(
      enabled,
      "false would send messages in clear, which no link of a tunnel does",
      "leave it out; to stop a link, take it out of links",
    );
  }
  return { ...plain(section, report), suite: one(suite, alias, "suite", "default_suite", report) };
}

function plain(policy: PolicyReading, report: Report): CommonPolicy {
  const { suite, mode, pq_only, key_update, key_rotation, anti_dos } = policy;
  one(key_update, key_rotation, "key_update", "key_rotation", report);
  const [update, rotation] = [key_update?.value, key_rotation?.value];
  if (mode !== undefined && pq_only !== undefined && (mode.value === "pq-only") !== pq_only.value) {
    report.add(pq_only, `${pq_only.value} where mode is ${mode.value}`, "leave one of mode and pq_only out");
  }
  return {
    suite,
    mode,
    pqOnly: pq_only,
    maxMessages: (update?.max_msgs ?? rotation?.max_messages)?.value,
    maxBytes: (update?.max_bytes ?? rotation?.max_bytes)?.value,
    maxAgeSeconds: (update?.max_age_s ?? rotation?.max_age_s)?.value,
    cookieTimeoutSeconds: anti_dos?.value.cookie_timeout_s?.value,
    maxConcurrent: anti_dos?.value.max_concurrent?.value,
  };
}

/** The one of two spellings that is there; both are a mistake. */
function one<T extends At>(
  first: T | undefined,
  second: T | undefined,
  a: string,
  b: string,
  report: Report,
): T | undefined {
  if (first !== undefined && second !== undefined) {
    report.add(second, `${b} and ${a} mean the same, and both are there`, `leave ${b} out`);
  }
  return first ?? second;
}

/** Joins what the link says with what all share. `at` is the link. */
export function policyOf(
  link: LinkReading,
  at: At,
  common: CommonPolicy,
  phase: Phase,
  report: Report,
): Policy {
  const own = plain(link, report);
  const mode = modeOf(own, common, phase, report);
  return {
    mode,
    suites: suitesOf(own.suite ?? common.suite, at, mode, phase, report),
    keyLimits: {
      maxMessages: own.maxMessages ?? common.maxMessages ?? 2 ** 32,
      maxBytes: own.maxBytes ?? common.maxBytes ?? 2 ** 40,
      maxAge: 1000 * (own.maxAgeSeconds ?? common.maxAgeSeconds ?? 600),
    },
    antiDos: {
      cookieTimeout: 1000 * (own.cookieTimeoutSeconds ?? common.cookieTimeoutSeconds ?? 60),
      maxHandshakes: own.maxConcurrent ?? common.maxConcurrent ?? 10_000,
    },
  };
}

/** Phase 3 is pq-only; phase 4 too, unless the link itself says otherwise. */
function modeOf(own: CommonPolicy, common: CommonPolicy, phase: Phase, report: Report): Mode {
  const said = own.mode ?? own.pqOnly;
  const mode = said === undefined ? undefined : modeIn(own);
  if (phase >= 3 && mode === undefined) return "pq-only";
  if (phase === 3 && said !== undefined && mode !== "pq-only") {
    report.add(said, `${said.value} in phase 3, which is pq-only`, "leave it out, or stay in phase 2");
    return "pq-only";
  }
  return mode ?? modeIn(common);
}

function modeIn({ mode, pqOnly }: CommonPolicy): Mode {
  return mode?.value ?? (pqOnly?.value === true ? "pq-only" : "hybrid");
}

function suitesOf(
  wishes: Got<readonly Wish[]> | undefined,
  link: At,
  mode: Mode,
  phase: Phase,
  report: Report,
): readonly string[] {
  if (wishes === undefined) return defaultSuites(mode).map(({ name }) => name);
  const names = wishes.value.flatMap((wish) => {
    const suites = suitesOfWish(wish, mode);
    if (suites.length === 0) {
      const { why, mend } = unmet(wish, mode);
      const who = wishes.path.startsWith(`${link.path}.`) ? "" : ` (for ${link.path})`;
      const from = mode === "pq-only" && phase >= 3 ? `; phase ${phase} is pq-only` : "";
      report.add(
        wishes,
        `${why}${from}${who}`,
        who === "" ? mend : `give ${link.path} a suite of its own: ${mend}`,
      );
    }
    return suites.map(({ name }) => name);
  });
  return [...new Set(names)].slice(0, 16);
}
