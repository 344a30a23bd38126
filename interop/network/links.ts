/** What the nodes' links have in common: keys and trust from files, and a log line for whatever happens on them. */
import { qzmq, type Socket } from "qzmq";
import type { NodeConfig } from "./config.ts";

/** Prints one JSON line. */
export type Log = (event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** What a role gives to the program that runs it. */
export interface Running {
  readonly links: readonly Link[];
  /** Gives up the connections and makes new ones; only who connects can. */
  reconnect?(): void;
  close(): void;
}

/** How often a link looks whether its keys have changed, in milliseconds. */
const LOOK_EVERY = 50;

/** The `security` of the exchange's sockets. Each socket has its own. */
export async function serverSecurity(config: NodeConfig): Promise<qzmq.Security> {
  return qzmq.server({ ...(await common(config)), clientAuth: "required" });
}

/** The `security` of a gateway's sockets. */
export async function clientSecurity(config: NodeConfig): Promise<qzmq.Security> {
  return qzmq.client({ ...(await common(config)), serverName: config.exchange });
}

async function common(config: NodeConfig) {
  return {
    identity: await qzmq.loadIdentity({ key: config.key, certificates: config.certificates }),
    trust: {
      files: {
        authorities: [config.authority],
        revocationLists: [config.revocationList],
        revocation: "required" as const,
      },
    },
    mode: config.mode,
    maxMessages: config.rotateAfter,
  };
}

/** A secured socket that tells what happens on it. */
export class Link {
  readonly security: qzmq.Security;
  readonly #timer: NodeJS.Timeout;

  constructor(name: string, socket: Socket, security: qzmq.Security, log: Log) {
    this.security = security;
    const epochs = new Map<unknown, unknown>();
    const look = () => {
      for (const { facts } of security.connections) {
        const { peer, epoch } = facts as { peer: string; epoch: number };
        if (epoch > 0 && epochs.get(peer) !== epoch) log("rotated", { link: name, peer, epoch });
        epochs.set(peer, epoch);
      }
    };
    this.#timer = setInterval(look, LOOK_EVERY);
    socket.events.on("handshake", ({ facts }) => {
      const { peer, suite, resumed, epoch } = facts ?? {};
      log("handshake", { link: name, peer, suite, resumed, epoch });
    });
    socket.events.on("disconnect", ({ error }) => log("disconnect", { link: name, reason: error?.message }));
    for (const type of ["auth", "protocol"] as const) {
      socket.events.on(`handshake:error:${type}`, ({ error }) => {
        log("refused", { link: name, reason: (error.cause as Error).message });
      });
    }
    socket.events.on("handshake:error:other", ({ error }) => {
      log("refused", { link: name, reason: error.message });
    });
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
