/** This library and a peer in Python that was written from spec/ alone: each suite, both roles. */
import * as assert from "uvu/assert";
import { Dealer, qzmq } from "../../src/index.ts";
import { file, type Report } from "./python-peer.ts";
import {
  exchange,
  type Hashes,
  LIMITS,
  only,
  party,
  pythonConnects,
  pythonListens,
  sameMessages,
  secondPeer,
  signatureOf,
  slashes,
} from "./setup.ts";

const { test, run: runTests } = secondPeer("second peer: suites");

const SUITES = [
  "04020101",
  "05030202",
  "02040201",
  "03040102",
  "04030102",
  "02020202",
  "01010101",
  "01010202",
];
for (const octets of SUITES) {
  const mode = octets.startsWith("01") ? "classical" : "hybrid";
  const steps = [
    { do: "open" },
    { do: "exchange", send: 10, receive: 10, sizes: [300, 0] },
    { do: "rotate" },
    { do: "exchange", send: 5, receive: 5 },
    { do: "export", label: "a label", context: "and a context", length: 50 },
    { do: "close" },
  ];
  const act = async (socket: Dealer, security: qzmq.Security, hashes: Hashes[], exported: string[]) => {
    hashes.push(await exchange(socket, 10, 10), await exchange(socket, 5, 5));
    const [connection] = security.connections;
    const octets = connection?.exportKeyingMaterial("a label", Buffer.from("and a context"), 50);
    exported.push(Buffer.from(octets!).toString("hex"));
  };
  const check = (reports: Report[], hashes: Hashes[], exported: string[]) => {
    assert.is(only(reports, "established")["suite"], octets);
    const exchanged = reports.filter(({ event }) => event === "exchanged");
    for (const [i, report] of exchanged.entries()) sameMessages(report, hashes[i]!);
    assert.equal(
      exchanged.map(({ epoch }) => epoch),
      [0, 1],
    );
    assert.is(only(reports, "exported")["octets"], exported[0]);
    assert.is(only(reports, "closed")["code"], 0);
  };

  test(`suite ${octets}: our server, anonymous Python client`, async () => {
    const us = await party("server", signatureOf(octets));
    const security = qzmq.server({ identity: us.identity, mode, suites: [slashes(octets)] });
    const hashes: Hashes[] = [];
    const exported: string[] = [];
    const reports = await pythonConnects(
      new Dealer({ security, ...LIMITS }),
      { role: "client", mode, suites: [octets], pins: file(us.pin), cut: 100, steps },
      (socket) => act(socket, security, hashes, exported),
    );
    check(reports, hashes, exported);
    assert.is(only(reports, "established")["peer"], us.pin);
  });

  test(`suite ${octets}: Python server, our anonymous client`, async () => {
    const them = await party("server", signatureOf(octets));
    const security = qzmq.client({ trust: { pins: [them.pin] }, mode, suites: [slashes(octets)] });
    const hashes: Hashes[] = [];
    const exported: string[] = [];
    const reports = await pythonListens(
      new Dealer({ security, ...LIMITS }),
      { role: "server", mode, suites: [octets], key: them.key, steps },
      (socket) => act(socket, security, hashes, exported),
    );
    check(reports, hashes, exported);
    assert.is(only(reports, "established")["peer"], null);
  });
}

runTests();
