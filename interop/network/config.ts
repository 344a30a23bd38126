/** The configuration of a node: one flat JSON object. */
import { readFileSync } from "node:fs";

/** Everything a node is told. Paths are relative to the configuration's folder. */
export interface NodeConfig {
  /** Its own name, the one in its certificate. */
  readonly name: string;
  readonly role: "exchange" | "gateway";
  /** The exchange's name, the one in its certificate. */
  readonly exchange: string;
  /** Endpoints: the exchange binds them, gateways connect. */
  readonly orders: string;
  readonly marketData: string;
  readonly key: string;
  readonly certificates: string;
  /** Whom to believe: who is certified by this authority, and not on its revocation list. */
  readonly authority: string;
  readonly revocationList: string;
  readonly mode: "hybrid" | "pq-only";
  /** Keys are exchanged for new ones after so many records. */
  readonly rotateAfter: number;
  /** The exchange's journal; the orders that a gateway is to send, one JSON line each. */
  readonly file: string;
}

const CHOICES: Partial<Record<keyof NodeConfig, readonly string[]>> = {
  role: ["exchange", "gateway"],
  mode: ["hybrid", "pq-only"],
};
const TEXTS = [
  ...(["name", "role", "exchange", "orders", "marketData", "key", "certificates"] as const),
  ...(["authority", "revocationList", "mode", "file"] as const),
];

/** Reads and checks. Throws an error that names the file, the key and what was expected. */
export function readConfig(path: string): NodeConfig {
  const config = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  for (const key of TEXTS) {
    const value = config[key];
    if (typeof value !== "string" || value === "") throw new Error(`${path}: ${key}: a text expected`);
    const choices = CHOICES[key];
    if (choices?.includes(value) === false)
      throw new Error(`${path}: ${key}: ${choices.join(" or ")} expected`);
  }
  if (!Number.isInteger(config["rotateAfter"]))
    throw new Error(`${path}: rotateAfter: a whole number expected`);
  const foreign = Object.keys(config).filter((key) => key !== "rotateAfter" && !TEXTS.includes(key as never));
  if (foreign.length > 0) throw new Error(`${path}: ${foreign.join(", ")}: no such key`);
  return config as unknown as NodeConfig;
}
