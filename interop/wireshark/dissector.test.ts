/** The dissector over real traffic: what it shows is what was sent, and only the key log opens it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { capture, type Cutting } from "./pcap.ts";
import { qzmqTraffic, type Traffic } from "./traffic.ts";
import { type Dissection, dissect, folder, type Row, valuesOf, whyNot } from "./tshark.ts";

const excuse = whyNot();
if (excuse !== null) console.log(`skipped: the dissector, since ${excuse}`);
const check = excuse === null ? test : test.skip;

const PORT = 50_555;
const DEFAULT = "x25519+mlkem768/mldsa44/aes256gcm/sha256";
const FIELDS = [
  ...["tcp.srcport", "tcp.stream", "qzmq.message", "qzmq.record.epoch", "qzmq.control.type", "qzmq.secret"],
  ...["zmtp31.message.body", "zmtp31.message.text", "zmtp31.flags.more"],
  ...["zmtp31.metadata.name", "zmtp31.metadata.text", "zmtp31.greeting.mechanism"],
  ...["qzmq.close.code", "qzmq.plaintext", "qzmq.resumed", "qzmq.stream.carried"],
];

/** Bodies of messages that a side sent, in hexadecimal; an empty body shows as nothing. */
function bodies(rows: readonly Row[], from: "client" | "server"): string[] {
  const mine = rows.filter((row) => (Number(row["tcp.srcport"]![0]) === PORT) === (from === "server"));
  return valuesOf(mine, "zmtp31.message.body").map((text) => (text === "<MISSING>" ? "" : text));
}

/** Everything that both sides sent is shown, in order. */
function assertSent(rows: readonly Row[], { sent }: Traffic): void {
  for (const side of ["client", "server"] as const) {
    const hex = sent[side].map((frame) => frame.toString("hex"));
    // tshark shows empty values by nothing at all.
    assert.equal(bodies(rows, side).filter(Boolean), hex.filter(Boolean), side);
  }
}

/** Each message of a handshake occurs, in both connections. */
function assertHandshakes(rows: readonly Row[]): void {
  const names = (stream: string) =>
    valuesOf(rows.filter((row) => row["tcp.stream"]![0] === stream), "qzmq.message").filter(
      (name) => name !== "MESSAGE" && name !== "CONTROL",
    );
  assert.equal(names("0"), ["CLIENTHELLO", "SERVERHELLO", "CLIENTKEY", "FINISHED"]);
  assert.equal(names("1"), ["CLIENTHELLO", "EARLY", "SERVERHELLO", "CLIENTKEY", "FINISHED"]);
  assert.equal(valuesOf(rows, "qzmq.resumed"), ["0", "1"]);
}

const noComplaint = (rows: readonly Row[]) =>
  assert.equal(
    valuesOf(rows, "_ws.expert.message").filter((text) => !/^Connection|^This frame/.test(text)),
    [],
  );

for (const suite of [
  DEFAULT,
  "x25519+mlkem768/mldsa44/aes256gcm/sha384",
  "x25519+mlkem768/mldsa44/chacha20poly1305/sha256",
  "mlkem768/mldsa44/chacha20poly1305/sha384",
]) {
  check(`handshakes, rotations, resumption and early data open with the key log: ${suite}`, async () => {
    const traffic = await qzmqTraffic(suite, [0, 1, 255, 256, 5000]);
    assert.equal(
      traffic.facts.map(({ epoch, resumed, early }) => [epoch, resumed, early]),
      [
        [3, false, "none"],
        [0, true, "accepted"],
      ],
    );
    const file = capture(traffic.recordings, "as recorded", PORT);
    const rows = await dissect({ capture: file, keyLog: traffic.keyLog }, FIELDS);
    assertSent(rows, traffic);
    assertHandshakes(rows);
    noComplaint(rows);

    const epochs = valuesOf(rows.filter((row) => row["tcp.stream"]![0] === "0"), "qzmq.record.epoch");
    assert.equal([...new Set(epochs)], ["0", "1", "2", "3"]);
    // KEYUPDATE, KEYUPDATEACK and KEYCONFIRM of three rotations; a ticket for each handshake and rotation; goodbyes.
    const controls = valuesOf(rows, "qzmq.control.type");
    const count = (type: string) => controls.filter((other) => other === type).length;
    assert.equal(["1", "2", "3", "4", "5"].map(count), [3, 3, 5, 4, 3]);
    const texts = valuesOf(rows, "zmtp31.metadata.text");
    for (const text of ["DEALER", "alice-7"]) assert.ok(texts.includes(text), text);
    const early = rows.find((row) => row["qzmq.message"]!.includes("EARLY"))!;
    assert.equal(early["zmtp31.message.text"], ["this is early"]);
    assert.ok(early["qzmq.secret"]!.includes("QZMQ_CLIENT_EARLY_TRAFFIC_SECRET"));
  });
}

check("without the key log, and with another's, nothing opens", async () => {
  const traffic = await qzmqTraffic(DEFAULT, [20]);
  const other = join(folder, "other-keys");
  writeFileSync(other, readFileSync(traffic.keyLog, "latin1").replaceAll(/ [0-9a-f]{64} /g, ` ${"00".repeat(32)} `));
  const wrong = join(folder, "wrong-keys");
  writeFileSync(wrong, readFileSync(traffic.keyLog, "latin1").replaceAll(/ [0-9a-f]{64}$/gm, ` ${"00".repeat(32)}`));
  const file = capture(traffic.recordings, "as recorded", PORT);
  for (const [keyLog, complaint] of [
    [undefined, /^the key log has no QZMQ_/],
    [other, /^the key log has no QZMQ_/],
    [join(folder, "no-such-file"), /^the key log has no QZMQ_/],
    [wrong, /^does not open with QZMQ_/],
  ] as const) {
    const rows = await dissect({ capture: file, ...(keyLog === undefined ? {} : { keyLog }) }, FIELDS);
    assertHandshakes(rows);
    for (const field of ["zmtp31.message.body", "zmtp31.metadata.name", "qzmq.control.type", "qzmq.plaintext"]) {
      assert.equal(valuesOf(rows, field), [], field);
    }
    const complaints = valuesOf(rows, "_ws.expert.message");
    assert.ok(complaints.some((text) => complaint.test(text)), complaints[0]);
    if (keyLog !== wrong) {
      const epochs = valuesOf(rows, "qzmq.record.epoch");
      assert.is(Math.max(...epochs.map(Number)), 3, "epochs are told by the key ids alone");
    }
  }
});

for (const cutting of ["as recorded", "octets", "coalesced"] as Cutting[]) {
  for (const twice of [false, true]) {
    check(`however segments are cut: ${cutting}${twice ? ", in two passes" : ""}`, async () => {
      const traffic = await qzmqTraffic(DEFAULT, [3, 300], 1);
      const dissection: Dissection = {
        capture: capture(traffic.recordings, cutting, PORT),
        keyLog: traffic.keyLog,
        twice,
        // One octet does not tell heuristics what it is of.
        ...(cutting === "octets" ? { ports: String(PORT) } : {}),
      };
      const rows = await dissect(dissection, FIELDS);
      assertSent(rows, traffic);
      assertHandshakes(rows);
      noComplaint(rows);
    });
  }
}

check("a message over several records, and many messages in one", async () => {
  const traffic = await qzmqTraffic(DEFAULT, [400_000, 70_000], 0);
  const rows = await dissect(
    { capture: capture(traffic.recordings, "coalesced", PORT), keyLog: traffic.keyLog },
    FIELDS,
  );
  assertSent(rows, traffic);
  noComplaint(rows);
  assert.ok(valuesOf(rows, "qzmq.stream.carried").length > 0, "a frame that began in an earlier record");
});

check("port 5555, which Wireshark takes for another protocol's, by the preference", async () => {
  const traffic = await qzmqTraffic(DEFAULT, [3], 0);
  const file = capture(traffic.recordings, "as recorded", 5555);
  const rows = await dissect({ capture: file, keyLog: traffic.keyLog, ports: "5550-5560,6000" }, FIELDS);
  assertHandshakes(rows);
  noComplaint(rows);
});

test.run();
