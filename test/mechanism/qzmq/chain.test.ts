import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CryptoProvider } from "../../../src/crypto/provider.ts";
import { hex } from "../../../src/mechanism/qzmq/algorithm.ts";
import { type Certificate, decodeCertificate } from "../../../src/mechanism/qzmq/certificate.ts";
import { makeIdentity } from "../../../src/mechanism/qzmq/identity.ts";
import { issueRevocationList } from "../../../src/mechanism/qzmq/revocation.ts";
import { Trust, type TrustOptions } from "../../../src/mechanism/qzmq/trust.ts";
import type { Expected, Verdict } from "../../../src/mechanism/qzmq/verdict.ts";
import { authority, certify, flip, key, NOT_AFTER, NOT_BEFORE, NOW, provider } from "./pki.ts";

const usage = (pathLength: number) => ({ kind: "authority", pathLength }) as const;
const critical = { extensions: [{ type: 0x8000, data: new Uint8Array(0) }] };

const root = await authority("root");
const upper = await authority("upper", "root", { usage: usage(2) });
const middle = await authority("middle", "upper", { usage: usage(1) });
const lower = await authority("lower", "middle", { usage: usage(0) });
const leaf = await certify("broker", "lower");
const full = [leaf, lower, middle, upper];

const EXPECTED: Expected = {
  role: "server",
  algorithms: ["ML-DSA-44"],
  name: { value: "broker", from: "endpoint" },
};

function judge(
  chain: readonly Certificate[],
  expected: Partial<Expected> = {},
  options: Partial<TrustOptions> = {},
  now = NOW,
): Verdict {
  const trust = new Trust(provider, { mode: "hybrid", authorities: [root], ...options });
  const octets = chain.map(({ encoded }) => encoded);
  return trust.verifyAtOnce(octets, { ...EXPECTED, ...expected }, now);
}
const cause = (verdict: Verdict) =>
  verdict.kind === "refused" ? verdict.cause : `${verdict.kind} ${verdict.identity}`;

test("a chain of four under an authority is accepted, and recorded whole", () => {
  const verdict = judge(full);
  assert.is(cause(verdict), "certified broker");
  assert.ok(verdict.kind === "certified");
  assert.equal(
    verdict.chain.map(({ keyId }) => hex(keyId)),
    full.map(({ keyId }) => hex(keyId)),
  );
  assert.equal(
    verdict.chain.map(({ serial }) => hex(serial)),
    full.map(({ serial }) => hex(serial)),
  );
  assert.is(hex(verdict.fingerprint), hex(leaf.keyId));
});

test("the authority's own certificate at the end, and what follows a trusted issuer, is not looked at", async () => {
  const direct = await certify("broker", "root");
  assert.is(cause(judge([direct, root])), "certified broker");
  const verdict = judge([direct, upper, leaf]);
  assert.is(cause(verdict), "certified broker");
  assert.is(verdict.kind === "certified" && verdict.chain.length, 1);
});

test("signatures are checked one by one, the authority's first", () => {
  const checked: string[] = [];
  const names = new Map([root, upper, middle, lower].map((c) => [hex(c.publicKey), c.subject]));
  const watched = (of: CryptoProvider): CryptoProvider => {
    const primitive = of.signatures["ML-DSA-44"];
    const spy: typeof primitive = {
      ...primitive,
      verify(publicKey, ...rest) {
        checked.push(names.get(hex(publicKey))!);
        return primitive.verify(publicKey, ...rest);
      },
    };
    return { ...of, signatures: { ...of.signatures, "ML-DSA-44": spy } };
  };
  const trust = new Trust(watched(provider), { mode: "hybrid", authorities: [root] });
  checked.length = 0;
  const steps = trust.verify(
    full.map(({ encoded }) => encoded),
    EXPECTED,
    NOW,
  );
  for (const expected of [[], ["root"], ["root", "upper"], ["root", "upper", "middle"]]) {
    assert.is(steps.next().done, false);
    assert.equal(checked, expected);
  }
  assert.is(steps.next().done, true);
  assert.equal(checked, ["root", "upper", "middle", "lower"]);
});

for (const broken of [0, 1, 2, 3]) {
  test(`a wrong signature at ${broken} is found, and nothing below it is checked`, () => {
    const chain = full.map((certificate, i) => {
      if (i !== broken) return certificate;
      return decodeCertificate(provider, flip(certificate.encoded, certificate.encoded.length - 9));
    });
    const trust = new Trust(provider, { mode: "hybrid", authorities: [root] });
    const steps = trust.verify(
      chain.map(({ encoded }) => encoded),
      EXPECTED,
      NOW,
    );
    let signatures = 0;
    let step = steps.next();
    for (; !step.done; step = steps.next()) signatures++;
    assert.is(cause(step.value), "signature");
    assert.is(signatures, full.length - broken);
  });
}

for (const missing of [0, 1, 2, 3]) {
  test(`without certificate ${missing} the chain leads nowhere`, () => {
    const chain = full.filter((_, i) => i !== missing);
    const expected = missing === 0 ? "usage" : missing === 3 ? "untrusted" : "issuer";
    assert.is(cause(judge(chain)), expected);
  });
}

test("out of order, the chain is refused", () => {
  assert.is(cause(judge([leaf, middle, lower, upper])), "issuer");
  assert.is(cause(judge([...full].reverse())), "usage");
});

test("a chain with another's key in the middle is refused", async () => {
  const impostor = await authority("impostor", "middle");
  assert.is(cause(judge([leaf, impostor, middle, upper])), "issuer");
  const forged = await certify("broker", "impostor");
  const claimed = decodeCertificate(
    provider,
    Uint8Array.from(
      Buffer.from(hex(forged.encoded).replace(hex(forged.issuerKeyId), hex(lower.keyId)), "hex"),
    ),
  );
  assert.is(cause(judge([claimed, lower, middle, upper])), "signature");
});

test("an end entity does not issue", async () => {
  const server = await certify("lower", "middle");
  assert.is(cause(judge([leaf, server, middle, upper])), "not-authority");
  const own = await certify("broker", "leaf-issuer");
  const issuer = await certify("leaf-issuer", "root");
  assert.is(cause(judge([own, issuer])), "not-authority");
});

test("path lengths hold at each place, the authority's included", async () => {
  const narrowMiddle = await authority("middle", "upper", { usage: usage(0) });
  assert.is(cause(judge([leaf, lower, narrowMiddle, upper])), "path-length");
  const narrowUpper = await authority("upper", "root", { usage: usage(1) });
  assert.is(cause(judge([leaf, lower, middle, narrowUpper])), "path-length");
  const narrowRoot = await authority("root", "root", { usage: usage(2) });
  assert.is(cause(judge(full, {}, { authorities: [narrowRoot] })), "path-length");
  const closedRoot = await authority("root", "root", { usage: usage(0) });
  const direct = await certify("broker", "root");
  assert.is(cause(judge([direct], {}, { authorities: [closedRoot] })), "certified broker");
});

test("every certificate must be within its dates", async () => {
  const ended = { notAfter: NOW - 301, notBefore: 0 };
  const early = { notBefore: NOW + 301 };
  for (const [change, expected] of [
    [ended, "expired"],
    [early, "not-yet-valid"],
  ] as const) {
    assert.is(cause(judge([await certify("broker", "lower", change), lower, middle, upper])), expected);
    const datedLower = await authority("lower", "middle", { usage: usage(0), ...change });
    assert.is(cause(judge([leaf, datedLower, middle, upper])), expected);
    const datedRoot = await authority("root", "root", change);
    assert.is(cause(judge(full, {}, { authorities: [datedRoot] })), expected);
  }
  assert.is(cause(judge(full, {}, { clockSkew: 0 }, NOT_AFTER)), "certified broker");
  assert.is(cause(judge(full, {}, { clockSkew: 0 }, NOT_AFTER + 1)), "expired");
  assert.is(cause(judge(full, {}, { clockSkew: 0 }, NOT_BEFORE - 1)), "not-yet-valid");
});

test("the key must be certified for its role", async () => {
  const client = await certify("broker", "root", { usage: { kind: "end-entity", roles: ["client"] } });
  const server = await certify("broker", "root", { usage: { kind: "end-entity", roles: ["server"] } });
  assert.is(cause(judge([client])), "usage");
  assert.is(cause(judge([client], { role: "client", name: "any" })), "certified broker");
  assert.is(cause(judge([server], { role: "client", name: "any" })), "usage");
  assert.is(cause(judge([server])), "certified broker");
  assert.is(cause(judge([upper], { name: { value: "upper", from: "endpoint" } })), "usage");
});

test("the name must be among the certificate's, and there must be one", async () => {
  const named = await certify("broker", "root", { alternativeNames: ["a.example", "b.example"] });
  const wanting = (value: string) => ({ name: { value, from: "configured" } }) as const;
  assert.is(cause(judge([named], wanting("b.example"))), "certified broker");
  for (const wrong of ["c.example", "x.a.example", "example", "", "Broker", "broke", "lower"]) {
    assert.is(cause(judge([named], wanting(wrong))), "name", wrong);
  }
  assert.is(cause(judge([named], { name: null })), "name");
});

test("critical extensions are refused wherever they are, others carried", async () => {
  assert.is(cause(judge([await certify("broker", "lower", critical), lower, middle, upper])), "extension");
  const oddLower = await authority("lower", "middle", { usage: usage(0), ...critical });
  assert.is(cause(judge([leaf, oddLower, middle, upper])), "extension");
  const harmless = { extensions: [{ type: 0x7fff, data: Uint8Array.of(1) }] };
  assert.is(
    cause(judge([await certify("broker", "lower", harmless), lower, middle, upper])),
    "certified broker",
  );
});

test("Ed25519 in the middle of a chain is refused outside mode classical", async () => {
  const old = await authority("old", "root", { algorithm: "Ed25519", usage: usage(0) });
  const under = await certify("broker", "old", {}, "Ed25519");
  for (const mode of ["hybrid", "pq-only"] as const) {
    assert.is(cause(judge([under, old], {}, { mode })), "algorithm");
  }
  assert.is(cause(judge([under, old], {}, { mode: "classical" })), "certified broker");
});

test("larger keys go along with smaller ones", async () => {
  const large = await authority("large", "root", { algorithm: "ML-DSA-87", usage: usage(0) });
  const under = await certify("broker", "large", { algorithm: "ML-DSA-65" }, "ML-DSA-87");
  assert.is(cause(judge([under, large], { algorithms: ["ML-DSA-65"] })), "certified broker");
});

test("a revoked certificate or key anywhere in the chain is refused", async () => {
  for (const certificate of full) {
    for (const change of [{ serials: [certificate.serial] }, { pins: [certificate.keyId] }]) {
      const fields = { number: 1, nextUpdate: NOW, serials: [], pins: [], ...change };
      const revocationLists = [await issueRevocationList(provider, fields, key("root"))];
      assert.is(cause(judge(full, {}, { revocationLists })), "revoked");
    }
  }
});

test("an identity is its signer's chain, without the authority", async () => {
  const signer = key("broker");
  assert.equal(makeIdentity(signer, full).chain, full);
  const direct = await certify("broker", "root");
  const identity = makeIdentity(signer, [direct, root]);
  assert.equal(identity.chain, [direct]);
  assert.is(hex(identity.fingerprint), hex(direct.keyId));
  const isRangeError = (error: unknown) => error instanceof RangeError;
  for (const wrong of [[], [lower], [leaf, middle], [upper, root], [...full, root, root]]) {
    assert.throws(() => makeIdentity(signer, wrong), isRangeError);
  }
  assert.throws(() => makeIdentity(key("other"), [direct]), isRangeError);
  assert.throws(() => makeIdentity(key("upper"), [upper]), isRangeError);
  const fifth = await authority("fifth", "root");
  const sixth = await authority("upper", "fifth", { usage: usage(2) });
  assert.throws(() => makeIdentity(signer, [leaf, lower, middle, sixth, fifth]), isRangeError);
});

test.run();
