/** What each row is to reach, by its name. Ratios are of medians of one run. */
import { PROVIDER } from "../../src/security.ts";
import type { Target } from "./result.ts";

/** Octets: plain against zeromq.js and against C, QZMQ against their CURVE. */
const THROUGHPUT: Readonly<Record<number, readonly [number, number, number, number]>> = {
  16: [9, 0.5, 10, 3],
  100: [8, 0.8, 9, 3],
  1024: [5, 1.6, 4, 2],
  16384: [1.8, 1.3, 2, 1.3],
  65536: [1.6, 1.3, 1.6, 1.2],
  1048576: [1.15, 1.1, 1.2, 1.1],
};

/** Node 24 has ML-KEM and ML-DSA; before, they are JavaScript. */
const NATIVE = PROVIDER.signatures["ML-DSA-44"].key(new Uint8Array(32)).signAsync !== undefined;

const SECURED_DELAY: readonly Target[] = [
  { of: "qzmq/null", atMost: 20 },
  { of: "qzmq/qzmq", atMost: 20 },
];

const MUTUAL: readonly Target[] = [{ of: "qzmq/qzmq", atMost: NATIVE ? 4 : 16 }];
const RESUMED: readonly Target[] = [{ of: "qzmq/qzmq", atMost: NATIVE ? 1.5 : 4 }];

/** Of the other rows that have any. */
const BOUNDS: Readonly<Record<string, readonly Target[]>> = {
  "PUB to 100 SUB 100 B": [
    { of: "qzmq/null", than: "zeromq/null", atLeast: 3 },
    { of: "qzmq/qzmq", than: "zeromq/curve", atLeast: 3 },
  ],
  "full mutual handshake in memory, both ends": MUTUAL,
  "resumed handshake in memory, both ends": RESUMED,
  "CPU of full mutual handshake, both ends": MUTUAL,
  "CPU of resumed handshake, both ends": RESUMED,
  "heap and external memory of an idle connection, 2000 of them": [{ of: "qzmq/qzmq", atMost: 100 }],
  "rotation under load, p99 with and without": [{ of: "qzmq/qzmq", atMost: 2 }],
  "event-loop delay p99, sender at full speed 16 B": SECURED_DELAY,
  "event-loop delay p99, receiver at full speed 16 B": SECURED_DELAY,
  "event-loop delay p99, server with 200 handshakes waiting": SECURED_DELAY,
};

/** Targets of the row of that name; none for most. */
export function targetsOf(row: string): readonly Target[] {
  const size = /^PUSH to PULL (\d+) B$/.exec(row)?.[1];
  const ratios = size === undefined ? undefined : THROUGHPUT[Number(size)];
  if (ratios !== undefined) {
    const [plain, plainC, secured, securedC] = ratios;
    return [
      { of: "qzmq/null", than: "zeromq/null", atLeast: plain },
      { of: "qzmq/null", than: "libzmq/null", atLeast: plainC },
      { of: "qzmq/qzmq", than: "zeromq/curve", atLeast: secured },
      { of: "qzmq/qzmq", than: "libzmq/curve", atLeast: securedC },
    ];
  }
  if (row === "REQ to REP 16 B p50") {
    return [
      { of: "qzmq/null", than: "zeromq/null", atMost: 0.6 },
      { of: "qzmq/null", than: "libzmq/null", atMost: 0.8 },
      { of: "qzmq/qzmq", than: "zeromq/curve", atMost: 0.6 },
      { of: "qzmq/qzmq", than: "libzmq/curve", atMost: 0.8 },
    ];
  }
  return BOUNDS[row] ?? [];
}
