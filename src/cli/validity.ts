/** Validity of what an authority signs: `--days`, `--from`, `--until`. */
import { END_OF_TIME } from "../mechanism/qzmq/certificate.ts";
import type { Args, OptionSpec } from "./args.ts";
import { Fault } from "./fault.ts";
import { dateOf, showDate } from "./names.ts";

const DAY = 86_400;
/** A hundred years. */
const MAX_DAYS = 36_525;

/** First and last second, Unix time. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** For commands that issue certificates. */
export const VALIDITY_OPTIONS: readonly OptionSpec[] = [
  { name: "days", kind: "value", value: "N", about: "how long it is valid" },
  { name: "from", kind: "value", value: "DATE", about: "when it begins, such as 2027-01-31; default now" },
  { name: "until", kind: "value", value: "DATE", about: "when it ends, instead of --days; or never" },
];

/** The validity that the options ask for. Throws {@link Fault}. */
export function validityOf(args: Args, now: number, defaultDays: number): Validity {
  args.atMostOneOf("days", "until");
  const days = args.integer("days", 1, MAX_DAYS) ?? defaultDays;
  const from = args.text("from");
  const until = args.text("until");
  const notBefore = from === undefined ? now : dateOf("--from", from);
  if (until === undefined) return { notBefore, notAfter: notBefore + days * DAY };
  const notAfter = until === "never" ? END_OF_TIME : dateOf("--until", until);
  if (notAfter > Math.max(notBefore, now)) return { notBefore, notAfter };
  throw new Fault(
    "usage",
    `--until ${until}: already over, or before its begin`,
    `give a date after ${showDate(Math.max(notBefore, now))}`,
  );
}
