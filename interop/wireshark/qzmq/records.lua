-- QZMQ's records (spec/07-records.md): epochs and sequences, opening, the stream of frames inside, control messages.

local reader = require("qzmq.reader")
local fields = require("qzmq.fields")
local names = require("qzmq.names")
local zmtp = require("qzmq.zmtp")
local f = fields.qzmq
local TAG = 16

-- Stream ids of the nonces, as octets.
local STREAMS = { MESSAGE = "\0\0\0\1", CONTROL = "\0\0\0\1", EARLY = "\255\255\255\255" }

-- Octets of a frame that is not complete: pieces, their size, and how many it takes (0 while its header is cut).
local function new_stream()
  return { pieces = {}, size = 0, need = 0, broken = false }
end

-- What a direction keeps for its records.
local function new_direction()
  return { epoch = 0, sequence = 0, messages = new_stream(), early = new_stream() }
end

-- Joins a plaintext to the stream and finds the frames that end in it.
local function read_stream(stream, plaintext)
  local result = { carried = stream.size, frames = {} }
  stream.pieces[#stream.pieces + 1] = plaintext
  stream.size = stream.size + #plaintext
  if stream.size < stream.need then
    result.left = stream.size
    return result
  end
  local data, at, need = table.concat(stream.pieces), 1, 0
  while at <= #data do
    local frame, problem = zmtp.parse_header(data, at)
    if problem then
      stream.broken = true
      result.problem = problem
      break
    end
    need = frame and frame.header + frame.size or 0
    if frame == nil or at - 1 + need > #data then break end
    frame.at = at - 1
    result.frames[#result.frames + 1] = frame
    at = at + need
  end
  if #result.frames > 0 then result.data = data end
  result.left = #data - at + 1
  stream.pieces, stream.size, stream.need = { data:sub(at) }, result.left, result.left > 0 and need or 0
  return result
end

local function number(octets)
  local value = 0
  for i = 1, #octets do value = value * 256 + octets:byte(i) end
  return value
end

-- Reads one record of `role`. Returns a result for `show`.
local function advance(connection, direction, role, name, data, key_log)
  local result = { kind = "record", name = name }
  if #data < 9 + TAG + 1 then
    result.problem = "a record of " .. #data .. " octets"
    return result
  end
  local records, early = direction.records, name == "EARLY"
  local sequence = number(data:sub(2, 9))
  local ahead = early and 0 or (data:byte(1) - records.epoch) % 256
  local epoch = early and 0 or records.epoch + ahead
  local secret = early and ("QZMQ_%s_EARLY_TRAFFIC_SECRET"):format(role)
    or ("QZMQ_%s_TRAFFIC_SECRET_%d"):format(role, epoch)
  local ad = string.char(#name) .. name .. data:sub(1, 9)
  local nonce = STREAMS[name] .. data:sub(2, 9)
  result.epoch, result.secret = epoch, secret
  result.plaintext, result.why =
    key_log:open(secret, connection.random or "", connection.aead, nonce, ad, data:sub(10))
  if early then
    if result.plaintext then result.stream = read_stream(records.early, result.plaintext) end
    return result
  end
  if ahead > 1 then result.order = ("key id %d in epoch %d"):format(data:byte(1), records.epoch) end
  -- A key id that was damaged must not lead astray: the epoch changes with what opens, or where nothing can.
  if ahead > 0 and (result.plaintext or (ahead == 1 and result.why == "no secret")) then
    records.epoch, records.sequence = epoch, 0
  end
  if epoch == records.epoch then
    if sequence ~= records.sequence then
      result.order = ("sequence %.0f where %.0f is next"):format(sequence, records.sequence)
    end
    -- Nor must a sequence that was.
    if result.plaintext or result.why == "no secret" then records.sequence = sequence + 1 end
  end
  if name == "MESSAGE" then
    local stream = records.messages
    if result.order or not result.plaintext then stream.broken = true end
    if result.plaintext and not stream.broken then
      result.stream = read_stream(stream, result.plaintext)
    elseif result.plaintext then
      result.gap = true
    end
  end
  return result
end

local function add_control(r, tree)
  local item, range = r:add(tree, f["control.type"], 1)
  local kind = range:uint()
  if kind == 1 then
    r:add(tree, f["key_update.time"], 8)
    r:add(tree, f["key_update.new_key_id"], 4)
    r:add_vector(tree, f["kem_public"], 2)
  elseif kind == 2 then
    r:add(tree, f["key_update.new_key_id"], 4)
    r:add_vector(tree, f["kem_ciphertext"], 2)
  elseif kind == 3 then
    r:add(tree, f["ticket.lifetime"], 4)
    r:add(tree, f["ticket.early_limit"], 4)
    r:add(tree, f["ticket.nonce"], 16)
    r:add_vector(tree, f["ticket.ticket"], 2)
  elseif kind == 4 then
    r:add(tree, f["close.code"], 1)
  elseif kind == 5 then
    r:add(tree, f["key_update.new_key_id"], 4)
  elseif kind == 6 then
    r:add(tree, f["pad"], r:left())
  else
    reader.malformed("control message of type " .. kind)
  end
  r:finish(names.control[kind])
  return names.control[kind], item
end

-- Head, ciphertext and tag.
local function show(result, data, tree)
  if result.problem then
    tree:add_proto_expert_info(fields.experts.qzmq.malformed, result.problem)
    return
  end
  tree:add(f["record.key_id"].field, data:range(0, 1))
  tree:add(f["record.epoch"].field, data:range(0, 1), result.epoch):set_generated()
  local item = tree:add(f["record.sequence"].field, data:range(1, 8))
  if result.order then item:add_proto_expert_info(fields.experts.qzmq.order, result.order) end
  tree:add(f["record.ciphertext"].field, data:range(9, data:len() - 9 - TAG))
  tree:add(f["record.tag"].field, data:range(data:len() - TAG, TAG))
end

-- A control message that was opened. Returns a word on it.
local function show_control(range, tree)
  local word = "malformed"
  reader.guarded(tree, fields.experts.qzmq.malformed, function()
    word = add_control(reader.new(range), tree)
  end)
  return word
end

return { new_direction = new_direction, advance = advance, show = show, show_control = show_control }
