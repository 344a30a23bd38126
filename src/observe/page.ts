/** The status page: one HTML text with its style and script inside, and the policy that lets a browser run no other. */
import { PROVIDER } from "../security.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";

/** Figures on top: id of the value, and what it is. */
const TILES = [
  ["links", "links listening"],
  ["connections", "connections"],
  ["sent", "messages out"],
  ["received", "messages in"],
  ["out", "data out"],
  ["in", "data in"],
  ["queued", "queued"],
  ["old", "on old links"],
] as const;

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='6' fill='%231f5fbf'/%3E%3C/svg%3E";

/** HTML. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>qzmq status</title>
<link rel="icon" href="${ICON}">
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<h1 id="name">qzmq</h1>
<p id="process"></p>
<p id="live" role="status">loading</p>
</header>
<main>
<noscript><p class="note">This page needs JavaScript. The same as JSON: curl with this address.</p></noscript>
<p class="note" id="keylog" role="alert" hidden>KEY LOG: the secrets of all connections are written to a file. Whoever reads it can read the traffic.</p>
<p class="note" id="error" role="alert" hidden></p>
<dl class="tiles">
${TILES.map(([id, label]) => `<div><dt>${label}</dt><dd id="tile-${id}">&ndash;</dd></div>`).join("\n")}
</dl>
<div id="links"></div>
</main>
<footer><p id="configuration"></p></footer>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;

/** Content-Security-Policy of the page: its own style and script by their hash, its own server, nothing else. */
export function pagePolicy(): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(PAGE_SCRIPT)}`,
    `style-src ${hashOf(PAGE_STYLE)}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

function hashOf(text: string): string {
  const digest = PROVIDER.hashes["SHA-256"].digest(new TextEncoder().encode(text));
  return `'sha256-${Buffer.from(digest).toString("base64")}'`;
}
