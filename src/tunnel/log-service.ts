/** Log lines of what a service reports. */
import type { Log } from "../observe/log.ts";
import type { LinkEvent } from "./link-event.ts";
import type { ServiceEvent } from "./service-event.ts";

/** Writes one event. `file` is the configuration's. */
export function logService(log: Log, file: string, event: ServiceEvent): void {
  switch (event.type) {
    case "link":
      logLink(log, event.link, event.event);
      break;
    case "started": {
      const { name: link, side, phase, connect } = event.configuration;
      log.write("link.listening", { link, side, phase, listen: event.listen, connect });
      break;
    }
    case "stopped":
      log.write("link.closed", { link: event.link });
      break;
    case "start:failed":
      log.write("link.failed", { link: event.link, error: event.error.message });
      break;
    case "trust:failed":
      log.write("trust.refused", { link: event.link, error: event.error.message });
      break;
    case "warning":
      log.write("configuration.warning", { file, warning: event.problem.message });
      break;
  }
}

function logLink(log: Log, link: string, event: LinkEvent): void {
  switch (event.type) {
    case "opened": {
      const { id: connection, socketType, facts } = event;
      const text = (name: string) => String(facts[name] ?? "");
      const resumed = facts["resumed"] === true;
      const negotiated = { peer: text("peer"), suite: text("suite"), mode: text("mode"), resumed };
      log.write("connection.ready", { link, connection, socketType, ...negotiated });
      break;
    }
    case "closed": {
      const { id: connection, leg, error } = event;
      if (error === null) log.write("connection.closed", { link, connection, leg });
      else log.write("connection.lost", { link, connection, leg, ...toldOf(error) });
      break;
    }
    case "failed": {
      const { id: connection, leg, error, times } = event;
      log.write("connection.failed", { link, connection, leg, ...toldOf(error), times });
      break;
    }
    case "refused":
      log.write("connection.refused", { link, times: event.times });
      break;
    case "old:opened":
      log.write("old-link.used", { link, peer: event.peer });
      break;
    case "old:closed":
      log.write("old-link.closed", { link, peer: event.peer, error: event.error?.message ?? "" });
      break;
    case "old:refused":
      log.write("old-link.refused", { link, peer: event.peer, times: event.times });
      break;
    case "accept:error":
      log.write("link.accept-failed", { link, error: event.error.message });
      break;
  }
}

function toldOf(error: Error): { readonly code: string; readonly error: string } {
  const { code } = error as { readonly code?: unknown };
  return { code: typeof code === "string" ? code : "", error: error.message };
}
