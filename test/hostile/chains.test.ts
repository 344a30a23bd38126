/** Hostile peers of both roles with certificates: every defect of a chain, all alike on the wire. */
import * as assert from "uvu/assert";
import type { Certificate, CertificateFields } from "../../src/mechanism/qzmq/certificate.ts";
import { type Identity, makeIdentity } from "../../src/mechanism/qzmq/identity.ts";
import { qzmqClient } from "../../src/mechanism/qzmq/index.ts";
import { issueRevocationList } from "../../src/mechanism/qzmq/revocation.ts";
import { Trust, type TrustOptions } from "../../src/mechanism/qzmq/trust.ts";
import { authority, certify, key, NOT_AFTER, NOT_BEFORE, provider } from "../mechanism/qzmq/pki.ts";
import { bytes, v16, v32 } from "../support/naive-codec.ts";
import { alice, beforeClient, beforeServer, bob, flip, type Ground, ground } from "./scene.ts";
import { AUTH, type Sin, sins } from "./sins.ts";

const root = await authority("root");
const other = await authority("other");
const middle = await authority("middle", "root");
const narrow = await authority("narrow", "root", { usage: { kind: "authority", pathLength: 0 } });
const below = await authority("below", "narrow");
const entity = (change: Partial<CertificateFields> = {}, issuer = "root") => certify("leaf", issuer, change);
const leaf = await entity();

/** Everything certified is for this name, which the endpoint has. */
const NAME = "server.example";
const named = (change: Partial<CertificateFields> = {}, issuer = "root") =>
  entity({ subject: NAME, ...change }, issuer);
const revoked = await named({ serial: new Uint8Array(16).fill(9) });
const list = await issueRevocationList(
  provider,
  { number: 1, nextUpdate: NOT_AFTER, serials: [new Uint8Array(16).fill(9)], pins: [] },
  key("root"),
);

/** `leaf`'s key behind these certificates, without a look at whether they fit. */
const behind = (...chain: Certificate[]): Identity => ({
  ...makeIdentity(key("leaf"), [leaf]),
  chain: chain.map((certificate) => ({ ...certificate })),
});

const broken = (certificate: Certificate, at: number): Certificate => ({
  ...certificate,
  encoded: new Uint8Array(flip(certificate.encoded, at)),
});
const raw = (encoded: Uint8Array): Certificate => ({ ...leaf, encoded });

/** What is wrong with each chain, by the cause that the honest side keeps to itself. */
type Defect = readonly [name: string, cause: string, chain: readonly Certificate[]];
const roleless = (roles: "server" | "client"): Partial<CertificateFields> => ({
  usage: { kind: "end-entity", roles: [roles] },
});
const good = await named();
const skewed = { before: NOT_BEFORE + 2000, after: NOT_AFTER - 2000 };

const common: readonly Defect[] = [
  ["garbage", "malformed", [raw(bytes("garbage"))]],
  ["an octet too many", "malformed", [raw(bytes(good.encoded, "\0"))]],
  ["an octet short", "malformed", [raw(good.encoded.subarray(0, -1))]],
  ["version 2", "malformed", [raw(flip(good.encoded, 0, 1))]],
  ["garbage behind a right one", "malformed", [good, raw(bytes("garbage"))]],
  ["12 289 octets", "malformed", [raw(Buffer.alloc(12_289))]],
  ["nobody's authority", "untrusted", [await named({}, "other")]],
  ["self-issued", "untrusted", [await named({}, "leaf")]],
  ["its issuer missing", "untrusted", [await named({}, "middle")]],
  ["in the wrong order", "issuer", [await named({}, "middle"), leaf, middle]],
  [
    "an issuer that is no authority",
    "not-authority",
    [await named({}, "client"), await certify("client", "root")],
  ],
  ["a path too long", "path-length", [await named({}, "below"), below, narrow]],
  ["not valid yet", "not-yet-valid", [await named({ notBefore: skewed.before, notAfter: skewed.before })]],
  ["expired", "expired", [await named({ notAfter: skewed.after, notBefore: 0 })]],
  [
    "an expired authority in between",
    "expired",
    [await named({}, "middle"), await authority("middle", "root", { notBefore: 0, notAfter: skewed.after })],
  ],
  ["an authority's own", "usage", [await named({ usage: { kind: "authority", pathLength: 0 } })]],
  [
    "a critical extension",
    "extension",
    [await named({ extensions: [{ type: 0x8000, data: new Uint8Array() }] })],
  ],
  ["a bit of the subject turned over", "signature", [broken(good, 5)]],
  ["a bit of its signature turned over", "signature", [broken(good, good.encoded.length - 1)]],
  [
    "a bit of the authority's signature turned over",
    "signature",
    [await named({}, "middle"), broken(middle, middle.encoded.length - 1)],
  ],
  ["revoked", "revoked", [revoked]],
  ["Ed25519", "algorithm", [await certify(NAME, "root", { algorithm: "Ed25519" })]],
  [
    "ML-DSA-65 under a suite of ML-DSA-44, or a stranger's",
    "",
    [await certify(NAME, "root", { algorithm: "ML-DSA-65" })],
  ],
];

const trust = (options: Partial<TrustOptions>) => {
  const made = new Trust(provider, {
    mode: "hybrid",
    authorities: [root],
    revocationLists: [list],
    ...options,
  });
  return () => made;
};
const pin = ({ fingerprint }: Identity, name: string) => ({ pins: [{ fingerprint, name }] });

/** The bystanders go by pins, the sinners by certificates. */
const certified = () =>
  ground({
    server: { trust: trust(pin(alice, "alice")) },
    client: { trust: trust(pin(bob, "bob")) },
  });

function against(
  defects: readonly Defect[],
  present: (on: Ground, chain: readonly Certificate[]) => ReturnType<Sin[1]>,
): Sin[] {
  return defects.map(([name, cause, chain]) => [
    `a chain: ${name}`,
    async (on) => {
      const scene = await present(on, chain);
      if (cause !== "") assert.match(scene.victim.error?.message ?? "", `(${cause})`);
      return scene;
    },
    ...AUTH,
  ]);
}

const shownToServer = (on: Ground, chain: readonly Certificate[]) => {
  const scene = beforeServer(on, "greeted", { identity: behind(...chain) });
  return scene.say(scene.peer.clientKey());
};
const shownToClient = (on: Ground, chain: readonly Certificate[]) => {
  const scene = beforeClient(on, "greeted", { identity: behind(...chain) });
  return scene.say(scene.peer.serverHello());
};

sins("chains of clients", certified, [
  ...against([...common, ["a server's", "usage", [await named(roleless("server"))]]], shownToServer),
  [
    "a right chain, signed with another key",
    (on) => {
      const scene = beforeServer(on, "greeted", { identity: { ...behind(good), signer: key("stranger") } });
      return scene.say(scene.peer.clientKey());
    },
    ...AUTH,
  ],
  [
    "a right chain, cut down to the authority's certificate",
    (on) => {
      const scene = beforeServer(on, "greeted", { identity: { ...behind(root), signer: key("leaf") } });
      return scene.say(scene.peer.clientKey());
    },
    ...AUTH,
  ],
]);

sins("chains of servers", certified, [
  ...against(
    [
      ...common,
      ["a client's", "usage", [await named(roleless("client"))]],
      ["another name", "name", [await entity({ subject: "elsewhere.example" })]],
      ["a name that only begins alike", "name", [await entity({ subject: `${NAME}.evil` })]],
      ["a wildcard spelt out", "name", [await entity({ subject: "+.example" })]],
    ],
    shownToClient,
  ),
  [
    "a right chain, signed with another key",
    (on) => {
      const scene = beforeClient(on, "greeted", { identity: { ...behind(good), signer: key("stranger") } });
      return scene.say(scene.peer.serverHello());
    },
    ...AUTH,
  ],
  [
    "a certificate where no name is expected",
    (on) => {
      const scene = beforeClient(on, "greeted", { identity: behind(good), endpoint: "ipc:///run/socket" });
      return scene.say(scene.peer.serverHello());
    },
    ...AUTH,
  ],
]);

const configured = () =>
  ground({
    server: { trust: trust(pin(alice, "alice")) },
    client: { trust: trust(pin(bob, "bob")), serverName: "bob" },
  });

sins("a server under a name that was configured", configured, [
  ...against([["the endpoint's name, not the configured one", "name", [good]]], shownToClient),
]);

sins(
  "a server whose pin has another name",
  () => ground({ client: { trust: trust(pin(bob, "bob")), serverName: "bob" } }),
  [
    [
      "a pinned key under somebody else's name",
      (on) => {
        const client = qzmqClient({
          provider,
          unixTime: on.clock.read,
          trust: trust(pin(bob, "bob")),
          serverName: "carol",
        });
        const scene = beforeClient({ ...on, client }, "greeted");
        return scene.say(scene.peer.serverHello());
      },
      ...AUTH,
    ],
  ],
);

sins(
  "lists that are required",
  () =>
    ground({
      server: {
        trust: trust({ authorities: [root, other], revocation: "required", ...pin(bob, "bob") }),
        clientAuth: "optional",
      },
      client: { identity: () => null },
    }),
  [
    ...against(
      [["an authority without a list", "revocation-missing", [await named({}, "other")]]],
      shownToServer,
    ),
    [
      "a chain of five",
      (on) => {
        const scene = beforeServer(on, "greeted", { identity: behind(good) });
        const five = v32(bytes(...Array<Buffer>(5).fill(v16(good.encoded))));
        return scene.say(scene.peer.clientKey({ certificate: five }));
      },
      "ERR_QZMQ_PROTOCOL",
      "ERROR protocol",
    ],
  ],
);
