/** Who talks in vectors: keys from labels, certificates under two authorities, and sides with everyday settings. */
import type { SignatureName } from "../../../src/crypto/provider.ts";
import { signatureByOctet } from "../../../src/mechanism/qzmq/algorithm.ts";
import {
  type CertificateFields,
  END_OF_TIME,
  issueCertificate,
  type Role,
  selfIssue,
} from "../../../src/mechanism/qzmq/certificate.ts";
import { localSigner } from "../../../src/mechanism/qzmq/signer.ts";
import { defaultSuites } from "../../../src/mechanism/qzmq/suite.ts";
import { bytes, v8, v32 } from "../naive-codec.ts";
import { provider } from "../qzmq-identities.ts";
import { seededRandom } from "../seeded-random.ts";
import { type ClientSide, hex, type ServerSide, unhex } from "./format.ts";
import { Kdf } from "./schedule.ts";

/** The time of vectors, Unix seconds. */
export const TIME = 1_800_000_000;
/** Dates of certificates in vectors. */
export const DATES = { notBefore: TIME - 86_400, notAfter: TIME + 31_536_000 } as const;

/** What a party shows of itself. */
export interface Party {
  readonly seed: string;
  readonly signature: number;
  readonly certificates: readonly string[];
  readonly pin: string;
}

export const seedOf = (label: string): Uint8Array => seededRandom(`vectors/${label}`)(32);

/** The key of a label; signs deterministically. */
export function signerOf(label: string, signature: number) {
  return localSigner(provider, signatureByOctet(signature)!, seedOf(label), null);
}

/** The pin of a key (spec, "Pins"), computed here. */
export function pinOf(signature: number, publicKey: Uint8Array): string {
  return hex(new Kdf(1).hash(bytes("QZMQ/1 key"), Uint8Array.of(signature), publicKey));
}

/** A key without certificates. */
export async function bare(label: string, signature: number): Promise<Party> {
  const signer = signerOf(label, signature);
  const { encoded } = await selfIssue(provider, signer);
  return party(label, signature, [encoded], signer.publicKey);
}

/** What a certificate of vectors may say. */
export interface CertifySpec {
  readonly subject: string;
  readonly signature: number;
  readonly issuer: string;
  readonly issuerSignature: number;
  readonly fields?: Partial<CertificateFields>;
}

/** A certificate for the key of `subject`; a server's and client's unless `fields` says otherwise. */
export async function certificate(spec: CertifySpec) {
  const { subject, signature, issuer, issuerSignature, fields } = spec;
  const algorithm: SignatureName = signatureByOctet(signature)!;
  const roles: readonly Role[] = ["server", "client"];
  return issueCertificate(
    provider,
    {
      ...{
        serial: seedOf(`serial ${subject}`).subarray(0, 16),
        subject,
        alternativeNames: [],
        extensions: [],
      },
      ...{ usage: { kind: "end-entity", roles }, ...DATES },
      ...{ algorithm, publicKey: signerOf(subject, signature).publicKey },
      ...fields,
    },
    signerOf(issuer, issuerSignature),
  );
}

/** A self-issued authority's certificate, in hex. */
export async function authority(subject: string, signature: number): Promise<string> {
  const usage = { kind: "authority", pathLength: 1 } as const;
  const fields = { usage, notBefore: 0, notAfter: END_OF_TIME };
  const made = await certificate({ subject, signature, issuer: subject, issuerSignature: signature, fields });
  return hex(made.encoded);
}

/** A party under authority `root`, through another authority when `via` names one. */
export async function certified(
  subject: string,
  signature: number,
  root: { readonly label: string; readonly signature: number },
  via?: { readonly label: string; readonly signature: number },
  fields: Partial<CertificateFields> = {},
): Promise<Party> {
  const issuer = via ?? root;
  const leaf = await certificate({
    ...{ subject, signature, issuer: issuer.label, issuerSignature: issuer.signature, fields },
  });
  const chain = [leaf.encoded];
  if (via !== undefined) {
    const usage = { kind: "authority", pathLength: 0 } as const;
    const middle = await certificate({
      ...{
        subject: via.label,
        signature: via.signature,
        issuer: root.label,
        issuerSignature: root.signature,
      },
      fields: { usage },
    });
    chain.push(middle.encoded);
  }
  return party(subject, signature, chain, leaf.publicKey);
}

function party(label: string, signature: number, chain: readonly Uint8Array[], publicKey: Uint8Array): Party {
  return {
    seed: hex(seedOf(label)),
    signature,
    certificates: chain.map(hex),
    pin: pinOf(signature, publicKey),
  };
}

/** Encoded properties, without padding. */
export function properties(...list: readonly (readonly [string, string])[]): Buffer {
  return bytes(...list.map(([name, value]) => bytes(v8(name), v32(value))));
}

/** A greeting of version 3.1. */
export function greeting(asServer: boolean): Buffer {
  const out = Buffer.alloc(64);
  out.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1]);
  out.write("QZMQ", 12, "latin1");
  out[32] = asServer ? 1 : 0;
  return out;
}

/** A single-frame message. */
export function message(text: string): Buffer {
  const body = Buffer.from(text, "latin1");
  return body.length < 256 ? bytes("\x00", v8(body)) : bytes("\x02\x00\x00\x00\x00", v32(body));
}

const identityFields = (party: Party | null) => ({
  seed: party?.seed ?? null,
  signature: party?.signature ?? null,
  certificates: party?.certificates ?? [],
});

type Common = "greeting" | "seed" | "signature" | "certificates";
export type ClientChange = Partial<Omit<ClientSide, Common>>;
export type ServerChange = Partial<Omit<ServerSide, Common>>;

/** The client: anonymous unless there is a party; its suites are the recommended ones of its mode. */
export function clientSide(party: Party | null, change: ClientChange = {}): ClientSide {
  const mode = change.mode ?? "hybrid";
  return {
    ...{ greeting: hex(greeting(false)), mode },
    suites: defaultSuites(mode).map(({ octets }) => hex(octets)),
    ...{ recordLimit: 262_144, metadata: hex(properties(["Socket-Type", "DEALER"], ["Identity", ""])) },
    ...identityFields(party),
    ...{ pins: [], authorities: [], unixTime: TIME, serverName: null, endpoint: "tcp://broker.example:5555" },
    ...{ waiting: [], earlyData: false, fastStart: false },
    ...change,
  };
}

/** The server, with these suites. */
export function serverSide(party: Party, suites: readonly string[], change: ServerChange = {}): ServerSide {
  return {
    ...{ greeting: hex(greeting(true)), mode: "hybrid", suites, recordLimit: 262_144 },
    metadata: hex(properties(["Socket-Type", "ROUTER"], ["Identity", "broker"])),
    ...identityFields(party),
    ...{ pins: [], authorities: [], unixTime: TIME, clientAuth: "none", tickets: null, cookies: "never" },
    ...{ connection: "7", peerAddress: "192.0.2.7", time: "1000", authorization: 200 },
    ...change,
  } as ServerSide;
}

/** Octets of a suite in hex. */
export const suiteOctets = (suite: string): Buffer => unhex(suite);
