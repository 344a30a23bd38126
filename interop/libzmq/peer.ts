/**
 * A process that a test can kill: a DEALER that answers every message with `pid message`.
 *
 *     node peer.js <qzmq|libzmq> <bind|connect> <endpoint>
 *
 * It says `ready <endpoint>` on standard output, and hello to its peer, and ends with its standard input.
 */
import { ours, theirs } from "./setup.ts";

const [library, role, endpoint] = process.argv.slice(2) as [string, string, string];
const { Dealer } = library === "qzmq" ? ours : theirs;
const dealer = new Dealer({ linger: 0 });
if (role === "bind") await dealer.bind(endpoint);
else dealer.connect(endpoint);
process.stdin.resume();
process.stdin.once("end", () => process.exit());
process.stdout.write(`ready ${dealer.lastEndpoint}\n`);
await dealer.send([String(process.pid), "hello"]);
for await (const message of dealer) await dealer.send([String(process.pid), ...message]);
