import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  DEFAULT_MAX_AUTH_AGE,
  type ResumptionOffer,
  refuseResumption,
} from "../../../src/mechanism/qzmq/resumption.ts";
import { issueRevocationList } from "../../../src/mechanism/qzmq/revocation.ts";
import type { TicketState } from "../../../src/mechanism/qzmq/ticket.ts";
import { Trust } from "../../../src/mechanism/qzmq/trust.ts";
import type { PeerRecord } from "../../../src/mechanism/qzmq/verdict.ts";
import { authority, certify, key, NOT_AFTER, NOW, provider } from "./pki.ts";
import { STATE } from "./ticket-state.ts";

const root = await authority("root");
const leaf = await certify("client.example", "root");
const trust = new Trust(provider, { mode: "hybrid", authorities: [root] });
const judged = trust.verifyAtOnce(
  [leaf.encoded],
  { role: "client", algorithms: ["ML-DSA-44"], name: "any" },
  NOW,
);
const state: TicketState = { ...STATE, client: judged as PeerRecord, expires: NOW + 50_000 };
const SUITE = Uint8Array.of(4, 2, 1, 1);
const OTHER_SUITE = Uint8Array.of(2, 2, 1, 1);

const offer: ResumptionOffer = {
  context: state.context.slice(),
  serverKeys: [new Uint8Array(32), state.serverKey.slice()],
  suitesEnabled: [OTHER_SUITE, SUITE],
  suitesOffered: [SUITE, OTHER_SUITE],
  serverName: "broker.example",
  clientAuth: "required",
  trust,
};
const judge = (change: Partial<ResumptionOffer> = {}, ticket: Partial<TicketState> = {}, now = NOW) =>
  refuseResumption({ ...state, ...ticket }, { ...offer, ...change }, now);

test("with everything as it was, the ticket resumes", () => {
  assert.is(judge(), null);
  assert.is(judge({ clientAuth: "optional" }), null);
});

const pinned = new Trust(provider, {
  mode: "hybrid",
  authorities: [root],
  pins: [{ fingerprint: leaf.keyId, name: "x" }],
});
const lists = [
  await issueRevocationList(
    provider,
    { number: 1, nextUpdate: NOW, serials: [leaf.serial], pins: [] },
    key("root"),
  ),
];
const anonymous = { client: null };
const refusals: [string, Partial<ResumptionOffer>, Partial<TicketState>, number, string][] = [
  ["another context", { context: new Uint8Array(16) }, {}, NOW, "context"],
  ["its end", {}, { expires: NOW }, NOW, "expired"],
  ["a server key no longer held", { serverKeys: [new Uint8Array(32)] }, {}, NOW, "server-key"],
  ["no server key", { serverKeys: [] }, {}, NOW, "server-key"],
  ["a suite no longer enabled", { suitesEnabled: [OTHER_SUITE] }, {}, NOW, "suite-disabled"],
  ["a suite not offered", { suitesOffered: [OTHER_SUITE] }, {}, NOW, "suite-not-offered"],
  ["another server name", { serverName: "other" }, {}, NOW, "server-name"],
  ["no server name", { serverName: "" }, {}, NOW, "server-name"],
  ["a server name where there was none", {}, { serverName: "" }, NOW, "server-name"],
  ["an anonymous client where one is required", {}, anonymous, NOW, "client-auth"],
  ["a client where none is wanted", { clientAuth: "none" }, {}, NOW, "client-auth"],
  ["a client without trust", { trust: null }, {}, NOW, "client-auth"],
  ["a full handshake too long ago", { maxAuthAge: 59 }, {}, NOW, "auth-age"],
  ["a clock that went back", {}, {}, STATE.authenticatedAt - 1, "auth-age"],
  ["a client certificate that ended", {}, {}, NOT_AFTER + 301, "client:expired"],
  [
    "a revoked client",
    { trust: new Trust(provider, { mode: "hybrid", authorities: [root], revocationLists: lists }) },
    {},
    NOW,
    "client:revoked",
  ],
  ["a client that is pinned by now", { trust: pinned }, {}, NOW, "client:identity-changed"],
  [
    "an authority no longer trusted",
    { trust: new Trust(provider, { mode: "hybrid", authorities: [await authority("other")] }) },
    {},
    NOW,
    "client:untrusted",
  ],
];
for (const [what, change, ticket, now, expected] of refusals) {
  test(`${what}: ${expected}`, () => assert.is(judge(change, ticket, now), expected));
}

test("anonymous clients resume where absence is allowed", () => {
  assert.is(judge({ clientAuth: "none", trust: null }, anonymous), null);
  assert.is(judge({ clientAuth: "optional" }, anonymous), null);
});

test("ages are allowed to the second", () => {
  assert.is(judge({ maxAuthAge: 60 }), null);
  const old = { authenticatedAt: NOW - DEFAULT_MAX_AUTH_AGE };
  assert.is(judge({}, old), null);
  assert.is(judge({}, { authenticatedAt: old.authenticatedAt - 1 }), "auth-age");
  assert.is(judge({}, { expires: NOW + 1 }), null);
});

test.run();
