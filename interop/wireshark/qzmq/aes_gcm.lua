-- AES-256-GCM (FIPS 197, SP 800-38D) over Lua strings: opening only, with a nonce of 12 octets and a tag of 16.

local bits = require("qzmq.bits")
local band, bxor, rshift, lshift = bits.band, bits.bxor, bits.rshift, bits.lshift
local char, byte, sub, rep, concat = string.char, string.byte, string.sub, string.rep, table.concat

-- The S-box: inverses in GF(2^8) under x^8 + x^4 + x^3 + x + 1, then the affine map.
local SBOX = {}
do
  local p, q = 1, 1
  repeat
    p = band(bxor(p, lshift(p, 1), p >= 128 and 0x1b or 0), 255)
    q = bxor(q, lshift(q, 1))
    q = bxor(q, lshift(q, 2))
    q = band(bxor(q, lshift(q, 4)), 255)
    if q >= 128 then q = bxor(q, 9) end
    local function turn(n) return band(bxor(lshift(q, n), rshift(q, 8 - n)), 255) end
    SBOX[p] = bxor(bxor(q, turn(1), turn(2), turn(3), turn(4)), 0x63)
  until p == 1
  SBOX[0] = 0x63
end

-- SubBytes and MixColumns of one octet, for each of its four places in a column.
local T0, T1, T2, T3 = {}, {}, {}, {}
for x = 0, 255 do
  local s = SBOX[x]
  local s2 = band(bxor(lshift(s, 1), s >= 128 and 0x1b or 0), 255)
  local s3 = bxor(s2, s)
  local word = s2 * 16777216 + s * 65536 + s * 256 + s3
  T0[x], T1[x], T2[x], T3[x] = word, bits.ror(word, 8), bits.ror(word, 16), bits.ror(word, 24)
end

local function word(text, at)
  local a, b, c, d = byte(text, at, at + 3)
  return ((a * 256 + b) * 256 + c) * 256 + d
end

local function octets(w)
  return char(rshift(w, 24), band(rshift(w, 16), 255), band(rshift(w, 8), 255), band(w, 255))
end

local function subWord(w)
  return SBOX[rshift(w, 24)] * 16777216 + SBOX[band(rshift(w, 16), 255)] * 65536
    + SBOX[band(rshift(w, 8), 255)] * 256 + SBOX[band(w, 255)]
end

-- The 60 words of the key schedule of a 32-octet key.
local function expandKey(key)
  local w, rcon = {}, 1
  for i = 0, 7 do w[i] = word(key, 4 * i + 1) end
  for i = 8, 59 do
    local t = w[i - 1]
    if i % 8 == 0 then
      t = bxor(subWord(bits.rol(t, 8)), rcon * 16777216)
      rcon = rcon * 2
    elseif i % 8 == 4 then
      t = subWord(t)
    end
    w[i] = bxor(w[i - 8], t)
  end
  return w
end

local function encrypt(w, a, b, c, d)
  a, b, c, d = bxor(a, w[0]), bxor(b, w[1]), bxor(c, w[2]), bxor(d, w[3])
  for i = 4, 52, 4 do
    a, b, c, d =
      bxor(T0[rshift(a, 24)], T1[band(rshift(b, 16), 255)], T2[band(rshift(c, 8), 255)], T3[band(d, 255)], w[i]),
      bxor(T0[rshift(b, 24)], T1[band(rshift(c, 16), 255)], T2[band(rshift(d, 8), 255)], T3[band(a, 255)], w[i + 1]),
      bxor(T0[rshift(c, 24)], T1[band(rshift(d, 16), 255)], T2[band(rshift(a, 8), 255)], T3[band(b, 255)], w[i + 2]),
      bxor(T0[rshift(d, 24)], T1[band(rshift(a, 16), 255)], T2[band(rshift(b, 8), 255)], T3[band(c, 255)], w[i + 3])
  end
  local function last(p, q, r, s, k)
    return bxor(SBOX[rshift(p, 24)] * 16777216 + SBOX[band(rshift(q, 16), 255)] * 65536
      + SBOX[band(rshift(r, 8), 255)] * 256 + SBOX[band(s, 255)], k)
  end
  return last(a, b, c, d, w[56]), last(b, c, d, a, w[57]), last(c, d, a, b, w[58]), last(d, a, b, c, w[59])
end

-- Multiplication by H with a table of the 256 multiples of H for one octet (SP 800-38D, 6.3; bit 0 is the highest).
local function multiplier(h0, h1, h2, h3)
  local M = { [0] = { 0, 0, 0, 0 } }
  local a, b, c, d = h0, h1, h2, h3
  local bit = 128
  while bit >= 1 do
    M[bit] = { a, b, c, d }
    local out = band(d, 1)
    d = bxor(rshift(d, 1), lshift(band(c, 1), 31))
    c = bxor(rshift(c, 1), lshift(band(b, 1), 31))
    b = bxor(rshift(b, 1), lshift(band(a, 1), 31))
    a = rshift(a, 1)
    if out == 1 then a = bxor(a, 0xe1000000) end
    bit = math.floor(bit / 2)
  end
  local power = 1
  while power < 256 do
    for i = 1, power - 1 do
      local x, y = M[power], M[i]
      M[power + i] = { bxor(x[1], y[1]), bxor(x[2], y[2]), bxor(x[3], y[3]), bxor(x[4], y[4]) }
    end
    power = power * 2
  end
  -- What falls out when a value is shifted by 8 bits.
  local R = {}
  for x = 0, 255 do
    local r, v = 0, x
    for _ = 1, 8 do
      local out = band(v, 1)
      v = rshift(v, 1)
      r = rshift(r, 1)
      if out == 1 then r = bxor(r, 0xe1000000) end
    end
    R[x] = r
  end
  local function step(z0, z1, z2, z3, octet)
    local out = band(z3, 255)
    local m = M[octet]
    return bxor(rshift(z0, 8), R[out], m[1]),
      bxor(rshift(z1, 8), lshift(band(z0, 255), 24), m[2]),
      bxor(rshift(z2, 8), lshift(band(z1, 255), 24), m[3]),
      bxor(rshift(z3, 8), lshift(band(z2, 255), 24), m[4])
  end
  return function(x0, x1, x2, x3)
    local z0, z1, z2, z3 = 0, 0, 0, 0
    for _, x in ipairs({ x3, x2, x1, x0 }) do
      z0, z1, z2, z3 = step(z0, z1, z2, z3, band(x, 255))
      z0, z1, z2, z3 = step(z0, z1, z2, z3, band(rshift(x, 8), 255))
      z0, z1, z2, z3 = step(z0, z1, z2, z3, band(rshift(x, 16), 255))
      z0, z1, z2, z3 = step(z0, z1, z2, z3, rshift(x, 24))
    end
    return z0, z1, z2, z3
  end
end

local function ghash(times, ad, ciphertext)
  local y0, y1, y2, y3 = 0, 0, 0, 0
  local function absorb(text)
    text = text .. rep("\0", -#text % 16)
    for at = 1, #text, 16 do
      y0, y1, y2, y3 = times(bxor(y0, word(text, at)), bxor(y1, word(text, at + 4)),
        bxor(y2, word(text, at + 8)), bxor(y3, word(text, at + 12)))
    end
  end
  absorb(ad)
  absorb(ciphertext)
  absorb(octets(0) .. octets(#ad * 8) .. octets(0) .. octets(#ciphertext * 8))
  return y0, y1, y2, y3
end

-- A key ready for use: opens(nonce, ad, ciphertext with tag) gives the plaintext, or nil.
local function opener(key)
  local w = expandKey(key)
  local times = multiplier(encrypt(w, 0, 0, 0, 0))
  return function(nonce, ad, sealed)
    if #sealed < 16 then return nil end
    local ciphertext, tag = sub(sealed, 1, -17), sub(sealed, -16)
    local n0, n1, n2 = word(nonce, 1), word(nonce, 5), word(nonce, 9)
    local g0, g1, g2, g3 = ghash(times, ad, ciphertext)
    local e0, e1, e2, e3 = encrypt(w, n0, n1, n2, 1)
    local expected = octets(bxor(g0, e0)) .. octets(bxor(g1, e1)) .. octets(bxor(g2, e2)) .. octets(bxor(g3, e3))
    if expected ~= tag then return nil end
    local out, counter = {}, 1
    local padded = ciphertext .. rep("\0", -#ciphertext % 16)
    for at = 1, #padded, 16 do
      counter = counter + 1
      local s0, s1, s2, s3 = encrypt(w, n0, n1, n2, counter)
      out[#out + 1] = octets(bxor(word(padded, at), s0)) .. octets(bxor(word(padded, at + 4), s1))
        .. octets(bxor(word(padded, at + 8), s2)) .. octets(bxor(word(padded, at + 12), s3))
    end
    return sub(concat(out), 1, #ciphertext)
  end
end

return { opener = opener }
