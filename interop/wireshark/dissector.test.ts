/** The dissector opens real traffic of each AEAD and hash with the key log, and nothing without it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { assertHandshakes, assertSent, DEFAULT, FIELDS, noComplaint, PORT } from "./expectations.ts";
import { capture } from "./pcap.ts";
import { qzmqTraffic } from "./traffic.ts";
import { dissect, folder, valuesOf, whyNot } from "./tshark.ts";

const excuse = whyNot();
if (excuse !== null) console.log(`skipped: the dissector, since ${excuse}`);
const check = excuse === null ? test : test.skip;

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

    const epochs = valuesOf(
      rows.filter((row) => row["tcp.stream"]![0] === "0"),
      "qzmq.record.epoch",
    );
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
  const traffic = await qzmqTraffic(DEFAULT, [20], 3);
  const other = join(folder, "other-keys");
  writeFileSync(
    other,
    readFileSync(traffic.keyLog, "latin1").replaceAll(/ [0-9a-f]{64} /g, ` ${"00".repeat(32)} `),
  );
  const wrong = join(folder, "wrong-keys");
  writeFileSync(
    wrong,
    readFileSync(traffic.keyLog, "latin1").replaceAll(/ [0-9a-f]{64}$/gm, ` ${"00".repeat(32)}`),
  );
  const file = capture(traffic.recordings, "as recorded", PORT);
  for (const [keyLog, complaint] of [
    [undefined, /^the key log has no QZMQ_/],
    [other, /^the key log has no QZMQ_/],
    [join(folder, "no-such-file"), /^the key log has no QZMQ_/],
    [wrong, /^does not open with QZMQ_/],
  ] as const) {
    const rows = await dissect({ capture: file, ...(keyLog === undefined ? {} : { keyLog }) }, FIELDS);
    assertHandshakes(rows);
    for (const field of [
      "zmtp31.message.body",
      "zmtp31.metadata.name",
      "qzmq.control.type",
      "qzmq.plaintext",
    ]) {
      assert.equal(valuesOf(rows, field), [], field);
    }
    const complaints = valuesOf(rows, "_ws.expert.message");
    assert.ok(
      complaints.some((text) => complaint.test(text)),
      complaints[0],
    );
    if (keyLog !== wrong) {
      const epochs = valuesOf(rows, "qzmq.record.epoch");
      assert.is(Math.max(...epochs.map(Number)), 3, "epochs are told by the key ids alone");
      assert.not(
        complaints.some((text) => /^key id|^sequence/.test(text)),
        "and sequences by themselves",
      );
    }
  }
});

test.run();
