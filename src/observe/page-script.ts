/**
 * Script of the status page: asks for the JSON each second while the page is seen, and writes it into the page. What
 * comes from elsewhere is only ever set as text, never as markup.
 */

/** JavaScript for the browser. */
export const PAGE_SCRIPT = `
"use strict";
const INTERVAL = 1000;
const MOST_ROWS = 200;
const PHASES = ["", "deploy", "observe", "pq-only", "old link refused"];
const byId = (id) => document.getElementById(id);
const set = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const NONE = "\\u2013";
const whole = new Intl.NumberFormat("en");

/* The same for long names, which may break after their signs. */
function setName(node, text) {
  if (node.textContent === text) return;
  node.replaceChildren();
  for (const part of text.split(/(?<=[/:+@-])/)) node.append(part, document.createElement("wbr"));
}

function make(name, classes, text) {
  const node = document.createElement(name);
  if (classes) node.className = classes;
  if (text !== undefined) node.textContent = text;
  return node;
}

function age(since) {
  const s = Math.max(0, Math.round((Date.now() - since) / 1000));
  if (s < 120) return s + " s";
  if (s < 7200) return Math.floor(s / 60) + " min";
  return s < 172800 ? Math.floor(s / 3600) + " h" : Math.floor(s / 86400) + " d";
}

/* "1.2 k/s" of messages, "3.4 MB/s" of data. */
function rate(perSecond, unit) {
  if (perSecond === null) return NONE;
  let value = perSecond;
  let prefix = "";
  for (const next of ["k", "M", "G"]) {
    if (value < 1000) break;
    value /= 1000;
    prefix = next;
  }
  const digits = value !== 0 && value < 10 ? 1 : 0;
  return value.toFixed(digits) + " " + prefix + unit + "/s";
}

/* Rates come from the differences between two answers. */
const FLOWS = ["messagesOut", "messagesIn", "bytesOut", "bytesIn"];
let before = new Map();
let beforeAt = null;

function ratesOf(links, at) {
  const seen = new Map();
  const rates = new Map();
  const seconds = beforeAt === null ? 0 : (at - beforeAt) / 1000;
  const note = (key, counts, began) => {
    const last = before.get(key);
    const known = seconds > 0 && last !== undefined && last.began === began;
    seen.set(key, { counts, began });
    rates.set(key, known ? FLOWS.map((flow) => Math.max(0, counts[flow] - last.counts[flow]) / seconds) : null);
  };
  for (const link of links) {
    note(link.name, link, 0);
    for (const connection of link.connections) note(keyOf(link, connection), connection, connection.since);
  }
  before = seen;
  beforeAt = at;
  return rates;
}

/* Names of links hold no line feed. */
const keyOf = (link, connection) => link.name + "\\n" + connection.id;

const COLUMNS = [
  ["#", "number", (c) => String(c.id), "th"],
  ["peer", "name", (c) => c.peer || (c.suite ? "anonymous" : NONE)],
  ["socket", "", (c) => c.socketType || NONE],
  ["suite", "suite", (c) => c.suite || "handshake under way"],
  ["mode", "", (c) => c.mode || NONE],
  ["epoch", "number", (c) => c.suite ? whole.format(c.epoch) : NONE],
  ["resumed", "", (c) => c.suite ? (c.resumed ? "yes" : "no") : NONE],
  ["sent", "number", (c, r) => rate(r && r[0], "")],
  ["received", "number", (c, r) => rate(r && r[1], "")],
  ["data out", "number", (c, r) => rate(r && r[2], "B")],
  ["data in", "number", (c, r) => rate(r && r[3], "B")],
  ["queued", "number", (c) => whole.format(c.queued)],
  ["age", "number", (c) => age(c.since)],
];

function makeRow() {
  const row = make("tr");
  for (const [label, classes, , tag] of COLUMNS) {
    const cell = make(tag || "td", classes);
    cell.dataset.label = label;
    if (tag) cell.scope = "row";
    row.append(cell);
  }
  return row;
}

const FACTS = ["listen", "connect", "accepts", "connections", "old link", "last error"];

function makeLink(name) {
  const section = make("section", "link");
  const head = make("div", "head");
  const title = make("h2", "", name);
  const [state, side, phase] = ["chip state", "chip side", "chip phase"].map((classes) => make("span", classes));
  head.append(title, state, side, phase);
  const list = make("dl", "facts");
  const facts = {};
  for (const label of FACTS) {
    const pair = make("div", label === "listen" || label === "connect" ? "" : "wide");
    const value = make("dd");
    pair.append(make("dt", "", label), value);
    list.append(pair);
    facts[label] = { pair, value };
  }
  const scroll = make("div", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "connections of " + name);
  const table = make("table");
  const line = make("tr");
  for (const [label, classes] of COLUMNS) {
    const cell = make("th", classes, label);
    cell.scope = "col";
    line.append(cell);
  }
  const thead = make("thead");
  thead.append(line);
  const body = make("tbody");
  table.append(make("caption", "", "connections of " + name), thead, body);
  scroll.append(table);
  const empty = make("p", "empty");
  section.append(head, list, scroll, empty);
  return { section, state, side, phase, facts, scroll, body, empty, rows: new Map() };
}

function showLink(view, link, rates) {
  const up = link.state === "listening";
  view.state.className = "chip state " + (up ? "good" : "bad");
  set(view.state, link.state);
  set(view.side, link.side);
  view.phase.className = "chip phase " + (link.phase >= 3 ? "good" : "warn");
  set(view.phase, "phase " + link.phase + " of 4: " + (PHASES[link.phase] || ""));
  const values = {
    listen: link.listen,
    connect: link.connect,
    accepts: link.accepts,
    connections: whole.format(link.connections.length) + " now, " + whole.format(link.opened) + " so far, "
      + whole.format(link.failed) + " failed, " + whole.format(link.refused) + " refused",
    "old link": (link.oldListen === null ? "" : link.oldListen + ": ") + whole.format(link.oldOpen) + " open, " + whole.format(link.oldAccepted) + " so far, "
      + whole.format(link.oldRefused) + " refused",
    "last error": link.lastError,
  };
  for (const label of FACTS) set(view.facts[label].value, values[label]);
  view.facts["old link"].pair.classList.toggle("bad", link.oldOpen > 0 && link.phase > 1);
  view.facts["old link"].pair.hidden = link.oldListen === null && link.oldAccepted + link.oldRefused === 0;
  view.facts["last error"].pair.hidden = link.lastError === "";
  view.facts["last error"].pair.classList.add("bad");

  const shown = link.connections.slice(0, MOST_ROWS);
  const wanted = new Set(shown.map((connection) => connection.id));
  for (const [id, row] of view.rows) {
    if (!wanted.has(id)) {
      row.remove();
      view.rows.delete(id);
    }
  }
  for (const connection of shown) {
    let row = view.rows.get(connection.id);
    if (row === undefined) {
      row = makeRow();
      view.rows.set(connection.id, row);
      view.body.append(row);
    }
    const flow = rates.get(keyOf(link, connection));
    COLUMNS.forEach(([, classes, text], i) => {
      const put = classes === "suite" || classes === "name" ? setName : set;
      put(row.cells[i], text(connection, flow));
    });
  }
  const more = link.connections.length - shown.length;
  view.scroll.hidden = shown.length === 0;
  view.empty.hidden = shown.length > 0 && more === 0;
  set(view.empty, more > 0 ? "and " + whole.format(more) + " more" : "no connections");
}

const views = new Map();

function show(status, at) {
  const rates = ratesOf(status.links, at);
  document.title = status.name + " status";
  set(byId("name"), status.name);
  set(byId("process"), "version " + status.version + ", Node.js " + status.node + ", process " + status.pid
    + ", up " + age(status.started));
  const { configuration, totals } = status;
  byId("keylog").hidden = !status.keyLog;
  byId("error").hidden = configuration.error === "";
  set(byId("error"), "The changed configuration is not in force: " + configuration.error);
  set(byId("configuration"), configuration.file === "" ? "" : "Configuration " + configuration.file
    + ", in force since " + new Date(configuration.loaded).toLocaleString("en") + ".");
  const flows = status.links.map((link) => rates.get(link.name)).filter((flow) => flow !== null);
  const sums = FLOWS.map((_, i) => flows.length === 0 ? null : flows.reduce((sum, flow) => sum + flow[i], 0));
  const tiles = {
    links: totals.listening + " of " + totals.links,
    connections: whole.format(totals.connections),
    sent: rate(sums[0], ""),
    received: rate(sums[1], ""),
    out: rate(sums[2], "B"),
    in: rate(sums[3], "B"),
    queued: whole.format(totals.queued),
    old: whole.format(totals.oldOpen),
  };
  for (const [id, text] of Object.entries(tiles)) set(byId("tile-" + id), text);

  const names = new Set(status.links.map((link) => link.name));
  for (const [name, view] of views) {
    if (!names.has(name)) {
      view.section.remove();
      views.delete(name);
    }
  }
  for (const link of status.links) {
    let view = views.get(link.name);
    if (view === undefined) {
      view = makeLink(link.name);
      views.set(link.name, view);
      byId("links").append(view.section);
    }
    showLink(view, link, rates);
  }
}

function tell(text, classes) {
  byId("live").className = classes;
  set(byId("live"), text);
}

let timer;
let asking = false;

async function refresh() {
  clearTimeout(timer);
  if (asking || document.hidden) return;
  asking = true;
  try {
    const response = await fetch(location.pathname, {
      headers: { accept: "application/json" },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(5000),
    });
    if (!response.ok) throw new Error("answer " + response.status);
    show(await response.json(), performance.now());
    tell("live", "good");
  } catch (error) {
    tell("no answer: " + error.message, "bad");
  } finally {
    asking = false;
    if (document.hidden) tell("paused", "");
    else timer = setTimeout(refresh, INTERVAL);
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) tell("paused", "");
  refresh();
});
refresh();
`;
