/** Damaged captures give expert infos, never an error in Lua, and what is whole is still shown. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { seeded } from "../../test/support/random.ts";
import { DEFAULT, FIELDS, PORT } from "./expectations.ts";
import { capture } from "./pcap.ts";
import type { Recording } from "./recorder.ts";
import { pubSub, qzmqTraffic } from "./traffic.ts";
import { dissect, type Row, valuesOf, whyNot } from "./tshark.ts";

const excuse = whyNot();
if (excuse !== null) console.log(`skipped: damaged captures, since ${excuse}`);
const check = excuse === null ? test : test.skip;

type Piece = Recording[number];

/** Pieces of a recording with what `change` makes of one side's octets. */
function changed(
  recording: Recording,
  from: "client" | "server",
  change: (octets: Buffer) => Buffer,
): Recording {
  const mine = Buffer.concat(recording.filter((piece) => piece.from === from).map(({ octets }) => octets));
  const octets = change(Buffer.from(mine));
  const first = recording.findIndex((piece) => piece.from === from);
  return recording.flatMap((piece, i): Piece[] =>
    piece.from !== from ? [piece] : i === first ? [{ from, octets }] : [],
  );
}

/** Octets with another one at `at`. */
function poke(octets: Buffer, at: number, value: number): Buffer {
  octets[at] = value;
  return octets;
}

/** Octets with the one at `at` changed. */
function touch(octets: Buffer, at: number): Buffer {
  return poke(octets, at, octets[at]! ^ 1);
}

/** Where the first frame of that name begins in one side's octets. */
function frameOf(octets: Buffer, name: string): { readonly start: number; readonly data: number } {
  for (let at = 64; at < octets.length; ) {
    const long = (octets[at]! & 2) !== 0;
    const [header, size] = long ? [9, Number(octets.readBigUInt64BE(at + 1))] : [2, octets[at + 1]!];
    const length = octets[at + header]!;
    if (octets.subarray(at + header + 1, at + header + 1 + length).toString() === name) {
      return { start: at, data: at + header + 1 + length };
    }
    at += header + size;
  }
  throw new Error(`no ${name}`);
}

const complaints = (rows: readonly Row[]) => valuesOf(rows, "_ws.expert.message").join("\n");

check("each damage has its expert info", async () => {
  const { recordings, keyLog } = await qzmqTraffic(DEFAULT, [30, 30, 30], 1);
  const first = recordings[0]!;
  const cases: readonly [RegExp, "client" | "server", (octets: Buffer) => Buffer][] = [
    [/no greeting of ZMTP 3/, "client", (octets) => poke(octets, 10, 1)],
    [/has no greeting of this side/, "client", (octets) => octets.subarray(64)],
    [/reserved bits are set/, "client", (octets) => poke(octets, 64, 0x84)],
    [/COMMAND with MORE/, "client", (octets) => poke(octets, 64, 5)],
    [
      /a frame of 1152921504606846976 octets/,
      "server",
      (octets) => {
        const { start } = frameOf(octets, "SERVERHELLO");
        octets.writeBigUInt64BE(1n << 60n, start + 1);
        return octets;
      },
    ],
    [
      /suites: 8 octets, and 6 are left/,
      "client",
      (octets) => {
        const { data } = frameOf(octets, "CLIENTHELLO");
        return poke(octets, data + 36, octets[data + 36]! + 4);
      },
    ],
    [
      /does not open with QZMQ_CLIENT_HANDSHAKE_TRAFFIC_SECRET/,
      "client",
      (octets) => touch(octets, frameOf(octets, "CLIENTKEY").data + 1500),
    ],
    [
      /does not open with QZMQ_CLIENT_TRAFFIC_SECRET_0/,
      "client",
      (octets) => touch(octets, frameOf(octets, "MESSAGE").data + 12),
    ],
    [
      /something before this was lost or not opened/,
      "client",
      (octets) => touch(octets, frameOf(octets, "MESSAGE").data + 12),
    ],
    [
      /sequence 9 where 0 is next/,
      "client",
      (octets) => poke(octets, frameOf(octets, "MESSAGE").data + 8, 9),
    ],
    [/key id 77 in epoch 0/, "client", (octets) => poke(octets, frameOf(octets, "MESSAGE").data, 77)],
  ];
  const damaged = cases.map(([, side, change]) => changed(first, side, change));
  const rows = await dissect(
    { capture: capture(damaged, "as recorded", PORT), keyLog, ports: `${PORT}` },
    FIELDS,
  );
  cases.forEach(([expected], i) => {
    const mine = rows.filter((row) => row["tcp.stream"]![0] === String(i));
    assert.match(complaints(mine), expected, `case ${i}: ${expected}`);
  });
  // A damaged sequence or key id does not lead astray: what the same side says behind it opens.
  for (const i of [7, 9, 10]) {
    const mine = rows.filter(
      (row) => row["tcp.stream"]![0] === String(i) && Number(row["tcp.srcport"]![0]) !== PORT,
    );
    assert.equal(
      valuesOf(mine, "qzmq.control.type").filter((type) => type !== "3"),
      ["1", "5", "4"],
      `case ${i}`,
    );
  }
});

check("random damage never makes Lua fail", async () => {
  const random = seeded(2026);
  const below = (limit: number) => Math.floor(random() * limit);
  const { recordings, keyLog } = await qzmqTraffic(DEFAULT, [10], 1);
  const plain = (await pubSub()).recordings[0]!;
  const spoil = (octets: Buffer): Buffer => {
    for (let i = 1 + below(4); i > 0; i--) {
      const at = below(Math.min(octets.length, random() < 0.7 ? 400 : octets.length));
      const kind = below(3);
      if (kind === 0) octets[at]! ^= 1 << below(8);
      else if (kind === 1)
        octets = Buffer.concat([octets.subarray(0, at), octets.subarray(at + 1 + below(9))]);
      else
        octets = Buffer.concat([
          octets.subarray(0, at),
          Buffer.alloc(1 + below(9), below(256)),
          octets.subarray(at),
        ]);
    }
    return octets;
  };
  const damaged = Array.from({ length: 120 }, (_, i) => {
    const recording = i % 3 === 0 ? plain : recordings[i % 3 === 1 ? 0 : 1]!;
    return changed(recording, random() < 0.5 ? "client" : "server", spoil);
  });
  const rows = await dissect(
    { capture: capture(damaged, "as recorded", PORT), keyLog, ports: `${PORT}` },
    FIELDS,
  );
  assert.ok(rows.length > 500, `${rows.length} packets are shown`);
  assert.match(complaints(rows), /does not open|reserved bits|left over/);
});

check("a capture that ends in the middle, and one that begins there", async () => {
  const { recordings, keyLog } = await qzmqTraffic(DEFAULT, [10, 1000], 1);
  const first = recordings[0]!;
  const starts = [1, 2, 4, first.length - 4].map((start) => first.slice(start));
  const ends = [1, 3, first.length - 3].map((end) => first.slice(0, end));
  const rows = await dissect(
    { capture: capture([...starts, ...ends], "as recorded", PORT), keyLog, ports: `${PORT}` },
    FIELDS,
  );
  assert.match(complaints(rows), /the capture has no greeting of this side/);
});

test.run();
