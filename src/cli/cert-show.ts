/** `qzmq cert show`: what a file of QZMQ holds. Nothing it says is believed; see `qzmq cert verify`. */
import { cryptoProvider } from "../crypto/select.ts";
import type { Command } from "./command.ts";
import { inspect } from "./inspect.ts";
import { columns, JSON_OPTION, print } from "./print.ts";

/** See the head of this file. */
export const certShow: Command = {
  operands: { name: "FILE", min: 1, max: 100 },
  options: [JSON_OPTION],
  notes: ["Shows what a file says; whether to believe it is for `qzmq cert verify`."],
  async run(args, io) {
    const provider = cryptoProvider("auto");
    const all = args.operands.flatMap((path) =>
      inspect(provider, path, io.now()).map((description) => ({ path, ...description })),
    );
    const values = all.map(({ path, value }) => ({ file: path, ...value }));
    const lines = all.flatMap(({ path, title, rows }) => [`${path}: ${title}`, ...columns(rows)]);
    await print(args, io, values, lines);
  },
};
