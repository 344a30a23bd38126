/** PLAIN at the command line: one user with a password (RFC 24). */
import { equalSecret, wipe } from "../bytes/constant-time.ts";
import { utf8 } from "../bytes/writer.ts";
import { Reply } from "../sockets.ts";
import type { Args, OptionSpec } from "./args.ts";
import type { Io } from "./command.ts";
import type { Security } from "./endpoints.ts";
import { Fault } from "./fault.ts";
import { ask, fromDescriptor } from "./passphrase.ts";

/** For commands that make sockets. */
export const PLAIN_OPTIONS: readonly OptionSpec[] = [
  {
    name: "plain-username",
    kind: "value",
    value: "NAME",
    about: "PLAIN: the user to be, or with --plain-server to admit",
  },
  {
    name: "plain-password-fd",
    kind: "value",
    value: "N",
    about: "read its password from file descriptor N instead of the terminal",
  },
  { name: "plain-server", kind: "flag", about: "be the side that checks the password" },
];

/** libzmq's address of the authorizer (RFC 27). */
const AUTHORIZER = "inproc://zeromq.zap.01";
const MAX_CREDENTIAL = 255;

/** PLAIN if the options ask for it, else `null`. Throws {@link Fault}. */
export async function plainFrom(args: Args, io: Io): Promise<Security | null> {
  const username = args.text("plain-username");
  if (username === undefined) {
    for (const name of ["plain-server", "plain-password-fd"]) {
      if (args.has(name))
        throw new Fault("usage", `--${name} goes with --plain-username`, "add --plain-username NAME");
    }
    return null;
  }
  const fd = args.integer("plain-password-fd", 3, 1_000_000);
  const password =
    fd === undefined
      ? await ask(io, `Password of ${username}: `, "--plain-password-fd")
      : fromDescriptor("--plain-password-fd", fd);
  if (username === "" || Buffer.byteLength(username) > MAX_CREDENTIAL || password.length > MAX_CREDENTIAL) {
    wipe(password);
    throw new Fault(
      "usage",
      "--plain-username: name or password empty or too long",
      `use 1 to ${MAX_CREDENTIAL} octets`,
    );
  }
  return args.has("plain-server") ? admitting(username, password) : plainClient(username, password);
}

function plainClient(username: string, password: Uint8Array): Security {
  const text = Buffer.from(password).toString();
  wipe(password);
  return {
    apply(socket) {
      socket.plainUsername = username;
      socket.plainPassword = text;
    },
    close: () => {},
  };
}

/** Without an authorizer nobody would be admitted, so we are one. */
async function admitting(username: string, password: Uint8Array): Promise<Security> {
  const handler = new Reply({ linger: 0 });
  await handler.bind(AUTHORIZER);
  const known = [utf8(username), password] as const;
  const serving = serve(handler, (name, word) => equalText(known[0], name) && equalText(known[1], word));
  return {
    apply(socket) {
      socket.plainServer = true;
    },
    close() {
      handler.close();
      void serving.finally(() => wipe(password));
    },
  };
}

/** Answers requests `version id domain address routing-id mechanism name password` (RFC 27). */
async function serve(
  handler: Reply,
  admits: (name: Uint8Array, password: Uint8Array) => boolean,
): Promise<void> {
  for await (const [version, id, , , , mechanism, name, password] of handler) {
    const good =
      mechanism?.toString() === "PLAIN" &&
      name !== undefined &&
      password !== undefined &&
      admits(name, password);
    const decision = good ? ["200", "OK", name] : ["400", "Wrong name or password", ""];
    await handler.send([version!, id!, ...decision, ""]);
  }
}

function equalText(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && equalSecret(a, b);
}
