-- SHA-256 and SHA-384 (FIPS 180-4) and HMAC (RFC 2104) over Lua strings.
-- Constants are computed as FIPS 180-4 defines them: fractions of square and cube roots of primes.

local bits = require("qzmq.bits")
local band, bxor, bnot, rshift, lshift, bor, ror =
  bits.band, bits.bxor, bits.bnot, bits.rshift, bits.lshift, bits.bor, bits.ror
local char, byte, rep, concat = string.char, string.byte, string.rep, table.concat
local WORD = 4294967296

local function primes(count)
  local found, n = {}, 2
  while #found < count do
    local prime = true
    for _, p in ipairs(found) do
      if p * p > n then break end
      if n % p == 0 then prime = false break end
    end
    if prime then found[#found + 1] = n end
    n = n + 1
  end
  return found
end

-- Big naturals as little-endian arrays of 16-bit limbs, enough for the roots below.
local function multiply(a, b)
  local r = {}
  for i = 1, #a + #b do r[i] = 0 end
  for i = 1, #a do
    local carry = 0
    for j = 1, #b do
      local t = r[i + j - 1] + a[i] * b[j] + carry
      r[i + j - 1] = t % 65536
      carry = math.floor(t / 65536)
    end
    r[i + #b] = r[i + #b] + carry
  end
  return r
end

local function above(a, b)
  for i = math.max(#a, #b), 1, -1 do
    local x, y = a[i] or 0, b[i] or 0
    if x ~= y then return x > y end
  end
  return false
end

-- The first 64 bits of the fraction of the `power`th root of `n`, as two words: floor(root(n * 2^(64 * power))).
local function fraction(n, power)
  local target = {}
  for i = 1, 4 * power do target[i] = 0 end
  target[4 * power + 1] = n
  local root = { 0, 0, 0, 0, 0 }
  for limb = 5, 1, -1 do
    for bit = 15, 0, -1 do
      local before = root[limb]
      root[limb] = before + 2 ^ bit
      local value = root
      for _ = 2, power do value = multiply(value, root) end
      if above(value, target) then root[limb] = before end
    end
  end
  return math.floor(root[4] * 65536 + root[3]), math.floor(root[2] * 65536 + root[1])
end

local KH, KL, H256, H384 = {}, {}, {}, {}
for i, p in ipairs(primes(80)) do KH[i], KL[i] = fraction(p, 3) end
for i, p in ipairs(primes(16)) do
  local high, low = fraction(p, 2)
  if i <= 8 then H256[i] = high else H384[i - 8] = { high, low } end
end

local function words(text, at)
  local a, b, c, d = byte(text, at, at + 3)
  return ((a * 256 + b) * 256 + c) * 256 + d
end

local function octets(word)
  return char(rshift(word, 24), band(rshift(word, 16), 255), band(rshift(word, 8), 255), band(word, 255))
end

local function padded(text, block, lengthSize)
  local zeros = (block - lengthSize - 1 - #text) % block
  local size = #text * 8
  return text .. "\128" .. rep("\0", zeros + lengthSize - 8) .. octets(math.floor(size / WORD)) .. octets(size % WORD)
end

local function sha256(text)
  local h = { H256[1], H256[2], H256[3], H256[4], H256[5], H256[6], H256[7], H256[8] }
  local data, w = padded(text, 64, 8), {}
  for at = 1, #data, 64 do
    for t = 1, 16 do w[t] = words(data, at + 4 * (t - 1)) end
    for t = 17, 64 do
      local x, y = w[t - 15], w[t - 2]
      local s0 = bxor(ror(x, 7), ror(x, 18), rshift(x, 3))
      local s1 = bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
      w[t] = (w[t - 16] + s0 + w[t - 7] + s1) % WORD
    end
    local a, b, c, d, e, f, g, k = h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8]
    for t = 1, 64 do
      local s1 = bxor(ror(e, 6), ror(e, 11), ror(e, 25))
      local ch = bxor(band(e, f), band(bnot(e), g))
      local t1 = k + s1 + ch + KH[t] + w[t]
      local s0 = bxor(ror(a, 2), ror(a, 13), ror(a, 22))
      local maj = bxor(band(a, b), band(a, c), band(b, c))
      k, g, f, e, d, c, b, a = g, f, e, (d + t1) % WORD, c, b, a, (t1 + s0 + maj) % WORD
    end
    for i, v in ipairs({ a, b, c, d, e, f, g, k }) do h[i] = (h[i] + v) % WORD end
  end
  for i = 1, 8 do h[i] = octets(h[i]) end
  return concat(h)
end

-- 64-bit words as a high and a low half.
local function ror64(h, l, n)
  if n >= 32 then h, l, n = l, h, n - 32 end
  if n == 0 then return h, l end
  return bor(rshift(h, n), lshift(l, 32 - n)), bor(rshift(l, n), lshift(h, 32 - n))
end

local function sigma(h, l, r1, r2, r3, shifted)
  local ah, al = ror64(h, l, r1)
  local bh, bl = ror64(h, l, r2)
  local ch, cl
  if shifted then
    ch, cl = rshift(h, r3), bor(rshift(l, r3), lshift(h, 32 - r3))
  else
    ch, cl = ror64(h, l, r3)
  end
  return bxor(ah, bh, ch), bxor(al, bl, cl)
end

-- Sums of halves; each low sum stays far below 2^53.
local function carry(h, l)
  return (h + math.floor(l / WORD)) % WORD, l % WORD
end

local function sha384(text)
  local hh, hl = {}, {}
  for i = 1, 8 do hh[i], hl[i] = H384[i][1], H384[i][2] end
  local data, wh, wl = padded(text, 128, 16), {}, {}
  for at = 1, #data, 128 do
    for t = 1, 16 do
      wh[t], wl[t] = words(data, at + 8 * (t - 1)), words(data, at + 8 * (t - 1) + 4)
    end
    for t = 17, 80 do
      local s0h, s0l = sigma(wh[t - 15], wl[t - 15], 1, 8, 7, true)
      local s1h, s1l = sigma(wh[t - 2], wl[t - 2], 19, 61, 6, true)
      wh[t], wl[t] = carry(wh[t - 16] + s0h + wh[t - 7] + s1h, wl[t - 16] + s0l + wl[t - 7] + s1l)
    end
    local vh = { hh[1], hh[2], hh[3], hh[4], hh[5], hh[6], hh[7], hh[8] }
    local vl = { hl[1], hl[2], hl[3], hl[4], hl[5], hl[6], hl[7], hl[8] }
    for t = 1, 80 do
      local s1h, s1l = sigma(vh[5], vl[5], 14, 18, 41)
      local chh = bxor(band(vh[5], vh[6]), band(bnot(vh[5]), vh[7]))
      local chl = bxor(band(vl[5], vl[6]), band(bnot(vl[5]), vl[7]))
      local t1h, t1l = carry(vh[8] + s1h + chh + KH[t] + wh[t], vl[8] + s1l + chl + KL[t] + wl[t])
      local s0h, s0l = sigma(vh[1], vl[1], 28, 34, 39)
      local mh = bxor(band(vh[1], vh[2]), band(vh[1], vh[3]), band(vh[2], vh[3]))
      local ml = bxor(band(vl[1], vl[2]), band(vl[1], vl[3]), band(vl[2], vl[3]))
      local eh, el = carry(vh[4] + t1h, vl[4] + t1l)
      local ah, al = carry(t1h + s0h + mh, t1l + s0l + ml)
      vh = { ah, vh[1], vh[2], vh[3], eh, vh[5], vh[6], vh[7] }
      vl = { al, vl[1], vl[2], vl[3], el, vl[5], vl[6], vl[7] }
    end
    for i = 1, 8 do hh[i], hl[i] = carry(hh[i] + vh[i], hl[i] + vl[i]) end
  end
  local out = {}
  for i = 1, 6 do out[i] = octets(hh[i]) .. octets(hl[i]) end
  return concat(out)
end

-- The hashes by the length of their output.
local HASHES = {
  [32] = { digest = sha256, block = 64 },
  [48] = { digest = sha384, block = 128 },
}

local function hmac(length, key, text)
  local hash = HASHES[length]
  if #key > hash.block then key = hash.digest(key) end
  key = key .. rep("\0", hash.block - #key)
  local inner, outer = {}, {}
  for i = 1, #key do
    inner[i] = char(bxor(byte(key, i), 0x36))
    outer[i] = char(bxor(byte(key, i), 0x5c))
  end
  return hash.digest(concat(outer) .. hash.digest(concat(inner) .. text))
end

return { sha256 = sha256, sha384 = sha384, hmac = hmac }
