/** What the tests against the second peer share: parties, pairings, and the run of a socket beside a Python peer. */
import { randomBytes } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SignatureName } from "../../src/crypto/provider.ts";
import { type Dealer, qzmq, type Socket } from "../../src/index.ts";
import { savePrivateKey } from "../../src/net/identity-files.ts";
import { PROVIDER } from "../../src/security.ts";
import {
  file,
  freshPath,
  MessageHash,
  type PeerOptions,
  PythonPeer,
  type Report,
  whyNot,
} from "./python-peer.ts";

const excuse = whyNot();

/** A suite of tests that is skipped, with a line that says so, where the second peer cannot run. */
export function secondPeer(name: string) {
  const tests = suite(name);
  if (excuse !== null) console.log(`skipped: ${name}, since ${excuse}`);
  return { test: excuse === null ? tests : tests.skip, run: () => tests.run() };
}

export const LIMITS = { linger: 5000, sendTimeout: 20_000, receiveTimeout: 20_000 };
export const SUITE = "04020101";

/** A key that exists on both sides' disks: the file for Python, the identity for us, its pin for either. */
export interface Party {
  readonly key: string;
  readonly identity: qzmq.Identity;
  readonly pin: string;
}

const parties = new Map<string, Promise<Party>>();

/** The party of that name, made when it is first asked for. */
export function party(name: string, algorithm: SignatureName = "ML-DSA-44"): Promise<Party> {
  let made = parties.get(name + algorithm);
  if (made === undefined) {
    made = makeParty(algorithm);
    parties.set(name + algorithm, made);
  }
  return made;
}

async function makeParty(algorithm: SignatureName): Promise<Party> {
  const key = freshPath();
  savePrivateKey(PROVIDER, key, { algorithm, seed: randomBytes(32) }, null);
  const identity = await qzmq.loadIdentity({ key });
  return { key, identity, pin: qzmq.pinOf(identity) };
}

/** The suite's four octets in hex, as `qzmq.suiteByName` reads it. */
export function slashes(octets: string): string {
  return [...Buffer.from(octets, "hex")].join("/");
}

export const SIGNATURES: readonly SignatureName[] = ["Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];
export function signatureOf(octets: string): SignatureName {
  return SIGNATURES[Number.parseInt(octets.slice(2, 4), 16) - 1]!;
}

/** Runs `act` beside a Python peer that connects to the socket we bind, and returns what Python reported. */
export async function pythonConnects<S extends Socket>(
  socket: S,
  options: PeerOptions,
  act: (socket: S) => Promise<void> = async () => {},
): Promise<Report[]> {
  try {
    await socket.bind("tcp://127.0.0.1:*");
    const peer = new PythonPeer({ ...options, port: Number(socket.lastEndpoint!.split(":").at(-1)) });
    return await both(peer, act(socket));
  } finally {
    socket.close();
  }
}

/** Runs `act` beside a Python peer that listens and to which our socket connects. */
export async function pythonListens<S extends Socket>(
  socket: S,
  options: PeerOptions,
  act: (socket: S) => Promise<void> = async () => {},
): Promise<Report[]> {
  const peer = new PythonPeer({ ...options, listen: true });
  try {
    socket.connect(await peer.endpoint());
    return await both(peer, act(socket));
  } finally {
    socket.close();
  }
}

async function both(peer: PythonPeer, ours: Promise<void>): Promise<Report[]> {
  // Whichever fails first says why; the other would only time out.
  const [reports] = await Promise.all([peer.reports(), ours]);
  return reports;
}

/** Sends and receives so many messages at once, and returns the hash of each direction. */
export async function exchange(socket: Dealer, send: number, receive: number, sizes = [32]): Promise<Hashes> {
  const sent = new MessageHash();
  const received = new MessageHash();
  const sending = (async () => {
    for (let i = 0; i < send; i++) {
      const message = [randomBytes(sizes[i % sizes.length]!), randomBytes(i % 300)];
      sent.add(message);
      await socket.send(message);
    }
  })();
  for (let i = 0; i < receive; i++) received.add(await socket.receive());
  await sending;
  return { sent: sent.hex(), received: received.hex() };
}

export interface Hashes {
  readonly sent: string;
  readonly received: string;
}

/** The one report of that kind. */
export function only(reports: readonly Report[], event: string): Report {
  const found = reports.filter((report) => report.event === event);
  assert.is(found.length, 1, `one ${event} in ${JSON.stringify(reports)}`);
  return found[0]!;
}

export function sameMessages(report: Report, ours: Hashes): void {
  assert.is(report["received"], ours.sent, "what we sent is what Python received");
  assert.is(report["sent"], ours.received, "what Python sent is what we received");
}

/** Our server and Python's client trust each other's pins. */
export async function ourServer(
  options: Partial<qzmq.ServerSecurityOptions> = {},
  name = "server",
): Promise<Ours> {
  const [us, them] = await Promise.all([party(name, "ML-DSA-44"), party("client")]);
  const security = qzmq.server({
    identity: us.identity,
    trust: { pins: [`${them.pin}, alice`] },
    ...options,
  });
  return { security, theirs: { role: "client", key: them.key, pins: file(`${us.pin}\n`), suites: [SUITE] } };
}

/** Python's server and our client trust each other's pins. */
export async function ourClient(options: Partial<qzmq.ClientSecurityOptions> = {}): Promise<Ours> {
  const [us, them] = await Promise.all([party("client"), party("server")]);
  const security = qzmq.client({ identity: us.identity, trust: { pins: [them.pin] }, ...options });
  const pins = file(`${us.pin}, alice\n`);
  return { security, theirs: { role: "server", key: them.key, pins, suites: [SUITE], clientAuth: 2 } };
}

export interface Ours {
  readonly security: qzmq.Security;
  readonly theirs: Omit<PeerOptions, "steps"> & { readonly role: "client" | "server" };
}

/** Both pairings of a test: our server with Python's client, and our client with Python's server. */
export const PAIRINGS = [
  { title: "Python is the client", ours: ourServer, run: pythonConnects },
  { title: "Python is the server", ours: ourClient, run: pythonListens },
] as const;
