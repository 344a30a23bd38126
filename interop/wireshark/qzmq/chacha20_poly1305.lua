-- ChaCha20-Poly1305 (RFC 8439) over Lua strings: opening only.

local bits = require("qzmq.bits")
local band, bxor, rshift, rol = bits.band, bits.bxor, bits.rshift, bits.rol
local char, byte, sub, rep, concat = string.char, string.byte, string.sub, string.rep, table.concat
local WORD = 4294967296

local function word(text, at)
  local a, b, c, d = byte(text, at, at + 3)
  return ((d * 256 + c) * 256 + b) * 256 + a
end

local function octets(w)
  return char(band(w, 255), band(rshift(w, 8), 255), band(rshift(w, 16), 255), rshift(w, 24))
end

local ROUNDS = {
  { 1, 5, 9, 13 }, { 2, 6, 10, 14 }, { 3, 7, 11, 15 }, { 4, 8, 12, 16 },
  { 1, 6, 11, 16 }, { 2, 7, 12, 13 }, { 3, 8, 9, 14 }, { 4, 5, 10, 15 },
}

-- One block as 16 words.
local function block(key, counter, nonce)
  local start = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }
  for i = 0, 7 do start[5 + i] = word(key, 4 * i + 1) end
  start[13] = counter
  for i = 0, 2 do start[14 + i] = word(nonce, 4 * i + 1) end
  local x = {}
  for i = 1, 16 do x[i] = start[i] end
  for _ = 1, 10 do
    for _, r in ipairs(ROUNDS) do
      local a, b, c, d = x[r[1]], x[r[2]], x[r[3]], x[r[4]]
      a = (a + b) % WORD d = rol(bxor(d, a), 16)
      c = (c + d) % WORD b = rol(bxor(b, c), 12)
      a = (a + b) % WORD d = rol(bxor(d, a), 8)
      c = (c + d) % WORD b = rol(bxor(b, c), 7)
      x[r[1]], x[r[2]], x[r[3]], x[r[4]] = a, b, c, d
    end
  end
  for i = 1, 16 do x[i] = (x[i] + start[i]) % WORD end
  return x
end

-- Poly1305 with eleven limbs of 12 bits: products and their sums stay far below 2^53 in Lua's doubles.
local LIMB, LIMBS = 4096, 11

-- The limbs of a number of up to 17 octets, little-endian.
local function limbs(text)
  local out, value, have = {}, 0, 1
  for i = 1, #text do
    value = value + byte(text, i) * have
    have = have * 256
    while have >= LIMB do
      out[#out + 1] = value % LIMB
      value = math.floor(value / LIMB)
      have = have / LIMB
    end
  end
  out[#out + 1] = value
  for i = #out + 1, LIMBS do out[i] = 0 end
  return out
end

-- 2^132 = 4 * 2^130 = 20 modulo 2^130 - 5.
local function reduce(x)
  for _ = 1, 2 do
    local carry = 0
    for i = 1, LIMBS do
      local t = x[i] + carry
      x[i] = t % LIMB
      carry = math.floor(t / LIMB)
    end
    x[1] = x[1] + carry * 20
  end
end

local function clamp(r)
  local out = { byte(r, 1, 16) }
  for _, i in ipairs({ 4, 8, 12, 16 }) do out[i] = band(out[i], 15) end
  for _, i in ipairs({ 5, 9, 13 }) do out[i] = band(out[i], 252) end
  return char(table.unpack(out))
end

local function poly1305(key, text)
  local r, h = limbs(clamp(sub(key, 1, 16))), limbs("")
  for at = 1, #text, 16 do
    local m = limbs(sub(text, at, at + 15) .. "\1")
    local product = {}
    for i = 1, LIMBS do h[i], product[i] = h[i] + m[i], 0 end
    for i = 1, LIMBS do
      for j = 1, LIMBS do
        local k = i + j - 1
        if k > LIMBS then
          product[k - LIMBS] = product[k - LIMBS] + h[i] * r[j] * 20
        else
          product[k] = product[k] + h[i] * r[j]
        end
      end
    end
    reduce(product)
    h = product
  end
  reduce(h)
  -- The last limb has 10 bits of the 130; what is above comes back five times.
  for _ = 1, 2 do
    local carry = math.floor(h[LIMBS] / 1024) * 5
    h[LIMBS] = h[LIMBS] % 1024
    for i = 1, LIMBS do
      local t = h[i] + carry
      h[i] = t % LIMB
      carry = math.floor(t / LIMB)
    end
  end
  -- h - p when h is not below p.
  local g, carry = {}, 5
  for i = 1, LIMBS do
    local t = h[i] + carry
    g[i] = t % LIMB
    carry = math.floor(t / LIMB)
  end
  if g[LIMBS] >= 1024 then h = g end
  -- Plus s, modulo 2^128, as octets.
  local s, out = limbs(sub(key, 17, 32)), {}
  carry = 0
  local value, have = 0, 1
  for i = 1, LIMBS do
    local t = h[i] + s[i] + carry
    carry = math.floor(t / LIMB)
    value = value + (t % LIMB) * have
    have = have * LIMB
    while have >= 256 and #out < 16 do
      out[#out + 1] = char(math.floor(value % 256))
      value = math.floor(value / 256)
      have = have / 256
    end
  end
  return concat(out)
end

-- A key ready for use: opens(nonce, ad, ciphertext with tag) gives the plaintext, or nil.
local function opener(key)
  return function(nonce, ad, sealed)
    if #sealed < 16 then return nil end
    local ciphertext, tag = sub(sealed, 1, -17), sub(sealed, -16)
    local first, once = block(key, 0, nonce), {}
    for i = 1, 8 do once[i] = octets(first[i]) end
    local function size(n) return octets(n) .. octets(0) end
    local authentic = ad .. rep("\0", -#ad % 16) .. ciphertext .. rep("\0", -#ciphertext % 16)
      .. size(#ad) .. size(#ciphertext)
    if poly1305(concat(once), authentic) ~= tag then return nil end
    local out = {}
    local padded = ciphertext .. rep("\0", -#ciphertext % 64)
    for at = 1, #padded, 64 do
      local stream = block(key, (at - 1) / 64 + 1, nonce)
      for i = 0, 15 do out[#out + 1] = octets(bxor(word(padded, at + 4 * i), stream[i + 1])) end
    end
    return sub(concat(out), 1, #ciphertext)
  end
end

return { opener = opener, poly1305 = poly1305 }
