/** Security of the commands' sockets: {@link securityFrom} is the one place that reads these options. */
import type { Args, OptionSpec } from "./args.ts";
import type { Io } from "./command.ts";
import type { Security } from "./endpoints.ts";
import { Fault } from "./fault.ts";
import { PLAIN_OPTIONS, plainFrom } from "./plain.ts";
import { QZMQ_OPTIONS, qzmqFrom } from "./secure.ts";

/** For commands that make sockets. */
export const SECURITY_OPTIONS: readonly OptionSpec[] = [...QZMQ_OPTIONS, ...PLAIN_OPTIONS];

/** What help says of them. */
export const SECURITY_NOTES: readonly string[] = [
  "QZMQ is on when an identity or trust is given. The side that binds plays the server, and needs an identity; the",
  "side that connects plays the client, and needs trust. Servers that trust want to know each client.",
  "PLAIN sends the password as it is: use it on networks that nobody can listen to.",
];

/** The security that the options ask for. Throws {@link Fault}. */
export async function securityFrom(args: Args, io: Io): Promise<Security> {
  const qzmq = await qzmqFrom(args, io);
  if (qzmq !== null && PLAIN_OPTIONS.some(({ name }) => args.has(name))) {
    qzmq.close();
    throw new Fault(
      "usage",
      "options of PLAIN and of QZMQ exclude each other",
      "leave out those that begin --plain",
    );
  }
  return qzmq ?? (await plainFrom(args, io)) ?? { apply: () => {}, close: () => {} };
}
