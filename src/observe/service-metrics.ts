/** `/qzmq/metrics` of a service: its build, its links, their security, and the process. */
import { exposition } from "../metrics/exposition.ts";
import type { Metric } from "../metrics/model.ts";
import { SECURITY_METRICS } from "../metrics/security.ts";
import { version } from "../qzmq.ts";
import type { Security } from "../security.ts";
import { securityStates } from "../socket-metrics.ts";
import { LINK_METRICS } from "./link-metrics.ts";
import { PROCESS_METRICS, ProcessMonitor } from "./process-metrics.ts";
import type { LinkStatus } from "./status.ts";

/** One link as the metrics see it; without `security` it could not be started. */
export interface LinkSource {
  readonly status: LinkStatus;
  readonly security: Security | null;
}

/** What runs. */
export const BUILD_METRICS: readonly Metric<null>[] = [
  {
    definition: {
      ...{ name: "qzmq_build_info", type: "gauge", help: "1, for the versions that run." },
      labels: ["version", "node"],
    },
    read: () => [{ labels: [version, process.versions.node], value: 1 }],
  },
];

/** Watches the event loop from the making on until `close`. */
export class ServiceMetrics {
  readonly #process = new ProcessMonitor();

  /** Prometheus' text format 0.0.4. No two links may have the same name. */
  text(links: readonly LinkSource[]): string {
    const states = securityStates(
      links.flatMap(({ status, security }) => (security === null ? [] : [[status.name, security] as const])),
    );
    return [
      exposition(BUILD_METRICS, null),
      exposition(
        LINK_METRICS,
        links.map(({ status }) => status),
      ),
      exposition(SECURITY_METRICS, states),
      exposition(PROCESS_METRICS, this.#process.read()),
    ].join("");
  }

  /** Lets go of the timer. */
  close(): void {
    this.#process.close();
  }
}
