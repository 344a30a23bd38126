/** What the operator of the network does: keys, certificates, revocation, configurations. By the `qzmq` command alone. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { freeTcp } from "../../test/support/free-port.ts";
import type { NodeConfig } from "./config.ts";

const CLI = join(import.meta.dirname, "../../src/cli/main.js");

/** See the head of this file. */
export class Operator {
  readonly #folder: string;
  readonly #tell: (line: string) => void;

  constructor(folder: string, tell: (line: string) => void) {
    this.#folder = folder;
    this.#tell = tell;
  }

  /** Runs the command in the network's folder. */
  async qzmq(command: string): Promise<void> {
    this.#tell(`$ npx qzmq ${command}`);
    await promisify(execFile)(process.execPath, [CLI, ...command.split(" ")], { cwd: this.#folder });
  }

  /** An authority, and its first revocation list, which is empty. */
  async authority(): Promise<void> {
    await this.qzmq("cert ca --out ca --name exchange-operator");
    await this.qzmq("cert revoke --ca ca --list revoked.crl");
  }

  /** A key and its certificate, in the files FILE.key and FILE.crt. */
  async certify(name: string, role: "server" | "client", file = name): Promise<void> {
    await this.qzmq(`keygen --out ${file}`);
    await this.qzmq(`cert issue --ca ca --pub ${file}.pub --name ${name} --role ${role}`);
  }

  /** Puts a certificate on the authority's list, which the nodes read. */
  async revoke(file: string): Promise<void> {
    await this.qzmq(`cert revoke --ca ca --list revoked.crl ${file}.crt`);
  }

  /** Writes NAME.json. */
  configure(name: string, settings: Partial<NodeConfig>, endpoints: Endpoints, file = name): void {
    const config: NodeConfig = {
      name,
      role: "gateway",
      exchange: "exchange",
      ...endpoints,
      key: `${file}.key`,
      certificates: `${file}.crt`,
      authority: "ca.crt",
      revocationList: "revoked.crl",
      mode: "hybrid",
      rotateAfter: 1000,
      file: `${name}.orders`,
      ...settings,
    };
    writeFileSync(join(this.#folder, `${name}.json`), `${JSON.stringify(config, null, 2)}\n`);
  }
}

/** Where the exchange is. */
export type Endpoints = Pick<NodeConfig, "orders" | "marketData">;

/** Ports for an exchange, which finds them again however often it is killed. */
export async function freeEndpoints(): Promise<Endpoints> {
  return { orders: await freeTcp(), marketData: await freeTcp() };
}
