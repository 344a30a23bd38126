-- Reads layouts of the specification from a TvbRange. What does not fit raises { malformed = text }, which
-- `guarded` turns into an expert info; any other error is a mistake in these files and goes on.

local Reader = {}
Reader.__index = Reader

local function malformed(text)
  error({ malformed = text }, 0)
end

-- A part of a range. Wireshark refuses an empty one at the end: it stands one octet earlier then.
local function part(range, offset, count)
  local length = range:len()
  if count > 0 then return range:range(offset, count) end
  if length == 0 then return range end
  return range:range(math.min(offset, length - 1), 0)
end

local function new(range)
  return setmetatable({ range = range, at = 0, size = range:len() }, Reader)
end

function Reader:left()
  return self.size - self.at
end

-- The next `count` octets.
function Reader:take(count, what)
  if count > self:left() then malformed(("%s: %d octets, and %d are left"):format(what, count, self:left())) end
  local taken = part(self.range, self.at, count)
  self.at = self.at + count
  return taken
end

-- The octets from `from`, an earlier `at`, up to here.
function Reader:since(from)
  return part(self.range, from, self.at - from)
end

-- An integer of 1, 2 or 4 octets.
function Reader:uint(count, what)
  return self:take(count, what):uint()
end

-- v8<>, v16<> or v32<>: a length of `count` octets, then that many.
function Reader:vector(count, what)
  return self:take(self:uint(count, what), what)
end

-- Adds a field of exactly `count` octets to the tree; returns its item and range.
function Reader:add(tree, field, count)
  local range = self:take(count, field.what)
  return tree:add(field.field, range), range
end

-- Adds a field in the form of v8<>, v16<> or v32<>; its item spans the length too.
function Reader:add_vector(tree, field, count)
  local from = self.at
  local range = self:vector(count, field.what)
  local item = tree:add(field.field, range)
  item:append_text((" (%d octets)"):format(range:len()))
  return item, range, self:since(from)
end

function Reader:finish(what)
  if self:left() > 0 then malformed(("%s: %d octets left over"):format(what, self:left())) end
end

-- Runs `parse`; when octets are malformed, says so at `item` and returns the text.
local function guarded(item, expert, parse)
  local ok, problem = pcall(parse)
  if ok then return nil end
  if type(problem) ~= "table" or problem.malformed == nil then error(problem, 0) end
  item:add_proto_expert_info(expert, problem.malformed)
  return problem.malformed
end

return { new = new, part = part, malformed = malformed, guarded = guarded }
