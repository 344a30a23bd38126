/** The status page in a real browser: what it shows of real sockets, live, and what it does not do. */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push, type qzmq } from "../../src/index.ts";
import type { LinkStatus, ServiceStatus } from "../../src/observe/status.ts";
import { aliceClient, bobServer, closeAll, join2, settled, texts, until, use } from "../secure/sockets.ts";
import { within } from "../support/within.ts";
import { hasChromium, launch } from "./chromium.ts";
import { closeServers, connectionStatus, LIMIT, linkStatus, serviceStatus, serving } from "./fixtures.ts";

const page = suite("page");
const PRESENT = hasChromium();
const shows = PRESENT ? page : page.skip;
/** Pictures of it, for people to look at. */
const pictures = join(tmpdir(), "qzmq-status-page");
const HOSTILE = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>`;

let browser: Browser;
const contexts: BrowserContext[] = [];

page.before(async () => {
  if (!PRESENT) return;
  mkdirSync(pictures, { recursive: true });
  browser = await within(LIMIT, launch(), "Chromium's start");
});
page.after(async () => {
  if (!PRESENT) return;
  await within(LIMIT, browser.close(), "Chromium's end");
});
page.after.each(async () => {
  for (const context of contexts.splice(0)) await within(LIMIT, context.close(), "close");
  await closeServers();
  await closeAll();
});

/** The page of a server, opened, and what the browser asked for and complained of. */
interface Opened {
  readonly page: Page;
  readonly url: string;
  readonly requests: string[];
  readonly complaints: string[];
}

async function show(
  status: () => ServiceStatus,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Opened> {
  const { url } = await serving({ status });
  const context = await within(LIMIT, browser.newContext(options), "a context");
  contexts.push(context);
  const opened = await context.newPage();
  opened.setDefaultTimeout(LIMIT);
  const requests: string[] = [];
  const complaints: string[] = [];
  opened.on("request", (request) => requests.push(request.url()));
  opened.on("pageerror", (error) => complaints.push(error.message));
  opened.on("console", (message) => complaints.push(message.text()));
  opened.on("dialog", (dialog) => complaints.push(dialog.message()));
  await within(LIMIT, opened.goto(`${url}/qzmq/status`), "the page");
  await within(LIMIT, opened.waitForSelector("#live.good"), "the first answer");
  return { page: opened, url, requests, complaints };
}

/** Waits until a place holds a text that matches. */
async function reads(opened: Page, selector: string, pattern: RegExp): Promise<string> {
  const found = opened.locator(selector).filter({ hasText: pattern }).first();
  await within(LIMIT, found.waitFor(), `${selector} ${pattern}`);
  return (await found.textContent()) ?? "";
}

/** Texts of the cells of one row, by the label of their column. */
async function cells(opened: Page, row: string): Promise<Record<string, string>> {
  const found = await opened.locator(`${row} > *`).all();
  const pairs = found.map(async (cell) => [await cell.getAttribute("data-label"), await cell.textContent()]);
  return Object.fromEntries(await Promise.all(pairs)) as Record<string, string>;
}

/** A link's status, read off the security of real sockets. */
function linkOf(name: string, side: LinkStatus["side"], security: qzmq.Security): LinkStatus {
  const { counters } = security;
  const out = { messagesOut: counters.messagesSealed, bytesOut: counters.bytesSealed };
  const back = { messagesIn: counters.messagesOpened, bytesIn: counters.bytesOpened };
  return linkStatus({
    ...{ name, side, ...out, ...back },
    opened: counters.handshakesCompleted,
    connections: security.connections.map(({ facts }, i) =>
      connectionStatus({
        ...{ id: i + 1, since: 1, socketType: side === "server" ? "PULL" : "PUSH", ...out, ...back },
        ...{ suite: String(facts["suite"]), mode: String(facts["mode"]), peer: String(facts["peer"]) },
        ...{ epoch: Number(facts["epoch"]), resumed: facts["resumed"] === true },
      }),
    ),
  });
}

shows("real sockets: links, suite, epoch, peers, and rates while traffic flows", async () => {
  const [server, client] = [bobServer(), aliceClient()];
  const pull = use(new Pull({ security: server }));
  const push = use(new Push({ security: client }));
  await join2(pull, push);
  await until(() => server.connections.length === 1 && client.connections.length === 1, "a handshake");
  const status = () => serviceStatus([linkOf("orders", "server", server), linkOf("away", "client", client)]);
  const { page: opened, url, requests, complaints } = await show(status);

  assert.equal(await opened.locator("h2").allTextContents(), ["orders", "away"]);
  await reads(opened, "#tile-links", /^2 of 2$/);
  const facts = server.connections[0]!.facts;
  const row = await cells(opened, "section:nth-child(1) tbody tr");
  assert.equal(
    ["suite", "mode", "epoch", "peer", "resumed", "socket"].map((label) => row[label]),
    [facts["suite"], "hybrid", "0", facts["peer"], "no", "PULL"],
  );
  assert.match(String(facts["suite"]), "mlkem768");

  let sending = true;
  const traffic = (async () => {
    while (sending) {
      await settled(push.send("an order"), "send");
      await texts(pull);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  await reads(opened, "section:nth-child(2) tbody td[data-label=sent]", /^[1-9][\d.]* k?\/s$/);
  await reads(opened, "section:nth-child(1) tbody td[data-label=received]", /^[1-9][\d.]* k?\/s$/);
  await reads(opened, "section:nth-child(2) tbody td[data-label='data out']", /^[1-9][\d.]* [kM]?B\/s$/);
  await reads(opened, "#tile-received", /^[1-9][\d.]* k?\/s$/);
  client.rotate();
  await reads(opened, "section:nth-child(1) tbody td[data-label=epoch]", /^1$/);
  sending = false;
  await traffic;
  await reads(opened, "section:nth-child(2) tbody td[data-label=sent]", /^0 \/s$/);

  push.close();
  await reads(opened, "section:nth-child(1) .empty", /^no connections$/);
  assert.is(await opened.locator("section:nth-child(1) tbody tr").count(), 0);
  assert.equal(complaints, []);
  assert.ok(requests.length > 2, "it asks again");
  for (const asked of requests) assert.ok(asked === `${url}/qzmq/status` || asked.startsWith("data:"), asked);
});

shows("what others say is text, wherever it appears", async () => {
  const links = [
    linkStatus({
      ...{
        name: HOSTILE,
        listen: HOSTILE,
        connect: HOSTILE,
        accepts: HOSTILE,
        lastError: HOSTILE,
        state: HOSTILE,
      },
      connections: [connectionStatus({ peer: HOSTILE, suite: HOSTILE, mode: HOSTILE, socketType: HOSTILE })],
    }),
  ];
  const {
    page: opened,
    requests,
    complaints,
    url,
  } = await show(() => ({
    ...serviceStatus(links, HOSTILE),
    name: HOSTILE,
  }));
  const row = await cells(opened, "tbody tr");
  for (const label of ["peer", "suite", "mode", "socket"]) assert.is(row[label], HOSTILE, label);
  for (const place of ["h1", "h2", ".chip.state"]) {
    assert.is(await opened.locator(place).textContent(), HOSTILE, place);
  }
  assert.match((await opened.locator("#error").textContent()) ?? "", HOSTILE);
  assert.equal(await opened.locator(".facts .bad dd").allTextContents(), [HOSTILE]);
  assert.is(await opened.locator("img").count(), 0);
  assert.is(await opened.locator("script").count(), 1);
  assert.is(await opened.title(), `${HOSTILE} status`);
  assert.equal(complaints, []);
  for (const asked of requests)
    assert.ok(asked.startsWith(`${url}/qzmq/status`) || asked.startsWith("data:"));
});

shows("the policy stops a script and a request that the page did not bring", async () => {
  const { page: opened, url } = await show(() => serviceStatus([linkStatus()]));
  const outcome = await within(
    LIMIT,
    opened.evaluate(async () => {
      const { document, fetch } = globalThis as unknown as {
        document: {
          createElement(name: string): Record<string, unknown>;
          body: { append(node: unknown): void };
        };
        fetch(url: string): Promise<unknown>;
      };
      const said: string[] = [];
      try {
        document.createElement("div")["innerHTML"] = "<b>x</b>";
        said.push("markup was taken");
      } catch {
        said.push("no markup");
      }
      await fetch("http://127.0.0.1:9/").then(
        () => said.push("a request went out"),
        () => said.push("no request"),
      );
      return said;
    }),
    "an attempt",
  );
  assert.equal(outcome, ["no markup", "no request"]);
  const response = await within(LIMIT, opened.goto(`${url}/qzmq/status`), "the page again");
  assert.match(response!.headers()["content-security-policy"]!, "connect-src 'self'");
});

shows("hidden it asks nothing, seen again it asks at once; a server that went away is told", async () => {
  let asked = 0;
  const { page: opened } = await show(() => {
    asked++;
    return serviceStatus([linkStatus()]);
  });
  const hide = (hidden: boolean) =>
    within(
      LIMIT,
      opened.evaluate((value) => {
        const { document, Event } = globalThis as unknown as {
          document: { dispatchEvent(event: unknown): void };
          Event: new (name: string) => unknown;
        };
        Object.defineProperty(document, "hidden", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden),
      "a change of visibility",
    );
  await hide(true);
  await reads(opened, "#live", /^paused$/);
  // One may have been under way. Two intervals later there is none, however slow the machine.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = asked;
  await new Promise((resolve) => setTimeout(resolve, 2200));
  assert.is(asked, before);
  await hide(false);
  await reads(opened, "#live", /^live$/);
  assert.ok(asked > before);
  await closeServers();
  await reads(opened, "#live.bad", /^no answer: /);
});

shows("that secrets are written to a file is told in words, and only then", async () => {
  let keyLog = false;
  const { page: opened } = await show(() => ({ ...serviceStatus([linkStatus()]), keyLog }));
  const note = opened.locator("#keylog");
  assert.is(await note.isVisible(), false);
  keyLog = true;
  await within(LIMIT, note.waitFor({ state: "visible" }), "the note");
  assert.match((await note.textContent()) ?? "", /^KEY LOG: the secrets of all connections are written/);
  keyLog = false;
  await within(LIMIT, note.waitFor({ state: "hidden" }), "its end");
});

const BEGAN = Date.now();

/** A service with all that the page can show. */
function busy(): ServiceStatus {
  const seconds = Date.now() / 1000;
  const flow = (perSecond: number) => Math.round((seconds % 1e6) * perSecond);
  const connection = (id: number, peer: string, more: Partial<Parameters<typeof connectionStatus>[0]> = {}) =>
    connectionStatus({
      ...{ id, peer, since: BEGAN - id * 400_000, epoch: id * 3, resumed: id % 2 === 0 },
      ...{ messagesOut: flow(1200 * id), messagesIn: flow(90 * id) },
      ...{ bytesOut: flow(310_000 * id), bytesIn: flow(4000 * id), queued: id === 3 ? 112 : 0 },
      ...more,
    });
  const orders = [
    connection(1, "trader-1.desk.example"),
    connection(2, "trader-2.desk.example"),
    connection(3, "1f2e3d4c5b6a79880123456789abcdef0123456789abcdef0123456789abcdef"),
    connection(4, "", { suite: "", mode: "", epoch: 0, socketType: "" }),
  ];
  const quotes = [
    connection(5, "exchange.example", {
      ...{ socketType: "SUB", mode: "pq-only", suite: "mlkem1024/mldsa87/chacha20poly1305/sha384" },
    }),
  ];
  const carried = (list: typeof orders) => ({
    ...{
      messagesOut: list.reduce((sum, c) => sum + c.messagesOut, 0),
      bytesOut: list.reduce((s, c) => s + c.bytesOut, 0),
    },
    ...{
      messagesIn: list.reduce((sum, c) => sum + c.messagesIn, 0),
      bytesIn: list.reduce((s, c) => s + c.bytesIn, 0),
    },
  });
  return serviceStatus(
    [
      linkStatus({
        ...{
          name: "orders",
          connections: orders,
          opened: 1208,
          failed: 3,
          oldAccepted: 41,
          oldOpen: 2,
          oldListen: "tcp://127.0.0.1:5550",
        },
        ...{ lastError: "ERR_QZMQ_AUTH: the client's certificate was revoked", ...carried(orders) },
      }),
      linkStatus({
        ...{
          name: "quotes",
          side: "client",
          phase: 3,
          listen: "ipc:///run/qzmq/quotes",
          connections: quotes,
        },
        ...{
          connect: "tcp://exchange.example:7001",
          opened: 1,
          accepts: "QZMQ in pq-only suites",
          ...carried(quotes),
        },
      }),
      linkStatus({
        ...{ name: "audit", phase: 4, state: "address in use", listen: "tcp://10.0.0.4:7010" },
        accepts: "QZMQ; the old link is refused",
      }),
    ],
    "tunnel.yaml:14: links.audit.phase: 1 to 4, not 5",
  );
}

shows("fits the screen, light and dark; a screen reader is told what is what", async () => {
  const { page: opened, complaints } = await show(busy);
  await reads(opened, "#tile-sent", /\/s$/);
  for (const [name, width, colorScheme] of [
    ["wide-light", 1280, "light"],
    ["wide-dark", 1280, "dark"],
    ["phone-light", 390, "light"],
    ["phone-dark", 390, "dark"],
  ] as const) {
    await within(LIMIT, opened.setViewportSize({ width, height: 800 }), name);
    await within(LIMIT, opened.emulateMedia({ colorScheme }), name);
    const [inner, scrolled, ground, text] = (await opened.evaluate(`(() => {
      const { clientWidth, scrollWidth } = document.documentElement;
      const { backgroundColor, color } = getComputedStyle(document.body);
      return [clientWidth, scrollWidth, backgroundColor, color];
    })()`)) as [number, number, string, string];
    assert.ok(scrolled <= inner, `${name}: ${scrolled} wide in ${inner}`);
    const bright = (color: string) => Math.max(...color.match(/\d+/g)!.map(Number));
    assert.is(bright(ground) < bright(text), colorScheme === "dark", `${name}: ${text} on ${ground}`);
    await opened.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  }
  assert.equal(complaints, []);

  assert.is(await opened.getByRole("heading", { level: 1 }).count(), 1);
  assert.is(await opened.getByRole("heading", { level: 2 }).count(), 3);
  assert.is(await opened.getByRole("status").textContent(), "live");
  assert.match((await opened.getByRole("alert").textContent()) ?? "", "not in force");
  await within(LIMIT, opened.setViewportSize({ width: 1280, height: 800 }), "wide again");
  const table = opened.getByRole("table", { name: "connections of orders" });
  assert.is(await table.getByRole("columnheader").count(), 13);
  assert.is(await table.getByRole("rowheader").count(), 4);
  assert.is(await opened.getByRole("region", { name: "connections of quotes" }).count(), 1);
});

page.run();
