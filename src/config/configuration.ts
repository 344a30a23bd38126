/** A configuration that was checked: defaults in, policies of links joined with the common ones, paths absolute. */
import type { Mode } from "../mechanism/qzmq/algorithm.ts";
import type { ClientAuth } from "../mechanism/qzmq/extensions.ts";
import type { At } from "./report.ts";

/** How far a link has moved to post-quantum security; see spec/operation/configuration.md. */
export type Phase = 1 | 2 | 3 | 4;

/** How much is logged. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** A file, and where the configuration names it. */
export interface FileAt extends At {
  /** Absolute. */
  readonly file: string;
}

/** Who a link is: a private key with its certificates. */
export interface IdentitySettings {
  readonly key: FileAt;
  readonly certificates: FileAt | null;
  /** A file that holds the key's passphrase. */
  readonly passphraseFile: FileAt | null;
}

/** Whom a link believes. */
export interface TrustSettings {
  readonly at: At;
  readonly pins: readonly FileAt[];
  readonly authorities: readonly FileAt[];
  readonly revocationLists: readonly FileAt[];
  readonly revocation: "optional" | "required";
}

/** One link. Times in milliseconds. */
export interface LinkConfiguration {
  readonly at: At;
  readonly name: string;
  readonly side: "client" | "server";
  readonly listen: string;
  readonly connect: string;
  /** Of the server's certificate; `null` for the host of `connect`. */
  readonly serverName: string | null;
  readonly phase: Phase;
  readonly old: { readonly listen: string; readonly connect: string } | null;
  readonly clientAuth: ClientAuth;
  readonly mode: Mode;
  /** Names of suites, the most preferred first; never none. */
  readonly suites: readonly string[];
  readonly keyLimits: { readonly maxMessages: number; readonly maxBytes: number; readonly maxAge: number };
  readonly antiDos: { readonly cookieTimeout: number; readonly maxHandshakes: number };
  readonly identity: IdentitySettings | null;
  readonly trust: TrustSettings | null;
  readonly limits: {
    readonly maxConnections: number;
    readonly highWaterMark: number;
    readonly maxQueuedBytes: number;
    readonly maxMessageSize: number;
    readonly handshakeInterval: number;
    readonly heartbeatInterval: number;
    readonly heartbeatTimeout: number;
  };
}

/** Where status and metrics are served. */
export interface StatusSettings {
  readonly at: At;
  readonly address: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Names that browsers may use, beside `localhost` and the address. */
  readonly hosts: readonly string[];
}

/** See the head of this file. */
export interface Configuration {
  readonly links: readonly LinkConfiguration[];
  /** Where status and metrics are served; `null` for nowhere. */
  readonly status: StatusSettings | null;
  readonly logLevel: LogLevel;
}

/** Whether two links are the same but for where the files say so. */
export function sameLink(a: LinkConfiguration, b: LinkConfiguration): boolean {
  return essence(a) === essence(b);
}

function essence(link: LinkConfiguration): string {
  return JSON.stringify(link, (key, value: unknown) =>
    ["at", "place", "path"].includes(key) ? undefined : value,
  );
}
