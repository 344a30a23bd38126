/** tickets.json (spec, "Tickets"). */
import { bytes, u8, u16, u32, u64, v8, v16 } from "../naive-codec.ts";
import { flipped } from "./forge.ts";
import { type Hex, hex, unhex, type Vector } from "./format.ts";
import { bare, DATES, seedOf, TIME } from "./parties.ts";
import { aeadSeal, Kdf } from "./schedule.ts";

export interface TicketChainEntry {
  readonly keyId: Hex;
  readonly issuerKeyId: Hex;
  readonly serial: Hex;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface TicketStateEntry {
  readonly context: Hex;
  readonly suite: Hex;
  readonly serverKey: Hex;
  readonly serverName: string;
  readonly psk: Hex;
  readonly clientState: 0 | 1 | 2;
  readonly clientIdentity: string;
  readonly chain: readonly TicketChainEntry[];
  readonly socketType: string;
  readonly identity: Hex;
  readonly authenticatedAt: number;
  readonly expires: number;
  readonly earlyLimit: number;
  readonly recordLimit: number;
}

export interface TicketOffer {
  readonly context: Hex;
  readonly serverKeys: readonly Hex[];
  readonly suitesEnabled: readonly Hex[];
  readonly suitesOffered: readonly Hex[];
  readonly serverName: string;
  readonly clientAuth: "none" | "optional" | "required";
  /** Lines of a pin file: trust in clients. */
  readonly pins: readonly string[];
  readonly maxAuthAge: number;
  readonly unixTime: number;
}

export interface TicketVector extends Vector {
  /** `null` where the plaintext is malformed. */
  readonly state: TicketStateEntry | null;
  readonly plaintext: Hex;
  readonly ticketKey: Hex;
  readonly keyNumber: number;
  readonly nonce: Hex;
  readonly ticket: Hex;
  readonly resumption: Hex;
  readonly ticketNonce: Hex;
  readonly psk: Hex;
  readonly control: Hex;
  /** Of vectors that are refused. */
  readonly offer: TicketOffer | null;
}

const CONTEXT = hex(seedOf("ticket context").subarray(0, 16));
const LIFETIME = 7200;

/** See the head of this file. */
export async function ticketVectors(): Promise<TicketVector[]> {
  const alice = await bare("alice", 2);
  const broker = await bare("broker", 2);
  const pinned = {
    clientState: 1,
    clientIdentity: "alice",
    chain: [{ ...EMPTY_RECORD, keyId: alice.pin }],
  } as const;
  const anonymous = make("anonymous client, SHA-256", { ...BASE, serverKey: broker.pin });
  const byPin = make("client known by pin, SHA-384, early data", {
    ...{
      ...BASE,
      ...pinned,
      serverKey: broker.pin,
      suite: "05030202",
      earlyLimit: 16_384,
      recordLimit: 4096,
    },
    ...{ serverName: "broker", identity: "00ff07" },
  });
  const certified = make(
    "client certified through another authority, third key",
    {
      ...{ ...BASE, serverKey: broker.pin, clientState: 2, clientIdentity: "alice@example" },
      chain: [record("leaf", "issuer"), record("issuer", "root")],
    },
    2,
  );
  const offer: TicketOffer = {
    ...{
      context: CONTEXT,
      serverKeys: [broker.pin],
      suitesEnabled: [BASE.suite],
      suitesOffered: [BASE.suite],
    },
    ...{
      serverName: "",
      clientAuth: "optional",
      pins: [`${alice.pin}, alice`],
      maxAuthAge: 86_400,
      unixTime: TIME,
    },
  };
  const refused = (
    name: string,
    cause: string,
    change: Partial<TicketOffer>,
    from: TicketVector = anonymous,
    more: Partial<TicketVector> = {},
  ): TicketVector => ({ ...from, name, result: "refused", cause, offer: { ...offer, ...change }, ...more });
  const known = make("known", { ...BASE, ...pinned, serverKey: broker.pin });
  const malformed = (name: string, plaintext: Buffer) => {
    const { ticket, nonce } = seal(0, plaintext, name);
    const more = { state: null, plaintext: hex(plaintext), nonce, ticket };
    return refused(name, "malformed", {}, anonymous, more);
  };
  const octets = unhex(anonymous.plaintext);
  return [
    ...[anonymous, byPin, certified],
    refused("of an unknown key", "foreign", {}, anonymous, {
      ticket: hex(flipped(unhex(anonymous.ticket), 0)),
    }),
    refused("with a changed nonce", "foreign", {}, anonymous, {
      ticket: hex(flipped(unhex(anonymous.ticket), 5)),
    }),
    refused("with a changed tag", "foreign", {}, anonymous, {
      ticket: hex(flipped(unhex(anonymous.ticket), -1)),
    }),
    refused("too short", "foreign", {}, anonymous, { ticket: "00" }),
    malformed("another format", flipped(octets, 0)),
    malformed("padding that is not zero", flipped(octets, -1)),
    malformed("no multiple of 256", octets.subarray(0, -1)),
    malformed("256 zeros too many", bytes(octets, Buffer.alloc(256))),
    refused("made in another context", "context", { context: "00".repeat(16) }),
    refused("expired", "expired", { unixTime: BASE.expires }),
    refused("a server that has lost its key", "server-key", { serverKeys: [alice.pin] }),
    refused("the suite is not enabled now", "suite-disabled", { suitesEnabled: ["04020201"] }),
    refused("the suite is not offered", "suite-not-offered", { suitesOffered: ["04020201"] }),
    refused("another server_name", "server-name", { serverName: "broker" }),
    refused("too long since the full handshake", "auth-age", { maxAuthAge: 59 }),
    refused("a full handshake in the future", "auth-age", { unixTime: TIME - 61 }),
    refused("anonymous where clients must show themselves", "client-auth", { clientAuth: "required" }),
    refused("authenticated where nobody may", "client-auth", { clientAuth: "none" }, known),
    refused("pinned no longer", "untrusted", { pins: [`${broker.pin}, alice`] }, known),
    refused("pinned under another name", "identity-changed", { pins: [`${alice.pin}, bob`] }, known),
    refused("pinned without a name", "identity-changed", { pins: [alice.pin] }, known),
    refused(
      "certified by an authority that is not trusted",
      "untrusted",
      {},
      make("certified", { ...certified.state! }),
    ),
  ];
}

const EMPTY_RECORD: TicketChainEntry = {
  ...{ keyId: "", issuerKeyId: "00".repeat(32), serial: "00".repeat(16), notBefore: 0, notAfter: 0 },
};

const BASE: TicketStateEntry = {
  ...{ context: CONTEXT, suite: "04020101", serverKey: "", serverName: "", psk: "" },
  ...{ clientState: 0, clientIdentity: "", chain: [], socketType: "DEALER", identity: "" },
  ...{ authenticatedAt: TIME - 60, expires: TIME + LIFETIME, earlyLimit: 0, recordLimit: 262_144 },
};

function record(key: string, issuer: string): TicketChainEntry {
  const serial = hex(seedOf(`serial ${key}`).subarray(0, 16));
  return { keyId: hex(seedOf(`key ${key}`)), issuerKeyId: hex(seedOf(`key ${issuer}`)), serial, ...DATES };
}

function make(name: string, fields: TicketStateEntry, keyNumber = 0): TicketVector {
  const kdf = new Kdf(unhex(fields.suite)[3]!);
  const resumption = kdf.hash(Buffer.from(`resumption of ${name}`));
  const ticketNonce = Buffer.from(seedOf(`ticket nonce of ${name}`).subarray(0, 16));
  const psk = kdf.derive(resumption, "ticket", ticketNonce);
  const state = { ...fields, psk: hex(psk) };
  const plaintext = encode(state);
  const { ticket, nonce, ticketKey } = seal(keyNumber, plaintext, name);
  const control = bytes(u8(3), u32(LIFETIME), u32(state.earlyLimit), ticketNonce, v16(unhex(ticket)));
  return {
    ...{ name, result: "ok", state, plaintext: hex(plaintext), ticketKey, keyNumber, nonce, ticket },
    ...{
      resumption: hex(resumption),
      ticketNonce: hex(ticketNonce),
      psk: hex(psk),
      control: hex(control),
      offer: null,
    },
  };
}

/** Seals a plaintext as "Ticket sealing" says. */
function seal(keyNumber: number, plaintext: Uint8Array, name: string) {
  const key = seedOf(`ticket key ${keyNumber}`);
  const nonce = seedOf(`ticket seal of ${name}`).subarray(0, 12);
  const head = bytes(u8(keyNumber), nonce);
  const ticket = hex(bytes(head, aeadSeal(1, key, nonce, head, plaintext)));
  return { ticket, nonce: hex(nonce), ticketKey: hex(key) };
}

/** "Ticket plaintext". */
function encode(state: TicketStateEntry): Buffer {
  const chain = state.chain.map(({ keyId, issuerKeyId, serial, notBefore, notAfter }) => {
    return bytes(unhex(keyId), unhex(issuerKeyId), unhex(serial), u64(notBefore), u64(notAfter));
  });
  const fields = bytes(
    ...[u8(1), unhex(state.context), unhex(state.suite), unhex(state.serverKey), v8(state.serverName)],
    ...[v8(unhex(state.psk)), u8(state.clientState), u16(state.clientIdentity.length), state.clientIdentity],
    ...[u8(state.chain.length), ...chain, v8(state.socketType), v8(unhex(state.identity))],
    ...[u64(state.authenticatedAt), u64(state.expires), u32(state.earlyLimit), u32(state.recordLimit)],
  );
  return bytes(fields, Buffer.alloc((256 - (fields.length % 256)) % 256));
}
