/** All kinds of benchmarks, in the order in which they run. */
import type { Kind } from "./bench-run.ts";
import { latency } from "./kinds/latency.ts";
import { throughput } from "./kinds/throughput.ts";

export const KINDS: readonly Kind[] = [throughput, latency];
