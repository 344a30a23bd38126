/** `qzmq status`: what a running tunnel says of itself, for people. */
import { type IncomingMessage, request } from "node:http";
import { LISTENING, type LinkStatus, type ServiceStatus } from "../observe/status.ts";
import { type Command, NO_OPERANDS } from "./command.ts";
import { EXIT, Fault } from "./fault.ts";
import { JSON_OPTION, print } from "./print.ts";

const URL_OF_TUNNEL = "http://127.0.0.1:8080";

/** Milliseconds for the whole answer. */
const TIME_LIMIT = 5000;

/** Octets of the longest answer: a tunnel with thousands of connections stays far below. */
const SIZE_LIMIT = 16 * 2 ** 20;

/** See the head of this file. */
export const status: Command = {
  operands: NO_OPERANDS,
  options: [
    {
      name: "url",
      kind: "value",
      value: "URL",
      about: `where the tunnel serves its status; default ${URL_OF_TUNNEL}`,
    },
    JSON_OPTION,
  ],
  notes: [`Exit code ${EXIT.failed} when there is no answer, or a link does not listen.`],
  async run(args, io) {
    const url = addressOf(args.text("url") ?? URL_OF_TUNNEL);
    const found = statusIn(await answerOf(url), url);
    await print(args, io, found, linesOf(found, io.now()));
    const silent = found.links.filter(({ state }) => state !== LISTENING).map(({ name }) => name);
    if (silent.length === 0) return;
    throw new Fault(
      "failed",
      `not listening: ${silent.join(", ")}`,
      "see the log of the tunnel, mend the cause, and send it SIGHUP",
    );
  },
};

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL("/qzmq/status", text) : null;
  if (url !== null && url.protocol === "http:" && url.username === "" && url.password === "") return url;
  // The text may hold a password: it is not repeated.
  throw new Fault("usage", "--url: no address of a tunnel", `write it as ${URL_OF_TUNNEL}`);
}

/** Rejects with {@link Fault} for whatever is no answer of a tunnel, however long or slow. */
function answerOf(url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, mend: string) => {
      asked.destroy();
      reject(new Fault("failed", `${url.origin}: ${what}`, mend));
    };
    const asked = request(url, {
      ...{ headers: { accept: "application/json" }, agent: false, maxHeaderSize: 8192 },
      signal: AbortSignal.timeout(TIME_LIMIT),
    });
    asked.on("error", ({ name, code, message }: NodeJS.ErrnoException) =>
      fail(name === "AbortError" ? "no answer in time" : (code ?? message), RUNNING),
    );
    asked.on("response", (response: IncomingMessage) => {
      if (response.statusCode !== 200) {
        return fail(`answers ${response.statusCode}`, response.statusCode === 421 ? HOSTS : NOT_A_TUNNEL);
      }
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > SIZE_LIMIT) fail(`answers more than ${SIZE_LIMIT} octets`, NOT_A_TUNNEL);
        else chunks.push(chunk);
      });
      response.on("error", () => fail("no whole answer", RUNNING));
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
    });
    asked.end();
  });
}

const RUNNING = "see that the tunnel runs and where its log says status.listening, and give that as --url";
const NOT_A_TUNNEL = "give the address that the tunnel's log tells with status.listening";
const HOSTS = "use the address of the tunnel, or name the host in status.hosts of its configuration";

function statusIn(text: string, { origin }: URL): ServiceStatus {
  try {
    const found = JSON.parse(text) as ServiceStatus;
    if (found.name === "qzmq tunnel") {
      linesOf(found, 0);
      return found;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
  }
  throw new Fault("failed", `${origin}: answers, and not as a tunnel of this version`, NOT_A_TUNNEL);
}

function linesOf(
  { version, pid, started, configuration, keyLog, links, totals }: ServiceStatus,
  now: number,
) {
  const { file, error } = configuration;
  const { listening, connections, opened, failed, refused } = totals;
  return [
    `qzmq tunnel ${version}, process ${pid}, up ${duration(now - started / 1000)}, configuration ${file}`,
    ...(keyLog ? ["KEY LOG: the secrets of all connections are written to a file"] : []),
    ...(error === "" ? [] : error.split("\n").map((line) => `refused at the last reload: ${line}`)),
    `${listening} of ${totals.links} links listen; connections ${connections}, ${opened} so far, ${failed} failed, ${refused} refused`,
    ...links.flatMap(linesOfLink),
  ];
}

function linesOfLink(link: LinkStatus): string[] {
  const { name, side, state, phase, listen, connect, oldListen, lastError } = link;
  return [
    `${name}: ${state}, ${side}, phase ${phase}, ${listen} to ${connect}`,
    `  messages ${link.messagesOut} out, ${link.messagesIn} in; octets ${link.bytesOut} out, ${link.bytesIn} in`,
    ...(oldListen === null
      ? []
      : [
          `  old link ${oldListen}: ${link.oldOpen} open, ${link.oldAccepted} so far, ${link.oldRefused} refused`,
        ]),
    ...(lastError === "" ? [] : [`  last failure: ${lastError}`]),
    ...link.connections.map(
      ({ id, socketType, peer, suite, epoch, queued }) =>
        `  connection ${id}: ${socketType || "no type yet"}, ${peer || "anonymous"}, ${suite || "handshaking"}, epoch ${epoch}, ${queued} queued`,
    ),
  ];
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [days, hours, minutes] = [whole / 86_400, (whole / 3600) % 24, (whole / 60) % 60].map(Math.floor);
  if (days! > 0) return `${days} d ${hours} h`;
  return hours! > 0 ? `${hours} h ${minutes} min` : minutes! > 0 ? `${minutes} min` : `${whole} s`;
}
