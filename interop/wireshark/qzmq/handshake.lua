-- Layouts of QZMQ's handshake messages (spec/04-handshake.md), and what a connection learns from them.

local reader = require("qzmq.reader")
local fields = require("qzmq.fields")
local names = require("qzmq.names")
local zmtp = require("qzmq.zmtp")
local f = fields.qzmq

local SEALED = {
  CLIENTKEY = "QZMQ_CLIENT_HANDSHAKE_TRAFFIC_SECRET",
  FINISHED = "QZMQ_SERVER_HANDSHAKE_TRAFFIC_SECRET",
}

local function add_suite(tree, range)
  local parts = {}
  local order = { "kem", "signature", "aead", "hash" }
  for i, part in ipairs(order) do
    local number = range:range(i - 1, 1):uint()
    parts[i] = names[part][number] or tostring(number)
  end
  local item = tree:add(f["suite"].field, range, table.concat(parts, " / "))
  for i, part in ipairs(order) do item:add(f["suite." .. part].field, range:range(i - 1, 1)) end
end

local EXTENSIONS = {
  [0x0000] = function(r, tree) tree:add(f["extension.server_name"].field, r:take(r:left(), "server name")) end,
  [0x001c] = function(r, tree) r:add(tree, f["extension.record_limit"], 4) end,
  [0x002a] = function() end,
  [0xff01] = function() end,
  [0xff02] = function(r, tree)
    r:add(tree, f["extension.client_auth.level"], 1)
    local algorithms = r:vector(1, "algorithms")
    for i = 0, algorithms:len() - 1 do
      tree:add(f["extension.client_auth.algorithm"].field, algorithms:range(i, 1))
    end
  end,
}

local function add_extensions(r, tree)
  local list = reader.new(r:vector(2, "extensions"))
  while list:left() > 0 do
    local item, kind = list:add(tree, f["extension.type"], 2)
    local data = list:vector(2, "extension")
    local show = EXTENSIONS[kind:uint()]
    if show then
      local inner = reader.new(data)
      show(inner, item)
      inner:finish("extension")
    else
      item:add(f["extension.data"].field, data)
    end
  end
end

local function add_certificates(r, tree)
  local list = reader.new(r:vector(4, "certificates"))
  while list:left() > 0 do list:add_vector(tree, f["certificate"], 2) end
end

local LAYOUTS = {
  CLIENTHELLO = function(r, tree)
    r:add(tree, f["version"], 1)
    r:add(tree, f["random"], 32)
    r:add_vector(tree, f["cookie"], 1)
    r:add_vector(tree, f["session_id"], 2)
    local suites = reader.new(r:vector(1, "suites"))
    while suites:left() > 0 do add_suite(tree, suites:take(4, "suite")) end
    add_extensions(r, tree)
  end,
  RETRY = function(r, tree)
    r:add_vector(tree, f["cookie"], 1)
  end,
  SERVERHELLO = function(r, tree)
    r:add(tree, f["version"], 1)
    r:add(tree, f["random"], 32)
    add_suite(tree, r:take(4, "suite"))
    r:add(tree, f["resumed"], 1)
    r:add_vector(tree, f["kem_public"], 2)
    add_extensions(r, tree)
    add_certificates(r, tree)
    r:add_vector(tree, f["auth"], 2)
  end,
  CLIENTKEY = function(r, tree)
    r:add_vector(tree, f["kem_ciphertext"], 2)
    r:add_vector(tree, f["sealed"], 4)
  end,
  FINISHED = function(r, tree)
    r:add_vector(tree, f["sealed"], 4)
  end,
  ERROR = function(r, tree)
    tree:add(f["error.reason"].field, r:vector(1, "reason"))
  end,
}

local function add_metadata(r, tree)
  local list = reader.new(r:vector(4, "metadata"))
  zmtp.show_metadata(list, tree)
end

local PLAINTEXTS = {
  CLIENTKEY = function(r, tree)
    add_metadata(r, tree)
    r:add(tree, f["early_records"], 4)
    add_certificates(r, tree)
    r:add_vector(tree, f["signature"], 2)
    r:add_vector(tree, f["psk_binder"], 1)
    r:add(tree, f["verify_data"], r:left())
  end,
  FINISHED = function(r, tree)
    add_metadata(r, tree)
    r:add(tree, f["verify_data"], r:left())
  end,
}

-- The sealed field of a message's data, as a string; nil when it does not fit.
local function sealed_part(name, data)
  local at = 1
  if name == "CLIENTKEY" then
    if #data < 2 then return nil end
    at = 3 + data:byte(1) * 256 + data:byte(2)
  end
  if #data < at + 3 then return nil end
  local size = 0
  for i = 0, 3 do size = size * 256 + data:byte(at + i) end
  if size < 16 or #data ~= at + 3 + size then return nil end
  return data:sub(at + 4)
end

-- Takes from a message what later ones need, and opens its sealed part. Returns a result for `show`.
local function advance(connection, name, data, key_log)
  local result = { kind = "handshake", name = name }
  if name == "CLIENTHELLO" and #data >= 33 then
    connection.random = data:sub(2, 33):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  elseif name == "SERVERHELLO" and #data >= 37 then
    local aead = data:byte(36)
    connection.aead = names.aead[aead] and aead or nil
  end
  local secret = SEALED[name]
  local sealed = secret and sealed_part(name, data)
  if sealed then
    local ad = string.char(#name) .. name .. ("\0"):rep(9)
    result.secret = secret
    result.plaintext, result.why =
      key_log:open(secret, connection.random or "", connection.aead, ("\0"):rep(12), ad, sealed)
  end
  return result
end

-- Layout of a message's data.
local function show(name, data, tree)
  return reader.guarded(tree, fields.experts.qzmq.malformed, function()
    local r = reader.new(data)
    LAYOUTS[name](r, tree)
    r:finish(name)
  end)
end

-- Layout of a sealed part that was opened.
local function show_plaintext(name, range, tree)
  return reader.guarded(tree, fields.experts.qzmq.malformed, function()
    PLAINTEXTS[name](reader.new(range), tree)
  end)
end

return { LAYOUTS = LAYOUTS, advance = advance, show = show, show_plaintext = show_plaintext }
