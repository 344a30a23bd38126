/** `qzmq pin`: the pin of a key, and pin files. */
import { existsSync } from "node:fs";
import { cryptoProvider } from "../crypto/select.ts";
import { hex } from "../mechanism/qzmq/algorithm.ts";
import { MAX_ARMOR } from "../mechanism/qzmq/armor.ts";
import { formatPins, MAX_PINS, type Pin } from "../mechanism/qzmq/pins.ts";
import { loadPins } from "../net/identity-files.ts";
import type { Command } from "./command.ts";
import { Fault } from "./fault.ts";
import { updateFile, writeFiles } from "./files.ts";
import { inspect } from "./inspect.ts";
import { nameOf } from "./names.ts";
import { JSON_OPTION, print } from "./print.ts";
import { readFile, reading } from "./trouble.ts";

const LF = 0x0a;

/** See the head of this file. */
export const pin: Command = {
  operands: { name: "FILE", min: 1, max: 1000 },
  options: [
    { name: "name", kind: "value", value: "NAME", about: "what its holder is called" },
    {
      name: "add",
      kind: "value",
      value: "PINFILE",
      about: "add the line to this pin file, which is made if missing",
    },
    JSON_OPTION,
  ],
  notes: [
    "FILE is a public key, a private key (no passphrase is needed), or certificates, of which the first counts.",
  ],
  async run(args, io) {
    const provider = cryptoProvider("auto");
    const text = args.text("name");
    const name = text === undefined ? null : nameOf("--name", text);
    const pins = args.operands.map((path): Pin => {
      const fingerprint = inspect(provider, path, io.now())[0]!.pin;
      if (fingerprint !== null) return { fingerprint, name };
      throw new Fault("failed", `${path}: holds no key`, "name a key or a certificate");
    });
    const file = args.text("add");
    if (file !== undefined) addPins(file, pins);
    const values = pins.map(({ fingerprint }, i) => ({
      file: args.operands[i],
      pin: hex(fingerprint),
      name,
    }));
    await print(args, io, values, formatPins(pins).trimEnd().split("\n"));
  },
};

/** Adds lines, and keeps those that are there with their comments. A pin that is listed by the same name stays. */
function addPins(path: string, pins: readonly Pin[]): void {
  const exists = existsSync(path);
  const listed = new Map(
    (exists ? reading("--add", path, () => loadPins(path)) : []).map((known) => [
      hex(known.fingerprint),
      known,
    ]),
  );
  const fresh = new Map<string, Pin>();
  for (const { fingerprint, name } of pins) {
    const key = hex(fingerprint);
    const known = listed.get(key);
    if (known === undefined) fresh.set(key, { fingerprint, name });
    else if (known.name !== name) {
      throw new Fault(
        "failed",
        `--add ${path}: has ${key} already, ${known.name === null ? "without a name" : `as ${known.name}`}`,
        "change that line by hand, or give the same --name",
      );
    }
  }
  if (listed.size + fresh.size > MAX_PINS) {
    throw new Fault("failed", `--add ${path}: over ${MAX_PINS} pins`, "remove those that are not needed");
  }
  if (fresh.size === 0) return;
  const lines = formatPins([...fresh.values()]);
  if (!exists) {
    writeFiles("--add", [{ path, text: lines, secrecy: "public" }], "new");
    return;
  }
  // Octets, so that comments stay as they are in whatever encoding.
  const former = readFile("--add", path, MAX_ARMOR);
  const ended = former.length === 0 || former.at(-1) === LF;
  updateFile("--add", path, Buffer.concat([former, Buffer.from(ended ? lines : `\n${lines}`)]));
}
