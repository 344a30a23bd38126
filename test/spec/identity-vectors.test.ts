/** Certificates, revocation lists, chains, key files, tickets and cookies of src/ are those of spec/vectors. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LayoutError } from "../../src/bytes/reader.ts";
import { nobleProvider } from "../../src/crypto/noble.ts";
import type { CryptoProvider, Random } from "../../src/crypto/provider.ts";
import { cryptoProvider } from "../../src/crypto/select.ts";
import { SIGNATURE_OCTETS, signatureByOctet } from "../../src/mechanism/qzmq/algorithm.ts";
import { armor, dearmor } from "../../src/mechanism/qzmq/armor.ts";
import {
  decodeCertificate,
  issueCertificate,
  verifyCertificate,
} from "../../src/mechanism/qzmq/certificate.ts";
import { decodeControl, encodeControl } from "../../src/mechanism/qzmq/control.ts";
import { CookieJar } from "../../src/mechanism/qzmq/cookie.ts";
import {
  decodePrivateKey,
  decodePublicKey,
  encodePrivateKey,
  encodePublicKey,
  KeyFileError,
} from "../../src/mechanism/qzmq/keyfile.ts";
import { parsePins } from "../../src/mechanism/qzmq/pins.ts";
import { refuseResumption } from "../../src/mechanism/qzmq/resumption.ts";
import { decodeRevocationList, issueRevocationList } from "../../src/mechanism/qzmq/revocation.ts";
import { localSigner } from "../../src/mechanism/qzmq/signer.ts";
import { decodeTicket, encodeTicket, type TicketState } from "../../src/mechanism/qzmq/ticket.ts";
import { TicketKeys } from "../../src/mechanism/qzmq/ticket-keys.ts";
import { Trust } from "../../src/mechanism/qzmq/trust.ts";
import {
  type CertificateVector,
  type ListVector,
  signatureHolds,
} from "../support/vectors/certificate-vectors.ts";
import type { ChainVector, FileVector } from "../support/vectors/chain-vectors.ts";
import type { CookieVector } from "../support/vectors/cookie-vectors.ts";
import { hex, readVectors, unhex } from "../support/vectors/format.ts";
import type { TicketOffer, TicketStateEntry, TicketVector } from "../support/vectors/ticket-vectors.ts";

const identities = suite("identity vectors");
const tickets = suite("ticket vectors");
const cookies = suite("cookie vectors");
const PROVIDERS = [cryptoProvider("node"), nobleProvider()];

type IdentityVector = CertificateVector | ListVector | ChainVector | FileVector;

/** The vectors of one kind; there must be some. */
function ofKind<K extends IdentityVector["kind"]>(kind: K): Extract<IdentityVector, { kind: K }>[] {
  type Wanted = Extract<IdentityVector, { kind: K }>;
  const found = readVectors<IdentityVector>("certificates").filter(
    (vector): vector is Wanted => vector.kind === kind,
  );
  assert.ok(found.length > 0);
  return found;
}

/** Octets that are drawn in this order. */
function drawing(...list: Uint8Array[]): Random {
  return (length) => {
    const next = list.shift();
    assert.is(next?.length, length, "the length that is drawn");
    return new Uint8Array(next!);
  };
}

const isLayout = (error: unknown) => error instanceof LayoutError;

for (const provider of PROVIDERS) {
  identities(`certificates: ${provider.name}`, async () => {
    for (const vector of ofKind("certificate")) await checkCertificate(provider, vector);
  });

  identities(`revocation lists: ${provider.name}`, async () => {
    for (const vector of ofKind("list")) await checkList(provider, vector);
  });

  identities(`chains: ${provider.name}`, () => {
    for (const vector of ofKind("chain")) checkChain(provider, vector);
  });

  identities(`files: ${provider.name}`, () => {
    for (const vector of ofKind("file")) checkFile(provider, vector);
  });

  tickets(`tickets: ${provider.name}`, () => {
    for (const vector of readVectors<TicketVector>("tickets")) {
      if (vector.result === "ok") checkTicket(provider, vector);
      else refuseTicket(provider, vector);
    }
  });

  cookies(`cookies: ${provider.name}`, () => {
    for (const vector of readVectors<CookieVector>("cookies")) checkCookie(provider, vector);
  });
}

async function checkCertificate(provider: CryptoProvider, vector: CertificateVector): Promise<void> {
  const { name, fields, encoded, signed, signature, seed, pin } = vector;
  if (fields === null) {
    assert.throws(() => decodeCertificate(provider, unhex(encoded)), isLayout, name);
    return;
  }
  assert.ok(signatureHolds(vector, "QZMQ/1 certificate"), name);
  const found = decodeCertificate(provider, unhex(encoded));
  const roles = [...(fields.usage & 2 ? ["server"] : []), ...(fields.usage & 4 ? ["client"] : [])];
  const usage =
    fields.usage === 1 ? { kind: "authority", pathLength: fields.pathLen } : { kind: "end-entity", roles };
  assert.equal(found.usage, usage, name);
  const { serial, publicKey, issuerKeyId, keyId } = found;
  assert.equal(
    [serial, publicKey, issuerKeyId, keyId, found.signed].map(hex),
    [fields.serial, fields.publicKey, fields.issuerKeyId, pin, signed],
    name,
  );
  assert.equal(
    [
      found.subject,
      found.alternativeNames,
      found.notBefore,
      found.notAfter,
      SIGNATURE_OCTETS[found.algorithm],
    ],
    [fields.subject, fields.alternativeNames, fields.notBefore, fields.notAfter, fields.algorithm],
    name,
  );
  assert.equal(
    found.extensions.map(({ type, data }) => ({ type, data: hex(data) })),
    fields.extensions,
  );
  const issuer = localSigner(provider, signatureByOctet(signature)!, unhex(seed), null);
  assert.ok(verifyCertificate(provider, found, issuer), name);
  assert.is(hex((await issueCertificate(provider, found, issuer)).encoded), encoded, name);
}

async function checkList(provider: CryptoProvider, vector: ListVector): Promise<void> {
  const { name, fields, encoded, signed, signature, seed } = vector;
  if (fields === null) {
    assert.throws(() => decodeRevocationList(unhex(encoded)), isLayout, name);
    return;
  }
  assert.ok(signatureHolds(vector, "QZMQ/1 revocation"), name);
  const found = decodeRevocationList(unhex(encoded));
  const { issuerKeyId, number, nextUpdate, serials, pins } = found;
  assert.equal(
    { issuerKeyId: hex(issuerKeyId), number, nextUpdate, serials: serials.map(hex), pins: pins.map(hex) },
    fields,
  );
  assert.is(hex(found.signed), signed);
  const issuer = localSigner(provider, signatureByOctet(signature)!, unhex(seed), null);
  assert.is(hex((await issueRevocationList(provider, found, issuer)).encoded), encoded, name);
}

function checkChain(provider: CryptoProvider, vector: ChainVector): void {
  const { name, mode, revocation, role, expectedName, unixTime, result, identity, cause } = vector;
  const trust = new Trust(provider, {
    ...{ mode, revocation, pins: parsePins(vector.pins.join("\n")) },
    authorities: vector.authorities.map((octets) => decodeCertificate(provider, unhex(octets))),
    revocationLists: vector.lists.map((octets) => decodeRevocationList(unhex(octets))),
  });
  const algorithms = vector.algorithms.map((octet) => signatureByOctet(octet)!);
  const expected = { role, algorithms, name: expectedName };
  const verdict = trust.verifyAtOnce(vector.certificates.map(unhex), expected, unixTime);
  const found = verdict.kind === "refused" ? { cause: verdict.cause } : { identity: verdict.identity };
  assert.equal(
    { result: verdict.kind, ...found },
    result === "refused" ? { result, cause } : { result, identity },
    name,
  );
}

function checkFile(provider: CryptoProvider, vector: FileVector): void {
  const { name, armour, passphrase, octets, seed, signature, cause } = vector;
  const [block, ...more] = dearmor(armour);
  assert.equal(more, []);
  assert.is(hex(block!.octets), octets, name);
  assert.is(armor(block!.label, unhex(octets)), armour, name);
  if (block!.label === "QZMQ PUBLIC KEY") {
    assert.is(hex(encodePublicKey(decodePublicKey(provider, unhex(octets)))), octets);
  }
  if (block!.label !== "QZMQ PRIVATE KEY") return;
  const phrase = passphrase === null ? null : Buffer.from(passphrase.normalize("NFC"));
  const decode = () => decodePrivateKey(provider, unhex(octets), phrase);
  if (seed === null) {
    assert.throws(decode, (error: unknown) => error instanceof KeyFileError && error.reason === cause, name);
    return;
  }
  const key = decode();
  assert.equal([hex(key.seed), SIGNATURE_OCTETS[key.algorithm]], [seed, signature], name);
  const [cost, salt, nonce] = [
    unhex(octets).subarray(35, 38),
    unhex(octets).subarray(38, 54),
    unhex(octets).subarray(54, 66),
  ];
  const protection = phrase && {
    ...{
      passphrase: phrase,
      random: drawing(salt, nonce),
      cost: { logN: cost[0]!, r: cost[1]!, p: cost[2]! },
    },
  };
  assert.is(hex(encodePrivateKey(provider, key, protection)), octets, name);
}

function stateOf(entry: TicketStateEntry): TicketState {
  const {
    context,
    suite: octets,
    serverKey,
    psk,
    identity,
    clientState,
    clientIdentity,
    chain,
    ...rest
  } = entry;
  const records = chain.map(({ keyId, issuerKeyId, serial, notBefore, notAfter }) => {
    return { keyId: raw(keyId), issuerKeyId: raw(issuerKeyId), serial: raw(serial), notBefore, notAfter };
  });
  const kind = clientState === 1 ? "pinned" : "certified";
  return {
    ...{ context: raw(context), suite: raw(octets), serverKey: raw(serverKey), psk: raw(psk) },
    ...{ serverName: rest.serverName, socketType: rest.socketType, identity: raw(identity) },
    client: clientState === 0 ? null : { kind, identity: clientIdentity, chain: records },
    ...{ authenticatedAt: rest.authenticatedAt, expires: rest.expires },
    ...{ earlyLimit: rest.earlyLimit, recordLimit: rest.recordLimit },
  };
}

const raw = (text: string) => new Uint8Array(unhex(text));

/** Ticket keys that have come to the vector's key, each before it having sealed one ticket. */
function ticketKeys(
  provider: CryptoProvider,
  vector: TicketVector,
  context: string,
  state: TicketState,
): TicketKeys {
  const { keyNumber, ticketKey, nonce } = vector;
  const before = Array.from({ length: keyNumber }, () => [new Uint8Array(32), new Uint8Array(12)]).flat();
  const random = drawing(unhex(context), ...before, unhex(ticketKey), unhex(nonce));
  const keys = new TicketKeys(provider, random, { maxPerKey: 1 });
  for (let i = 0; i < keyNumber; i++) keys.seal(state, state.expires - 7200);
  return keys;
}

function checkTicket(provider: CryptoProvider, vector: TicketVector): void {
  const { name, plaintext, ticket, control, ticketNonce } = vector;
  const state = stateOf(vector.state!);
  assert.is(hex(encodeTicket(state)!), plaintext, name);
  assert.equal(decodeTicket(unhex(plaintext)), state, name);
  const keys = ticketKeys(provider, vector, vector.state!.context, state);
  const now = state.expires - 7200;
  assert.is(hex(keys.seal(state, now)!), ticket, name);
  assert.equal(keys.open(unhex(ticket), now), { kind: "opened", state }, name);
  assert.equal(keys.open(unhex(ticket), now), { kind: "refused", cause: "used" }, name);
  const message = decodeControl(unhex(control));
  assert.is(hex(encodeControl(message)), control);
  assert.equal(message, {
    ...{ type: "ticket", lifetime: 7200, earlyLimit: state.earlyLimit },
    ...{ nonce: raw(ticketNonce), ticket: raw(ticket) },
  });
}

function refuseTicket(provider: CryptoProvider, vector: TicketVector): void {
  const offer = vector.offer!;
  // Sealing needs a state; what it seals does not matter, since only the key is wanted.
  const own = readVectors<TicketVector>("tickets").find(({ result }) => result === "ok")!;
  const filler = stateOf(own.state!);
  const random = drawing(unhex(offer.context), unhex(vector.ticketKey), new Uint8Array(12));
  const keys = new TicketKeys(provider, random);
  assert.ok(keys.seal({ ...filler, expires: offer.unixTime + 1 }, offer.unixTime));
  const opened = keys.open(unhex(vector.ticket), offer.unixTime);
  const cause =
    opened.kind === "refused"
      ? opened.cause
      : refuseResumption(opened.state, offered(provider, offer), offer.unixTime);
  assert.is(cause?.replace("client:", ""), vector.cause, vector.name);
}

function offered(provider: CryptoProvider, offer: TicketOffer) {
  return {
    ...{
      context: unhex(offer.context),
      serverKeys: offer.serverKeys.map(unhex),
      serverName: offer.serverName,
    },
    ...{ suitesEnabled: offer.suitesEnabled.map(unhex), suitesOffered: offer.suitesOffered.map(unhex) },
    ...{ clientAuth: offer.clientAuth, maxAuthAge: offer.maxAuthAge },
    trust: new Trust(provider, { mode: "hybrid", pins: parsePins(offer.pins.join("\n")) }),
  };
}

function checkCookie(provider: CryptoProvider, vector: CookieVector): void {
  const { name, result, secret, keyNumber, cookie, clientHelloData, hash, peerAddress } = vector;
  const lifetime = 60_000;
  const before = Array.from({ length: keyNumber }, () => new Uint8Array(32));
  const jar = new CookieJar(provider, drawing(...before, unhex(secret), new Uint8Array(32)), lifetime);
  const subject = {
    connectionId: Number(vector.connection),
    peerAddress,
    clientHello: unhex(clientHelloData),
  };
  const time = Number(vector.time);
  for (let i = keyNumber; i > 0; i--) jar.bake(subject, time - i * lifetime);
  const baked = hex(jar.bake(subject, time));
  if (result === "ok") {
    assert.is(baked, cookie, name);
    assert.is(hex(provider.hashes["SHA-256"].digest(unhex(clientHelloData))), hash);
  }
  assert.is(jar.accepts(unhex(cookie), subject, Number(vector.now)), result === "ok", name);
}

identities.run();
tickets.run();
cookies.run();
