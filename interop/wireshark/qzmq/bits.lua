-- Operations on 32-bit words, always as numbers from 0 to 2^32 - 1. Wireshark up to 4.2 has Lua 5.2 with bit32; later
-- ones have Lua 5.4 with operators, which older Lua cannot parse and which therefore stand in a string.

if bit32 then
  local b = bit32
  return {
    band = b.band, bor = b.bor, bxor = b.bxor, bnot = b.bnot,
    lshift = b.lshift, rshift = b.rshift, rol = b.lrotate, ror = b.rrotate,
  }
end

return load([[
  local M = 0xffffffff
  local function rol(x, n) n = n % 32 return ((x << n) | (x >> (32 - n))) & M end
  return {
    band = function(a, b) return a & b & M end,
    bor = function(a, b) return (a | b) & M end,
    bxor = function(a, b, c, d, e) return (a ~ b ~ (c or 0) ~ (d or 0) ~ (e or 0)) & M end,
    bnot = function(a) return ~a & M end,
    lshift = function(a, n) return (a << n) & M end,
    rshift = function(a, n) return (a & M) >> n end,
    rol = rol,
    ror = function(a, n) return rol(a, 32 - n) end,
  }
]])()
