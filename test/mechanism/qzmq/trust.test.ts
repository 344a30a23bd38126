import { test } from "uvu";
import * as assert from "uvu/assert";
import { hex } from "../../../src/mechanism/qzmq/algorithm.ts";
import type { Certificate } from "../../../src/mechanism/qzmq/certificate.ts";
import { bareIdentity } from "../../../src/mechanism/qzmq/identity.ts";
import { issueRevocationList } from "../../../src/mechanism/qzmq/revocation.ts";
import { Trust, type TrustOptions } from "../../../src/mechanism/qzmq/trust.ts";
import type { Expected, PeerRecord, Verdict } from "../../../src/mechanism/qzmq/verdict.ts";
import { authority, certify, flip, key, NOT_AFTER, NOT_BEFORE, NOW, provider } from "./pki.ts";

const root = await authority("root");
const otherRoot = await authority("other-root");
const broker = await certify("broker", "root", { alternativeNames: ["broker.example"] });
const bare = (await bareIdentity(provider, key("broker"))).chain[0]!;
const octets = (...chain: Certificate[]) => chain.map(({ encoded }) => encoded);

const CLIENT: Expected = { role: "client", algorithms: ["ML-DSA-44"], name: "any" };
const server = (name: Expected["name"]): Expected => ({ role: "server", algorithms: ["ML-DSA-44"], name });
const SERVER = server({ value: "broker", from: "configured" });

const trusting = (options: Partial<TrustOptions>) => new Trust(provider, { mode: "hybrid", ...options });
const pinning = (name: string | null, options: Partial<TrustOptions> = {}) =>
  trusting({ pins: [{ fingerprint: broker.keyId, name }], ...options });
const list = (issuer: string, change: object = {}) => {
  const fields = { number: 5, nextUpdate: NOW + 100, serials: [], pins: [], ...change };
  return issueRevocationList(provider, fields, key(issuer));
};

function outcome(verdict: Verdict): string {
  return verdict.kind === "refused" ? verdict.cause : `${verdict.kind} ${verdict.identity}`;
}
function judge(trust: Trust, chain: readonly Uint8Array[], expected = CLIENT, now = NOW): string {
  return outcome(trust.verifyAtOnce(chain, expected, now));
}

test("a pinned key is known by the pin's name, and nothing that it says of itself counts", () => {
  const verdict = pinning("alice").verifyAtOnce(octets(bare), CLIENT, NOW);
  assert.is(outcome(verdict), "pinned alice");
  assert.ok(verdict.kind === "pinned");
  assert.is(hex(verdict.fingerprint), hex(broker.keyId));
  assert.is(hex(verdict.publicKey), hex(key("broker").publicKey));
  const zeros = { issuerKeyId: new Uint8Array(32), serial: new Uint8Array(16), notBefore: 0, notAfter: 0 };
  assert.equal(verdict.chain, [{ keyId: bare.keyId, ...zeros }]);
  assert.is(judge(pinning("alice"), octets(broker), CLIENT, NOT_AFTER * 2), "pinned alice");
});

test("a pin without a name is its own identity", () => {
  assert.is(judge(pinning(null), octets(bare)), `pinned ${hex(broker.keyId)}`);
});

test("a pin is not evaluated beyond its key, but what comes with it must be certificates", () => {
  assert.is(judge(pinning("alice"), [flip(bare.encoded, bare.encoded.length - 1)]), "pinned alice");
  assert.is(judge(pinning("alice"), [bare.encoded, Uint8Array.of(1)]), "malformed");
});

test("a name that the user wants must be the pin's; one that the endpoint has need not", () => {
  assert.is(judge(pinning("broker"), octets(bare), SERVER), "pinned broker");
  assert.is(judge(pinning("mallory"), octets(bare), SERVER), "name");
  assert.is(judge(pinning(null), octets(bare), SERVER), `pinned ${hex(broker.keyId)}`);
  assert.is(
    judge(pinning("mallory"), octets(bare), server({ value: "broker", from: "endpoint" })),
    "pinned mallory",
  );
  assert.is(judge(pinning("mallory"), octets(bare), server(null)), "pinned mallory");
});

test("a certified key is known by its subject, whichever of its names was wanted", () => {
  const trust = trusting({ authorities: [root] });
  const alternative = server({ value: "broker.example", from: "endpoint" });
  assert.is(judge(trust, octets(broker), alternative), "certified broker");
  assert.is(judge(trust, octets(broker), SERVER), "certified broker");
  const verdict = trust.verifyAtOnce(octets(broker), CLIENT, NOW);
  assert.ok(verdict.kind === "certified");
  const { keyId, issuerKeyId, serial, notBefore, notAfter } = broker;
  assert.equal(verdict.chain, [{ keyId, issuerKeyId, serial, notBefore, notAfter }]);
  assert.is(hex(verdict.publicKey), hex(key("broker").publicKey));
});

test("a pin goes before certificates", () => {
  assert.is(judge(pinning("alice", { authorities: [root] }), octets(broker)), "pinned alice");
});

test("a certificate that comes again costs no signature, and is judged by all else again", async () => {
  const trust = trusting({ authorities: [root] });
  const judged = (chain: readonly Uint8Array[], of = trust, now = NOW) => {
    const steps = of.verify(chain, CLIENT, now);
    let signatures = 0;
    let step = steps.next();
    for (; !step.done; step = steps.next()) signatures++;
    return [signatures, outcome(step.value)];
  };
  const forged = flip(broker.encoded, broker.encoded.length - 1);
  assert.equal(judged([forged]), [1, "signature"]);
  assert.equal(judged([forged]), [1, "signature"], "what failed is not remembered");
  assert.equal(judged(octets(broker)), [1, "certified broker"]);
  assert.equal(judged(octets(broker)), [0, "certified broker"]);
  assert.equal(judged([forged]), [1, "signature"], "the same but for its signature");
  assert.equal(judged(octets(broker), trust, NOT_AFTER * 2), [0, "expired"]);
  assert.is(judge(trust, octets(broker), server({ value: "mallory", from: "configured" })), "name");
  const renewed = trust.renew({ mode: "hybrid", authorities: [root] });
  assert.equal(judged(octets(broker), renewed), [1, "certified broker"], "another trust knows nothing");
  const listed = await list("root", { serials: [broker.serial] });
  const revoking = trust.renew({ mode: "hybrid", authorities: [root], revocationLists: [listed] });
  assert.equal(judged(octets(broker), revoking), [0, "revoked"]);
});

test("the look-up comes first, and each step is one signature", () => {
  const trust = trusting({ authorities: [root] });
  const steps = trust.verify(octets(broker), CLIENT, NOW);
  assert.equal(steps.next(), { done: false, value: undefined });
  assert.is(steps.next().done, true);
  const unknown = trusting({ authorities: [otherRoot] })
    .verify(octets(broker), CLIENT, NOW)
    .next();
  assert.ok(unknown.done && outcome(unknown.value) === "untrusted");
});

test("what is no chain of one to four certificates is refused", () => {
  const trust = trusting({ authorities: [root] });
  assert.is(judge(trust, []), "chain-length");
  assert.is(judge(trust, octets(broker, broker, broker, broker, broker)), "chain-length");
  assert.is(judge(trust, [broker.encoded.subarray(1)]), "malformed");
  assert.is(judge(trust, [new Uint8Array(0)]), "malformed");
});

test("the end entity's algorithm must be allowed in this handshake, pinned or not", () => {
  const expected: Expected = { ...CLIENT, algorithms: ["ML-DSA-65"] };
  assert.is(judge(pinning("alice"), octets(bare), expected), "algorithm");
  assert.is(judge(trusting({ authorities: [root] }), octets(broker), expected), "algorithm");
});

test("Ed25519 is refused outside mode classical, whatever the handshake allows", async () => {
  const signer = key("old", "Ed25519");
  const old = await bareIdentity(provider, signer);
  const pins = [{ fingerprint: old.fingerprint, name: "old" }];
  const expected: Expected = { ...CLIENT, algorithms: ["Ed25519"] };
  for (const mode of ["hybrid", "pq-only"] as const) {
    assert.is(judge(trusting({ mode, pins }), octets(...old.chain), expected), "algorithm");
  }
  assert.is(judge(trusting({ mode: "classical", pins }), octets(...old.chain), expected), "pinned old");
});

test("nothing trusted, twice the same, or an unfit authority: refused at the start", async () => {
  const pin = { fingerprint: broker.keyId, name: null };
  const bad: Partial<TrustOptions>[] = [
    {},
    { pins: [], authorities: [] },
    { pins: [pin, { ...pin, name: "twice" }] },
    { pins: [{ fingerprint: new Uint8Array(31), name: null }] },
    { authorities: [root, root] },
    { authorities: [broker] },
    { authorities: [await authority("middle", "root")] },
    { authorities: [{ ...root, signature: flip(root.signature, 0) }] },
    {
      authorities: [
        await authority("odd", "odd", { extensions: [{ type: 0x8000, data: new Uint8Array(0) }] }),
      ],
    },
    { authorities: [root], clockSkew: -1 },
    { authorities: [root], clockSkew: 3601 },
    { authorities: [root], revocationLists: [await list("other-root")] },
    { authorities: [root], revocationLists: [await list("root"), await list("root", { number: 6 })] },
    { authorities: [root], revocationLists: [{ ...(await list("root")), signature: new Uint8Array(2420) }] },
  ];
  for (const [i, options] of bad.entries()) {
    assert.throws(
      () => trusting(options),
      (error: unknown) => error instanceof RangeError,
      `case ${i}`,
    );
  }
});

test("an Ed25519 authority is refused outside mode classical", async () => {
  const change = { algorithm: "Ed25519", usage: { kind: "authority", pathLength: 0 } } as const;
  const old = await certify("old-root", "old-root", change, "Ed25519");
  assert.throws(() => trusting({ authorities: [old] }), /Ed25519 is not allowed/);
  const leaf = await certify("broker", "old-root", {}, "Ed25519");
  assert.is(judge(trusting({ mode: "classical", authorities: [old] }), octets(leaf)), "certified broker");
});

test("dates count, with the skew, and the authority's do too", async () => {
  const trust = trusting({ authorities: [root], clockSkew: 10 });
  assert.is(judge(trust, octets(broker), CLIENT, NOT_BEFORE - 10), "certified broker");
  assert.is(judge(trust, octets(broker), CLIENT, NOT_BEFORE - 11), "not-yet-valid");
  assert.is(judge(trust, octets(broker), CLIENT, NOT_AFTER + 10), "certified broker");
  assert.is(judge(trust, octets(broker), CLIENT, NOT_AFTER + 11), "expired");
  const long = await certify("broker", "root", { notBefore: 0, notAfter: NOT_AFTER * 2 });
  assert.is(judge(trust, octets(long), CLIENT, NOT_AFTER + 11), "expired");
  assert.is(judge(trust, octets(long), CLIENT, NOT_BEFORE - 11), "not-yet-valid");
  const standard = trusting({ authorities: [root] });
  assert.is(judge(standard, octets(broker), CLIENT, NOT_AFTER + 300), "certified broker");
  assert.is(judge(standard, octets(broker), CLIENT, NOT_AFTER + 301), "expired");
});

test("a revoked certificate is refused, even by a list that has ended", async () => {
  const lists = [await list("root", { serials: [broker.serial] })];
  const trust = trusting({ authorities: [root], revocationLists: lists });
  assert.is(judge(trust, octets(broker)), "revoked");
  const stale = [await list("root", { serials: [broker.serial], nextUpdate: 1 })];
  assert.is(judge(trusting({ authorities: [root], revocationLists: stale }), octets(broker)), "revoked");
});

test("a list revokes the serials of its own authority's chains, and keys everywhere", async () => {
  const both = { authorities: [root, otherRoot] };
  const serial = [await list("other-root", { serials: [broker.serial] })];
  assert.is(judge(trusting({ ...both, revocationLists: serial }), octets(broker)), "certified broker");
  const pins = [await list("other-root", { pins: [broker.keyId] })];
  assert.is(judge(trusting({ ...both, revocationLists: pins }), octets(broker)), "revoked");
  assert.is(judge(pinning("alice", { ...both, revocationLists: pins }), octets(bare)), "revoked");
  const head = [await list("other-root", { pins: [root.keyId] })];
  assert.is(judge(trusting({ ...both, revocationLists: head }), octets(broker)), "revoked");
});

test("where lists are required, a missing or ended one fails", async () => {
  const required = { authorities: [root], revocation: "required" } as const;
  assert.is(judge(trusting(required), octets(broker)), "revocation-missing");
  const lists = [await list("root")];
  const trust = trusting({ ...required, revocationLists: lists });
  assert.is(judge(trust, octets(broker)), "certified broker");
  assert.is(judge(trust, octets(broker), CLIENT, NOW + 400), "certified broker");
  assert.is(judge(trust, octets(broker), CLIENT, NOW + 401), "revocation-expired");
  const optional = trusting({ authorities: [root], revocationLists: lists });
  assert.is(judge(optional, octets(broker), CLIENT, NOW + 401), "certified broker");
});

test("where lists are required, a pinned key wants all of them current, and none if there are no authorities", async () => {
  const required = { revocation: "required" } as const;
  assert.is(judge(pinning("alice", required), octets(bare)), "pinned alice");
  const authorities = [root, otherRoot];
  const one = [await list("root")];
  assert.is(
    judge(pinning("alice", { ...required, authorities, revocationLists: one }), octets(bare)),
    "revocation-missing",
  );
  const all = [...one, await list("other-root", { nextUpdate: NOW + 10_000 })];
  const trust = pinning("alice", { ...required, authorities, revocationLists: all });
  assert.is(judge(trust, octets(bare)), "pinned alice");
  assert.is(judge(trust, octets(bare), CLIENT, NOW + 401), "revocation-expired");
});

test("renewed, a list's number does not go back, and a list does not vanish", async () => {
  const options: TrustOptions = { mode: "hybrid", authorities: [root] };
  const revoking = await list("root", { serials: [broker.serial] });
  const trust = new Trust(provider, { ...options, revocationLists: [revoking] });
  assert.is(judge(trust.renew(options), octets(broker)), "revoked");
  const renew = (revocationLists: Awaited<ReturnType<typeof list>>[]) =>
    trust.renew({ ...options, revocationLists });
  const number = { number: 4 };
  const older = await list("root", number);
  assert.throws(() => renew([older]), /went back from 5 to 4/);
  const other = await list("root");
  assert.throws(() => renew([other]), /other contents/);
  assert.is(judge(renew([revoking]), octets(broker)), "revoked");
  assert.is(judge(renew([await list("root", { number: 6 })]), octets(broker)), "certified broker");
  assert.is(judge(trust.renew({ mode: "hybrid", authorities: [otherRoot] }), octets(broker)), "untrusted");
});

test("a recorded peer is asked about again", async () => {
  const options: TrustOptions = { mode: "hybrid", authorities: [root] };
  const trust = new Trust(provider, options);
  const certified = trust.verifyAtOnce(octets(broker), CLIENT, NOW) as PeerRecord;
  const pinned = pinning("alice").verifyAtOnce(octets(bare), CLIENT, NOW) as PeerRecord;
  assert.is(trust.recheck(certified, NOW), null);
  assert.is(trust.recheck(certified, NOT_AFTER + 301), "expired");
  assert.is(trust.recheck(certified, NOT_BEFORE - 301), "not-yet-valid");
  const endedRoot = await authority("root", "root", { notBefore: 0, notAfter: NOW - 301 });
  assert.is(trusting({ authorities: [endedRoot] }).recheck(certified, NOW), "expired");
  assert.is(trusting({ authorities: [otherRoot] }).recheck(certified, NOW), "untrusted");
  assert.is(pinning("alice", options).recheck(certified, NOW), "identity-changed");
  const revoking = [await list("root", { serials: [broker.serial] })];
  assert.is(trusting({ ...options, revocationLists: revoking }).recheck(certified, NOW), "revoked");
  assert.is(trusting({ ...options, revocation: "required" }).recheck(certified, NOW), "revocation-missing");
  assert.is(pinning("alice").recheck(pinned, NOW), null);
  assert.is(pinning("bob").recheck(pinned, NOW), "identity-changed");
  assert.is(trust.recheck(pinned, NOW), "untrusted");
  const pins = [await list("root", { pins: [broker.keyId] })];
  assert.is(pinning("alice", { ...options, revocationLists: pins }).recheck(pinned, NOW), "revoked");
  assert.is(
    pinning("alice", { ...options, revocation: "required" }).recheck(pinned, NOW),
    "revocation-missing",
  );
});

test("the digest tells trusts apart, but not by their lists", async () => {
  const pins = [
    { fingerprint: broker.keyId, name: "a" },
    { fingerprint: root.keyId, name: null },
  ];
  const base: Partial<TrustOptions> = { pins, authorities: [root, otherRoot] };
  const digest = (options: Partial<TrustOptions>) => hex(trusting(options).digest);
  const distinct = [
    base,
    { ...base, mode: "pq-only" },
    { ...base, clockSkew: 0 },
    { ...base, revocation: "required" },
    { ...base, authorities: [root] },
    { ...base, pins: [pins[0]!] },
    { ...base, pins: [{ ...pins[0]!, name: "b" }, pins[1]!] },
  ] as const;
  assert.is(new Set(distinct.map(digest)).size, distinct.length);
  const same = { ...base, pins: [...pins].reverse(), authorities: [otherRoot, root] };
  assert.is(digest(same), digest(base));
  assert.is(digest({ ...base, revocationLists: [await list("root")] }), digest(base));
  assert.is(trusting(base).digest.length, 32);
  assert.ok(trusting(base).hasAuthorities);
  assert.not(pinning(null).hasAuthorities);
});

test.run();
