/** The dissector finds the same in however a capture cuts the stream: into segments, and into records. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { assertHandshakes, assertSent, DEFAULT, FIELDS, noComplaint, PORT } from "./expectations.ts";
import { type Cutting, capture, captureOf } from "./pcap.ts";
import { qzmqTraffic } from "./traffic.ts";
import { dissect, valuesOf, whyNot } from "./tshark.ts";

const excuse = whyNot();
if (excuse !== null) console.log(`skipped: the dissector, since ${excuse}`);
const check = excuse === null ? test : test.skip;

const CUTTINGS: readonly Cutting[] = ["as recorded", "coalesced", "octets"];

for (const twice of [false, true]) {
  check(`however segments are cut${twice ? ", in two passes" : ""}`, async () => {
    const traffic = await qzmqTraffic(DEFAULT, [3, 300], 1);
    const parts = CUTTINGS.flatMap((cutting) =>
      traffic.recordings.map((recording) => [recording, cutting] as const),
    );
    // One octet does not tell heuristics what it is of.
    const ports = String(PORT);
    const rows = await dissect(
      { capture: captureOf(parts, PORT), keyLog: traffic.keyLog, twice, ports },
      FIELDS,
    );
    noComplaint(rows);
    CUTTINGS.forEach((_, i) => {
      const mine = rows
        .filter((row) => Math.floor(Number(row["tcp.stream"]![0]) / 2) === i)
        .map((row) => ({ ...row, "tcp.stream": [String(Number(row["tcp.stream"]![0]) % 2)] }));
      assertSent(mine, traffic);
      assertHandshakes(mine);
    });
  });
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
