/** All kinds of benchmarks, in the order in which they run. */
import type { Kind } from "./bench-run.ts";
import { delays } from "./kinds/delay.ts";
import { fanouts } from "./kinds/fanout.ts";
import { shakes } from "./kinds/handshakes.ts";
import { latency } from "./kinds/latency.ts";
import { local } from "./kinds/local.ts";
import { many } from "./kinds/many.ts";
import { memory } from "./kinds/memory.ts";
import { rotation } from "./kinds/rotation.ts";
import { routers } from "./kinds/routers.ts";
import { storms } from "./kinds/storm.ts";
import { throughput } from "./kinds/throughput.ts";

/** Of messages between two sockets. */
export const MESSAGE_KINDS: readonly Kind[] = [throughput, latency];

/** Of messages without a network. */
export const LOCAL_KINDS: readonly Kind[] = [local];

/** Of one socket and many. */
export const CROWD_KINDS: readonly Kind[] = [fanouts, routers, many];

/** Of connections: making and keeping them. */
export const CONNECTION_KINDS: readonly Kind[] = [shakes, rotation, memory];

/** Of what the event loop suffers. */
export const DELAY_KINDS: readonly Kind[] = [delays, storms];

export const KINDS: readonly Kind[] = [
  ...MESSAGE_KINDS,
  ...CROWD_KINDS,
  ...LOCAL_KINDS,
  ...CONNECTION_KINDS,
  ...DELAY_KINDS,
];
