/** What an operator sees of one relayed connection. */
import type { ConnectionStatus } from "../observe/status.ts";
import type { LinkSettings } from "./link-settings.ts";
import type { Relay } from "./relay.ts";

/** How a connection of a link on that side is now. */
export function connectionStatus(relay: Relay, side: LinkSettings["side"]): ConnectionStatus {
  const [plain, secured] = side === "client" ? [relay.near, relay.far] : [relay.far, relay.near];
  const facts = secured.session?.facts ?? {};
  return {
    id: relay.id,
    since: relay.since,
    socketType: plain.peer?.socketType ?? "",
    suite: String(facts["suite"] ?? ""),
    mode: String(facts["mode"] ?? ""),
    peer: String(facts["peer"] ?? ""),
    epoch: Number(facts["epoch"] ?? 0),
    resumed: facts["resumed"] === true,
    messagesOut: plain.lane.messages,
    messagesIn: secured.lane.messages,
    bytesOut: plain.lane.bytes,
    bytesIn: secured.lane.bytes,
    queued: relay.queued,
  };
}
