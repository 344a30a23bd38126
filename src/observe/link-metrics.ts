/** What a tunnel's links carry, as metrics. Their names come from the configuration. */
import type { Metric, MetricType } from "../metrics/model.ts";
import { LISTENING, type LinkStatus } from "./status.ts";

/** Every metric of a link beside those of its security. */
export const LINK_METRICS: readonly Metric<readonly LinkStatus[]>[] = [
  {
    definition: {
      ...{ name: "qzmq_link_info", type: "gauge", help: "1, for each link and its side." },
      labels: ["link", "side"],
    },
    read: (links) => links.map(({ name, side }) => ({ labels: [name, side], value: 1 })),
  },
  metric("link_up", "gauge", "1 while the link listens, else 0.", ({ state }) =>
    state === LISTENING ? 1 : 0,
  ),
  metric("link_phase", "gauge", "Phase of the migration, 1 to 4.", ({ phase }) => phase),
  metric("link_connections", "gauge", "Connections through the link.", (link) => link.connections.length),
  metric("link_connections_total", "counter", "Connections through the link so far.", (link) => link.opened),
  metric(
    "link_connections_failed_total",
    "counter",
    "Connections through the link that failed on either leg.",
    (link) => link.failed,
  ),
  metric(
    "link_connections_refused_total",
    "counter",
    "Connections closed at once because there were too many.",
    (link) => link.refused,
  ),
  bothWays("link_messages_total", "Messages towards the secured leg (out) and from it (in).", (link) => [
    link.messagesOut,
    link.messagesIn,
  ]),
  bothWays(
    "link_bytes_total",
    "Octets of messages towards the secured leg (out) and from it (in).",
    (link) => [link.bytesOut, link.bytesIn],
  ),
  metric("link_queued_messages", "gauge", "Messages held between the two legs.", ({ connections }) =>
    connections.reduce((sum, { queued }) => sum + queued, 0),
  ),
  metric("old_link_connections", "gauge", "Unprotected connections open now.", (link) => link.oldOpen),
  metric(
    "old_link_connections_total",
    "counter",
    "Unprotected connections accepted so far.",
    (link) => link.oldAccepted,
  ),
  metric(
    "old_link_refused_total",
    "counter",
    "Unprotected connections refused so far.",
    (link) => link.oldRefused,
  ),
];

function metric(
  name: string,
  type: MetricType,
  help: string,
  read: (link: LinkStatus) => number,
): Metric<readonly LinkStatus[]> {
  return {
    definition: { name: `qzmq_${name}`, type, help, labels: ["link"] },
    read: (links) => links.map((link) => ({ labels: [link.name], value: read(link) })),
  };
}

function bothWays(
  name: string,
  help: string,
  read: (link: LinkStatus) => readonly [out: number, incoming: number],
): Metric<readonly LinkStatus[]> {
  return {
    definition: { name: `qzmq_${name}`, type: "counter", help, labels: ["link", "direction"] },
    read: (links) =>
      links.flatMap((link) => {
        const [out, incoming] = read(link);
        return [
          { labels: [link.name, "out"], value: out },
          { labels: [link.name, "in"], value: incoming },
        ];
      }),
  };
}
