/** The dissector's primitives in Lua give what node:crypto gives. */
import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { emptyCapture } from "./pcap.ts";
import { folder, SOURCES, tshark, whyNot } from "./tshark.ts";

const excuse = whyNot();
if (excuse !== null) console.log(`skipped: primitives in Lua, since ${excuse}`);
const check = excuse === null ? test : test.skip;

const LENGTHS = [0, 1, 15, 16, 17, 31, 32, 55, 56, 63, 64, 65, 111, 112, 119, 120, 127, 128, 129, 200, 1000];

/** Expressions in Lua, each of which must give those octets; evaluated in one run of tshark. */
async function compare(cases: readonly (readonly [expression: string, expected: string])[]): Promise<void> {
  const script = join(folder, "expressions.lua");
  const head = `package.path = ${JSON.stringify(`${SOURCES}/?.lua;`)} .. package.path
    local sha2, split = require("qzmq.sha2"), require("qzmq.derive")
    local gcm, chacha = require("qzmq.aes_gcm"), require("qzmq.chacha20_poly1305")
    local function x(hex) return (hex:gsub("..", function(d) return string.char(tonumber(d, 16)) end)) end
    local function show(text) print("RESULT " .. (text and text:gsub(".", function(c) return ("%02x"):format(c:byte()) end) or "nil")) end
  `;
  // Each in a function of its own: Lua allows 200 locals and 255 constants' worth of registers in one.
  const body = cases.map(([expression]) => `show((function() return ${expression} end)())`).join("\n");
  writeFileSync(script, `${head}\n${body}\n`);
  const { out } = await tshark(["-X", `lua_script:${script}`, "-r", emptyCapture()]);
  const results = out
    .split("\n")
    .filter((line) => line.startsWith("RESULT "))
    .map((line) => line.slice(7));
  assert.is(results.length, cases.length);
  for (const [i, [expression, expected]] of cases.entries()) {
    assert.is(results[i], expected, expression.slice(0, 60));
  }
}

const lua = (octets: Uint8Array) => `x"${Buffer.from(octets).toString("hex")}"`;

check("SHA-256, SHA-384 and HMAC, at every padding", async () => {
  await compare(
    (["sha256", "sha384"] as const).flatMap((hash) =>
      LENGTHS.flatMap((length) => {
        const text = randomBytes(length);
        const key = randomBytes(length);
        const size = hash === "sha256" ? 32 : 48;
        return [
          [`sha2.${hash}(${lua(text)})`, createHash(hash).update(text).digest("hex")],
          [`sha2.hmac(${size}, ${lua(key)}, ${lua(text)})`, createHmac(hash, key).update(text).digest("hex")],
        ] as const;
      }),
    ),
  );
});

check("key and iv of a traffic secret", async () => {
  // Worked values of the specification ("Key schedule").
  const secret = "943f0f0641d38dc315a3d938cb244ab304ac4feb45aa0340ee5fb2edf006799f";
  const key = "d87257cfc46ac1accc3a3833e28ffcb310e5765be53bc12117452ecfd2669d87";
  await compare([
    [`(split(x"${secret}"))`, key],
    [`select(2, split(x"${secret}"))`, "605e37c6c92e2e55e4d05486"],
  ]);
});

for (const [cipher, module] of [
  ["aes-256-gcm", "gcm"],
  ["chacha20-poly1305", "chacha"],
] as const) {
  check(`${cipher} opens what is sealed, and nothing that was touched`, async () => {
    const cases: [string, string][] = [];
    for (const length of LENGTHS) {
      const [key, nonce, text, ad] = [
        randomBytes(32),
        randomBytes(12),
        randomBytes(length),
        randomBytes(length % 33),
      ];
      const sealer = createCipheriv(cipher as "aes-256-gcm", key, nonce, { authTagLength: 16 });
      sealer.setAAD(ad);
      const sealed = Buffer.concat([sealer.update(text), sealer.final(), sealer.getAuthTag()]);
      const open = (octets: Buffer, data = ad) =>
        `${module}.opener(${lua(key)})(${lua(nonce)}, ${lua(data)}, ${lua(octets)})`;
      cases.push([open(sealed), text.toString("hex")]);
      const touched = Buffer.from(sealed);
      touched[length % sealed.length]! ^= 1 << (length % 8);
      cases.push([open(touched), "nil"], [open(sealed, Buffer.concat([ad, Buffer.alloc(1)])), "nil"]);
      cases.push([open(sealed.subarray(0, 15)), "nil"]);
    }
    await compare(cases);
  });
}

check("Poly1305 where its sums wrap (RFC 8439, A.3)", async () => {
  const zeros = "00".repeat(16);
  const r = (first: string) => first.padEnd(32, "0");
  const all = "ff".repeat(16);
  await compare([
    [`chacha.poly1305(x"${r("02")}${zeros}", x"${all}")`, r("03")],
    [`chacha.poly1305(x"${r("02")}${all}", x"${r("02")}")`, r("03")],
    [
      `chacha.poly1305(x"${r("01")}${zeros}", x"${all}f0${"ff".repeat(15)}${"11"}${"00".repeat(15)}")`,
      r("05"),
    ],
    [`chacha.poly1305(x"${r("01")}${zeros}", x"${all}fb${"fe".repeat(15)}${"01".repeat(16)}")`, r("00")],
    [`chacha.poly1305(x"${r("02")}${zeros}", x"fd${"ff".repeat(15)}")`, `fa${"ff".repeat(15)}`],
  ]);
});

test.run();
