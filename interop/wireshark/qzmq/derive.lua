-- Derive(secret, label, "") of the QZMQ key schedule (spec/05-key-schedule.md, "Derive"): HKDF-Expand, one block long.

local sha2 = require("qzmq.sha2")

local function derive(secret, label, length)
  local name = "qzmq1 " .. label
  local info = string.char(0, length, #name) .. name .. "\0"
  -- The secret has the hash's length, which tells the hash.
  return sha2.hmac(#secret, secret, info .. "\1"):sub(1, length)
end

-- Key (32 octets) and iv (12 octets) of a traffic secret.
return function(secret)
  return derive(secret, "key", 32), derive(secret, "iv", 12)
end
