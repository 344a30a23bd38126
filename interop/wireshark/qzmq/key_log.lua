-- The key-log file (spec/operation/keylog.md): secrets by name and client random, and opening with them.

local split = require("qzmq.derive")
local bits = require("qzmq.bits")
local AEADS = {
  [1] = require("qzmq.aes_gcm").opener,
  [2] = require("qzmq.chacha20_poly1305").opener,
}

local KeyLog = {}
KeyLog.__index = KeyLog

local function new(path)
  local log = setmetatable({ path = path, size = -1, secrets = {}, openers = {} }, KeyLog)
  log:read()
  return log
end

local function octets(hex)
  return (hex:gsub("..", function(digits) return string.char(tonumber(digits, 16)) end))
end

-- Reads the file when it has grown since.
function KeyLog:read()
  if self.path == "" then return false end
  local file = io.open(self.path, "rb")
  if file == nil then return false end
  local size = file:seek("end")
  if size == self.size then
    file:close()
    return false
  end
  self.size = size
  file:seek("set")
  self.secrets = {}
  for line in file:lines() do
    local name, random, secret = line:match("^(QZMQ_[A-Z_]+%d*) (%x+) (%x+)%s*$")
    if name and #random == 64 and (#secret == 64 or #secret == 96) then
      local key = name .. " " .. random:lower()
      self.secrets[key] = self.secrets[key] or {}
      table.insert(self.secrets[key], octets(secret))
    end
  end
  file:close()
  return true
end

-- The secrets of that name and random, for a file that may still be growing.
function KeyLog:find(name, random)
  local key = name .. " " .. random
  if self.secrets[key] == nil then self:read() end
  return self.secrets[key] or {}
end

function KeyLog:opener(secret, aead)
  local id = aead .. secret
  if self.openers[id] == nil then
    local key, iv = split(secret)
    self.openers[id] = { open = AEADS[aead](key), iv = iv }
  end
  return self.openers[id]
end

local function xor(a, b)
  local out = {}
  for i = 1, #a do out[i] = string.char(bits.bxor(a:byte(i), b:byte(i))) end
  return table.concat(out)
end

-- Opens with whichever secret and AEAD fit. `aead` is nil while no suite is chosen. `nonce` is stream id and sequence,
-- 12 octets. Returns the plaintext, or nil and why: "no secret" or "does not open".
function KeyLog:open(name, random, aead, nonce, ad, sealed)
  local secrets = self:find(name, random)
  for _, secret in ipairs(secrets) do
    for number = 1, #AEADS do
      if aead == nil or aead == number then
        local opener = self:opener(secret, number)
        local plaintext = opener.open(xor(nonce, opener.iv), ad, sealed)
        if plaintext then return plaintext end
      end
    end
  end
  return nil, #secrets == 0 and "no secret" or "does not open"
end

return { new = new }
