-- A Wireshark dissector for ZMTP 3.1 (RFC 37) and for QZMQ (spec/), which it decrypts with a key log
-- (spec/operation/keylog.md). See README.md. The files that it is made of are in qzmq/, beside this one.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or "./"
if not package.path:find(here .. "?.lua", 1, true) then package.path = here .. "?.lua;" .. package.path end

local reader = require("qzmq.reader")
local zmtp = require("qzmq.zmtp")
local handshake = require("qzmq.handshake")
local records = require("qzmq.records")
local fields = require("qzmq.fields")
local key_logs = require("qzmq.key_log")

-- Not "zmtp": later versions of Wireshark have a dissector of that name.
local zmtp_proto = Proto("zmtp31", "ZeroMQ Message Transport Protocol")
local qzmq_proto = Proto("qzmq", "QZMQ post-quantum security")

local function values(map)
  local list = {}
  for _, value in pairs(map) do list[#list + 1] = value end
  return list
end

zmtp_proto.fields = fields.zmtp_list
zmtp_proto.experts = values(fields.experts.zmtp)
qzmq_proto.fields = fields.qzmq_list
qzmq_proto.experts = values(fields.experts.qzmq)

zmtp_proto.prefs.tcp_ports =
  Pref.range("TCP ports", "", "Ports where ZMTP is, for captures whose first segments are too short to tell", 65535)
qzmq_proto.prefs.keylog_file =
  Pref.string("Key log file", "", "File of traffic secrets that a QZMQ peer wrote (QZMQKEYLOGFILE)")

local tcp_stream = Field.new("tcp.stream")
local RECORDS = { MESSAGE = true, CONTROL = true, EARLY = true }

-- Per capture: the connections by their TCP stream, and the key log.
local connections, key_log, ports = {}, key_logs.new(""), ""

local function apply_ports()
  local wanted = tostring(zmtp_proto.prefs.tcp_ports or "")
  if wanted == ports then return end
  local tcp = DissectorTable.get("tcp.port")
  if ports ~= "" then tcp:remove(ports, zmtp_proto) end
  if wanted ~= "" then tcp:add(wanted, zmtp_proto) end
  ports = wanted
end
zmtp_proto.prefs_changed = apply_ports

function zmtp_proto.init()
  apply_ports()
  connections = {}
  key_log = key_logs.new(qzmq_proto.prefs.keylog_file or "")
end

-- A direction of a connection, made when it is first seen. `mechanism` is that of its greeting.
local function direction_of(pinfo)
  local stream = tcp_stream().value
  local connection = connections[stream]
  if connection == nil then
    connection = { directions = {}, results = {} }
    connections[stream] = connection
  end
  local source = tostring(pinfo.src) .. " " .. pinfo.src_port
  local direction = connection.directions[source]
  if direction == nil then
    direction = { records = records.new_direction() }
    connection.directions[source] = direction
  end
  return connection, direction
end

-- Size of the PDU at `at` (from 1) of `octets`, and its frame; nil when that is not known yet, nil and a text when it
-- is malformed.
local function measure(direction, octets, at)
  if direction.greeting == nil then
    if octets:byte(at) == 0xff then
      if not zmtp.is_signature(octets:sub(at, at + 11)) then return nil, "no greeting of ZMTP 3" end
      return zmtp.GREETING
    end
    direction.greeting = { mechanism = "", missing = true }
  end
  local frame, problem = zmtp.parse_header(octets, at)
  if frame == nil then return nil, problem end
  return frame.header + frame.size, frame
end

-- Reads a whole PDU, once. Returns what `show` needs.
local function advance(connection, direction, octets, frame)
  if frame == nil then
    direction.greeting = zmtp.parse_greeting(octets)
    return { kind = "greeting", mechanism = direction.greeting.mechanism, as_server = direction.greeting.as_server }
  end
  local greeting = direction.greeting
  local result = { kind = "frame", frame = frame, mechanism = greeting.mechanism, missing = greeting.missing }
  greeting.missing = nil
  if greeting.mechanism ~= "QZMQ" then return result end
  local body = octets:sub(1 + frame.header)
  local name = zmtp.is_command(frame) and zmtp.command_name(body)
  if not name then return result end
  local data = body:sub(2 + #name)
  local role = greeting.as_server == 0 and "CLIENT" or "SERVER"
  local more
  if RECORDS[name] then
    more = records.advance(connection, direction, role, name, data, key_log)
  elseif handshake.LAYOUTS[name] then
    more = handshake.advance(connection, name, data, key_log)
  end
  if more then
    more.frame, more.mechanism, more.missing = frame, "QZMQ", result.missing
    return more
  end
  return result
end

local function expert(item, kind, text)
  item:add_proto_expert_info(fields.experts.qzmq[kind], text)
end

-- Frames inside records: those that end in this one.
local function show_stream(result, plain, tree)
  local stream = result.stream
  local words, joined = {}, plain
  if stream.carried > 0 then
    tree:add(fields.qzmq["stream.carried"].field, plain:range(0, 1), stream.carried):set_generated()
    if stream.data then joined = ByteArray.new(stream.data, true):tvb("QZMQ, joined"):range() end
  end
  for _, frame in ipairs(stream.frames) do
    local range = joined:range(frame.at, frame.header + frame.size)
    local item = tree:add(zmtp_proto, range, "ZMTP frame")
    local word = zmtp.show_frame("QZMQ", frame, range, item)
    item:append_text(": " .. word)
    words[#words + 1] = word
  end
  if stream.problem then
    tree:add_proto_expert_info(fields.experts.zmtp.malformed, stream.problem)
  elseif stream.left > 0 then
    tree:add(fields.qzmq["stream.left"].field, plain:range(plain:len() - 1, 1), stream.left):set_generated()
    words[#words + 1] = ("a part of a frame (%d)"):format(stream.left)
  end
  return table.concat(words, ", ")
end

-- What was sealed, where it could be opened. Returns a word on it.
local function show_opened(result, tree)
  if result.plaintext == nil then
    if result.why == "no secret" then expert(tree, "no_secret", "the key log has no " .. result.secret) end
    if result.why == "does not open" then expert(tree, "not_opened", "does not open with " .. result.secret) end
    return "sealed"
  end
  local plain = ByteArray.new(result.plaintext, true):tvb("QZMQ, opened"):range()
  local item = tree:add(fields.qzmq["plaintext"].field, plain)
  item:set_text(("Plaintext (%d octets)"):format(plain:len()))
  item:add(fields.qzmq["secret"].field, plain, result.secret):set_generated()
  if result.kind == "handshake" then
    handshake.show_plaintext(result.name, plain, item)
    return "opened"
  end
  if result.name == "CONTROL" then return records.show_control(plain, item) end
  if result.stream then return show_stream(result, plain, item) end
  expert(item, "gap", "something before this was lost or not opened, so frames cannot be found")
  return "opened"
end

local function show_qzmq(result, range, tree)
  local frame, name = result.frame, result.name
  local item = tree:add(qzmq_proto, range, "QZMQ " .. name)
  item:add(fields.qzmq["message"].field, range:range(frame.header + 1, #name))
  local head = 1 + #name
  local data = reader.part(range, frame.header + head, frame.size - head)
  if result.kind == "handshake" then
    local problem = handshake.show(name, data, item)
    local word = result.secret and not problem and (" (" .. show_opened(result, item) .. ")") or ""
    return name .. word .. (problem and " [malformed]" or "")
  end
  records.show(result, data, item)
  if result.problem then return name .. " [malformed]" end
  local word = show_opened(result, item)
  item:append_text((", epoch %d: %s"):format(result.epoch, word))
  return ("%s %d (%s)"):format(name, result.epoch, word)
end

-- Builds the tree of one PDU. Returns a word on it for the info column.
local function show(result, range, tree)
  local item = tree:add(zmtp_proto, range)
  if result.kind == "rest" then
    item:append_text(", not decoded")
    item:add(fields.zmtp["undecoded"].field, range)
    local kind = result.first and "malformed" or "undecoded"
    item:add_proto_expert_info(fields.experts.zmtp[kind], result.problem)
    return "not decoded"
  end
  if result.kind == "greeting" then
    zmtp.show_greeting(range, item)
    item:append_text(", greeting: " .. result.mechanism)
    return "greeting " .. result.mechanism
  end
  if result.missing then
    item:add_proto_expert_info(fields.experts.zmtp.undecoded, "the capture has no greeting of this side")
  end
  if result.kind == "frame" then
    local word = zmtp.show_frame(result.mechanism, result.frame, range, item)
    item:append_text(": " .. word)
    return word
  end
  zmtp.show_header(result.frame, range, item)
  item:append_text(": " .. result.name)
  return show_qzmq(result, range, tree)
end

-- Wireshark shows a packet more than once, and in any order. What a PDU means was found out when it first came and is
-- looked up by its place afterwards.
local function place_of(tvb, pinfo, offset)
  return ("%d %d %d %d"):format(pinfo.number, tvb:offset(), tvb:len(), offset)
end

function zmtp_proto.dissector(tvb, pinfo, tree)
  local connection, direction = direction_of(pinfo)
  local length, offset, words, octets = tvb:len(), 0, {}, nil
  pinfo.cols.protocol = "ZMTP"
  while offset < length do
    local place = place_of(tvb, pinfo, offset)
    local result = connection.results[place]
    if result == nil or (result.waits and not pinfo.visited) then
      octets = octets or tvb:raw()
      local size, frame
      if direction.broken then
        result = { kind = "rest", size = length - offset, problem = "after " .. direction.broken }
      else
        size, frame = measure(direction, octets, offset + 1)
        if size == nil and frame ~= nil then
          direction.broken = frame
          result = { kind = "rest", size = length - offset, problem = frame, first = true }
        elseif size == nil or size > length - offset then
          result = { waits = size and size - (length - offset) or DESEGMENT_ONE_MORE_SEGMENT }
        else
          result = advance(connection, direction, octets:sub(offset + 1, offset + size), frame)
          result.size = size
        end
      end
      connection.results[place] = result
    end
    if result.waits then
      pinfo.desegment_offset = offset
      pinfo.desegment_len = result.waits
      break
    end
    if result.mechanism == "QZMQ" then pinfo.cols.protocol = "QZMQ" end
    words[#words + 1] = show(result, tvb:range(offset, result.size), tree)
    offset = offset + result.size
  end
  if #words > 0 then
    -- A packet may end one PDU and hold others: they come in several calls.
    local shown = pinfo.private["qzmq"]
    pinfo.cols.info = (shown and ", " or "") .. table.concat(words, ", ")
    pinfo.private["qzmq"] = "shown"
  end
  return length
end

-- Ten octets tell; with fewer it takes the preference of ports.
zmtp_proto:register_heuristic("tcp", function(tvb, pinfo, tree)
  if tvb:len() < 10 or not zmtp.is_signature(tvb:raw(0, math.min(tvb:len(), 12))) then return false end
  pinfo.conversation = zmtp_proto
  zmtp_proto.dissector(tvb, pinfo, tree)
  return true
end)
