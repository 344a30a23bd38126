/** Socket types by name. */
import type { SocketType } from "../wire/socket-type.ts";
import { Dealer } from "./dealer.ts";
import { Pair } from "./pair.ts";
import type { Pattern, PatternHost, PatternSettings } from "./pattern.ts";
import { Pub } from "./pub.ts";
import { Pull } from "./pull.ts";
import { Push } from "./push.ts";
import { Rep } from "./rep.ts";
import { Req } from "./req.ts";
import { Router } from "./router.ts";
import { Sub } from "./sub.ts";
import { Xpub } from "./xpub.ts";
import { Xsub } from "./xsub.ts";

const PATTERNS = {
  PAIR: Pair,
  PUB: Pub,
  SUB: Sub,
  REQ: Req,
  REP: Rep,
  DEALER: Dealer,
  ROUTER: Router,
  PULL: Pull,
  PUSH: Push,
  XPUB: Xpub,
  XSUB: Xsub,
} as const satisfies Readonly<
  Record<SocketType, new (settings: PatternSettings, host: PatternHost) => Pattern>
>;

/** The class behind a socket type, such as {@link Sub} for `"SUB"`. */
export type PatternOf<T extends SocketType> = InstanceType<(typeof PATTERNS)[T]>;

/** Makes the pattern of a socket. It reads `settings` while it runs. */
export function createPattern<T extends SocketType>(
  type: T,
  settings: PatternSettings,
  host: PatternHost,
): PatternOf<T> {
  return new PATTERNS[type](settings, host) as PatternOf<T>;
}
