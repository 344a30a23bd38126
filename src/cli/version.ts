/** `qzmq version`. */
import { cryptoProvider } from "../crypto/select.ts";
import { version as libzmq, qzmq } from "../index.ts";
import { type Command, NO_OPERANDS } from "./command.ts";
import { columns, JSON_OPTION, print } from "./print.ts";

/** See the head of this file. */
export const version: Command = {
  operands: NO_OPERANDS,
  options: [JSON_OPTION],
  async run(args, io) {
    const { name: crypto } = cryptoProvider("auto");
    const value = { qzmq: qzmq.version, libzmq, node: process.version, crypto };
    await print(args, io, value, columns(Object.entries(value), ""));
  },
};
