/** `/qzmq/metrics` of a service: its links, their security, and the process. */
import type { Security } from "../security.ts";
import type { LinkStatus } from "./status.ts";

/** One link as the metrics see it. */
export interface LinkSource {
  readonly status: LinkStatus;
  readonly security: Security;
}

/** Watches the event loop from the making on until {@link ServiceMetrics.close}. */
export class ServiceMetrics {
  /** Prometheus exposition text (format 0.0.4). Link names are to be different. */
  text(_links: readonly LinkSource[]): string {
    return "";
  }

  close(): void {}
}
