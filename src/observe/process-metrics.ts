/** Metrics of the process, under the names by which prom-client's users and their dashboards know them. */
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { Metric, MetricType } from "../metrics/model.ts";

/** How often the delay of the event loop is measured, milliseconds. */
const RESOLUTION = 10;

/** What the process is asked for, once for each scrape. */
export interface ProcessState {
  readonly memory: NodeJS.MemoryUsage;
  readonly cpu: NodeJS.CpuUsage;
  /** Unix seconds. */
  readonly started: number;
  /** How late the event loop came to its timers since the scrape before, seconds. */
  readonly delay: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** Every metric of the process. */
export const PROCESS_METRICS: readonly Metric<ProcessState>[] = [
  metric("process_cpu_seconds_total", "counter", "CPU time of the process, seconds.", ({ cpu }) => {
    return (cpu.user + cpu.system) / 1e6;
  }),
  metric("process_resident_memory_bytes", "gauge", "Resident memory.", ({ memory }) => memory.rss),
  metric("process_start_time_seconds", "gauge", "When the process began, Unix seconds.", (s) => s.started),
  metric("nodejs_heap_size_used_bytes", "gauge", "JavaScript heap in use.", ({ memory }) => memory.heapUsed),
  metric("nodejs_heap_size_total_bytes", "gauge", "JavaScript heap.", ({ memory }) => memory.heapTotal),
  metric("nodejs_external_memory_bytes", "gauge", "Memory outside the heap, buffers included.", (s) => {
    return s.memory.external;
  }),
  metric("nodejs_eventloop_lag_p50_seconds", "gauge", delay("median"), (s) => s.delay.p50),
  metric("nodejs_eventloop_lag_p99_seconds", "gauge", delay("99th percentile"), (s) => s.delay.p99),
  metric("nodejs_eventloop_lag_max_seconds", "gauge", delay("maximum"), (s) => s.delay.max),
];

/** Measures the event loop from the making on until `close`. */
export class ProcessMonitor {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  readonly #started = Date.now() / 1000 - process.uptime();

  constructor() {
    this.#delay.enable();
  }

  /** Begins a new measure of the delay. */
  read(): ProcessState {
    const delay = this.#delay;
    const state = {
      memory: process.memoryUsage(),
      cpu: process.cpuUsage(),
      started: this.#started,
      delay: {
        p50: late(delay.percentile(50)),
        p99: late(delay.percentile(99)),
        max: late(delay.max),
      },
    };
    delay.reset();
    return state;
  }

  close(): void {
    this.#delay.disable();
  }
}

/** Node measures from timer to timer, in nanoseconds: what is above the interval is delay. */
function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - RESOLUTION) / 1000;
}

function delay(which: string): string {
  return `How late the event loop came to its timers since the scrape before, ${which}.`;
}

function metric(
  name: string,
  type: MetricType,
  help: string,
  read: (state: ProcessState) => number,
): Metric<ProcessState> {
  return {
    definition: { name, type, help, labels: [] },
    read: (state) => [{ labels: [], value: read(state) }],
  };
}
