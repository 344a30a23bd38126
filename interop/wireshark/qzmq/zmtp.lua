-- Greetings, frames, commands and metadata of ZMTP 3.1 (RFC 37), and the commands of NULL, PLAIN and CURVE (RFC 26).

local reader = require("qzmq.reader")
local fields = require("qzmq.fields")
local f, experts = fields.zmtp, fields.experts.zmtp

local GREETING = 64
-- Wireshark joins a frame's segments in memory: larger ones are given up.
local MAX_FRAME = 64 * 1024 * 1024

-- Whether these octets of a string begin a greeting, as far as there are any.
local function is_signature(octets)
  return octets:byte(1) == 0xff and (octets:byte(10) or 0x7f) == 0x7f and (octets:byte(11) or 3) >= 3
end

-- What stands in a greeting of 64 octets.
local function parse_greeting(octets)
  return {
    major = octets:byte(11),
    minor = octets:byte(12),
    mechanism = octets:sub(13, 32):match("^[^%z]*"),
    as_server = octets:byte(33),
  }
end

local function show_greeting(range, tree)
  tree:add(f["greeting.signature"].field, range:range(0, 10))
  tree:add(f["greeting.major"].field, range:range(10, 1))
  tree:add(f["greeting.minor"].field, range:range(11, 1))
  tree:add(f["greeting.mechanism"].field, range:range(12, 20))
  tree:add(f["greeting.as_server"].field, range:range(32, 1))
  tree:add(f["greeting.filler"].field, range:range(33, 31))
end

-- The frame that begins at `at` (from 1) of a string: flags, offset of the body, size of the body. nil when the header
-- is not all there; nil and a text when it is malformed.
local function parse_header(octets, at)
  local flags = octets:byte(at)
  if flags == nil then return nil end
  if flags >= 8 then return nil, ("flags %02X: reserved bits are set"):format(flags) end
  if flags == 5 or flags == 7 then return nil, ("flags %02X: COMMAND with MORE"):format(flags) end
  if flags % 4 < 2 then
    local size = octets:byte(at + 1)
    if size == nil then return nil end
    return { flags = flags, header = 2, size = size }
  end
  if #octets < at + 8 then return nil end
  local size = 0
  for i = 1, 8 do size = size * 256 + octets:byte(at + i) end
  if size > MAX_FRAME then return nil, ("a frame of %.0f octets"):format(size) end
  return { flags = flags, header = 9, size = size }
end

local function is_command(frame)
  return frame.flags >= 4
end

-- Name of a command's body, as a string; nil when it has none.
local function command_name(body)
  local length = body:byte(1)
  if length == nil or length == 0 or #body < 1 + length then return nil end
  local name = body:sub(2, 1 + length)
  return name:match("^[%w%-_.+]+$")
end

local function show_header(frame, range, tree)
  local item = tree:add(f["flags"].field, range:range(0, 1))
  for _, name in ipairs({ "flags.reserved", "flags.command", "flags.long", "flags.more" }) do
    item:add(f[name].field, range:range(0, 1))
  end
  tree:add(f["size"].field, range:range(1, frame.header - 1))
end

-- Adds a text beside octets that are all printable.
local function add_text(tree, field, range)
  local length = range:len()
  if length == 0 or length > 4096 then return nil end
  local text = range:raw()
  if text:find("[^\32-\126]") then return nil end
  tree:add(field.field, range):set_generated()
  return text
end

-- A property list up to the reader's end.
local function show_metadata(r, tree)
  while r:left() > 0 do
    local from = r.at
    local name = r:vector(1, "property name")
    local value = r:vector(4, "property value")
    local item = tree:add(f["metadata.name"].field, r:since(from), name:len() > 0 and name:raw() or "")
    item:add(f["metadata.value"].field, value)
    local text = add_text(item, f["metadata.text"], value)
    if text then item:append_text(": " .. text) end
  end
end

local function show_subscription(r, tree)
  local topic = r:take(r:left(), "subscription")
  tree:add(f["subscription"].field, topic)
  add_text(tree, f["message.text"], topic)
end

local function show_reason(r, tree)
  tree:add(f["error.reason"].field, r:vector(1, "reason"))
end

local function show_group(r, tree)
  tree:add(f["group"].field, r:take(r:left(), "group"))
end

local COMMANDS = {
  READY = show_metadata,
  ERROR = show_reason,
  SUBSCRIBE = show_subscription,
  CANCEL = show_subscription,
  JOIN = show_group,
  LEAVE = show_group,
  PING = function(r, tree)
    r:add(tree, f["ping.ttl"], 2)
    tree:add(f["ping.context"].field, r:take(r:left(), "context"))
  end,
  PONG = function(r, tree)
    tree:add(f["ping.context"].field, r:take(r:left(), "context"))
  end,
}

-- Commands that are a mechanism's own, and what else they are under it.
local MECHANISMS = {
  PLAIN = {
    HELLO = function(r, tree)
      tree:add(f["plain.username"].field, r:vector(1, "username"))
      tree:add(f["plain.password"].field, r:vector(1, "password"))
    end,
    WELCOME = function() end,
    INITIATE = show_metadata,
  },
  CURVE = { HELLO = false, WELCOME = false, INITIATE = false, READY = false, MESSAGE = false, ERROR = show_reason },
}

-- A command's body: its name, and its data as far as it is known. Returns the name.
local function show_command(mechanism, range, tree, root)
  local r = reader.new(range)
  local shown
  local problem = reader.guarded(root, experts.malformed, function()
    local name = r:vector(1, "command name")
    if name:len() == 0 then reader.malformed("command without a name") end
    shown = name:raw():gsub("[^\32-\126]", "?")
    tree:add(f["command.name"].field, name)
    local own = (MECHANISMS[mechanism] or {})[shown]
    local show = own
    if own == nil then show = COMMANDS[shown] end
    if show then
      show(r, tree)
      r:finish(shown)
    elseif r:left() > 0 then
      tree:add(f["command.data"].field, r:take(r:left(), "data"))
    end
  end)
  return (shown or "command") .. (problem and " [malformed]" or "")
end

-- A whole frame that belongs to no mechanism of its own form. Returns a word on it.
local function show_frame(mechanism, frame, range, tree)
  show_header(frame, range, tree)
  local body = reader.part(range, frame.header, frame.size)
  if is_command(frame) then return show_command(mechanism, body, tree, tree) end
  tree:add(f["message.body"].field, body)
  add_text(tree, f["message.text"], body)
  return frame.flags % 2 == 1 and ("part (%d)"):format(frame.size) or ("message (%d)"):format(frame.size)
end

return {
  GREETING = GREETING,
  is_signature = is_signature,
  parse_greeting = parse_greeting,
  show_greeting = show_greeting,
  parse_header = parse_header,
  is_command = is_command,
  command_name = command_name,
  show_header = show_header,
  show_metadata = show_metadata,
  show_frame = show_frame,
}
