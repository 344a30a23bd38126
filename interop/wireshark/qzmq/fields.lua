-- Every field and expert info, by its name in display filters. `zmtp` and `qzmq` map short names to
-- { field = ProtoField, what = how messages call it }.

local names = require("qzmq.names")

local function table_of(prefix, rows)
  local by_name, list = {}, {}
  for _, row in ipairs(rows) do
    local name, kind, title = row[1], row[2], row[3]
    local field = ProtoField[kind](prefix .. "." .. name, title, table.unpack(row, 4))
    by_name[name] = { field = field, what = title }
    list[#list + 1] = field
  end
  return by_name, list
end

local zmtp, zmtp_list = table_of("zmtp31", {
  { "greeting.signature", "bytes", "Signature" },
  { "greeting.major", "uint8", "Major version" },
  { "greeting.minor", "uint8", "Minor version" },
  { "greeting.mechanism", "string", "Mechanism" },
  { "greeting.as_server", "uint8", "As-server", base.DEC, names.role },
  { "greeting.filler", "bytes", "Filler" },
  { "flags", "uint8", "Flags", base.HEX },
  { "flags.reserved", "uint8", "Reserved", base.HEX, nil, 0xf8 },
  { "flags.command", "bool", "COMMAND", 8, nil, 0x04 },
  { "flags.long", "bool", "LONG", 8, nil, 0x02 },
  { "flags.more", "bool", "MORE", 8, nil, 0x01 },
  { "size", "uint64", "Size", base.DEC },
  { "message.body", "bytes", "Body" },
  { "message.text", "string", "Text" },
  { "command.name", "string", "Command" },
  { "command.data", "bytes", "Data" },
  { "metadata.name", "string", "Property" },
  { "metadata.value", "bytes", "Value" },
  { "metadata.text", "string", "Text" },
  { "subscription", "bytes", "Subscription" },
  { "ping.ttl", "uint16", "TTL (tenths of a second)", base.DEC },
  { "ping.context", "bytes", "Context" },
  { "error.reason", "string", "Reason" },
  { "group", "string", "Group" },
  { "plain.username", "string", "Username" },
  { "plain.password", "string", "Password" },
  { "undecoded", "bytes", "Not decoded" },
})

local qzmq, qzmq_list = table_of("qzmq", {
  { "message", "string", "Message" },
  { "version", "uint8", "Version" },
  { "random", "bytes", "Random" },
  { "cookie", "bytes", "Cookie" },
  { "session_id", "bytes", "Session id (ticket)" },
  { "suite", "string", "Suite" },
  { "suite.kem", "uint8", "KEM", base.DEC, names.kem },
  { "suite.signature", "uint8", "Signature", base.DEC, names.signature },
  { "suite.aead", "uint8", "AEAD", base.DEC, names.aead },
  { "suite.hash", "uint8", "Hash", base.DEC, names.hash },
  { "extension.type", "uint16", "Extension", base.HEX, names.extension },
  { "extension.data", "bytes", "Data" },
  { "extension.server_name", "string", "Server name" },
  { "extension.record_limit", "uint32", "Record limit", base.DEC },
  { "extension.client_auth.level", "uint8", "Level", base.DEC, names.level },
  { "extension.client_auth.algorithm", "uint8", "Algorithm", base.DEC, names.signature },
  { "resumed", "uint8", "Resumed" },
  { "kem_public", "bytes", "KEM public key" },
  { "kem_ciphertext", "bytes", "KEM ciphertext" },
  { "certificate", "bytes", "Certificate" },
  { "auth", "bytes", "Auth" },
  { "sealed", "bytes", "Sealed" },
  { "early_records", "uint32", "Early records", base.DEC },
  { "signature", "bytes", "Signature" },
  { "psk_binder", "bytes", "PSK binder" },
  { "verify_data", "bytes", "Verify data" },
  { "error.reason", "string", "Reason" },
  { "record.key_id", "uint8", "Key id" },
  { "record.epoch", "uint32", "Epoch", base.DEC },
  { "record.sequence", "uint64", "Sequence", base.DEC },
  { "record.ciphertext", "bytes", "Ciphertext" },
  { "record.tag", "bytes", "Tag" },
  { "plaintext", "bytes", "Plaintext" },
  { "secret", "string", "Opened with" },
  { "stream.carried", "uint32", "Octets of the first frame in earlier records", base.DEC },
  { "stream.left", "uint32", "Octets of a frame that goes on in later records", base.DEC },
  { "control.type", "uint8", "Control", base.DEC, names.control },
  { "key_update.time", "uint64", "Time (Unix milliseconds)", base.DEC },
  { "key_update.new_key_id", "uint32", "New key id", base.DEC },
  { "ticket.lifetime", "uint32", "Lifetime (seconds)", base.DEC },
  { "ticket.early_limit", "uint32", "Early limit", base.DEC },
  { "ticket.nonce", "bytes", "Nonce" },
  { "ticket.ticket", "bytes", "Ticket" },
  { "close.code", "uint8", "Code", base.DEC, names.close },
  { "pad", "bytes", "Padding" },
})

local group, severity = expert.group, expert.severity
local experts = {
  zmtp = {
    malformed = ProtoExpert.new("zmtp31.malformed", "Malformed", group.MALFORMED, severity.ERROR),
    undecoded = ProtoExpert.new("zmtp31.not_decoded", "Not decoded", group.UNDECODED, severity.NOTE),
  },
  qzmq = {
    malformed = ProtoExpert.new("qzmq.malformed", "Malformed", group.MALFORMED, severity.ERROR),
    no_secret = ProtoExpert.new("qzmq.no_secret", "No secret for this", group.DECRYPTION, severity.NOTE),
    not_opened = ProtoExpert.new("qzmq.not_opened", "Does not open", group.DECRYPTION, severity.ERROR),
    order = ProtoExpert.new("qzmq.order", "Out of order", group.SEQUENCE, severity.WARN),
    gap = ProtoExpert.new("qzmq.gap", "Stream with a gap", group.UNDECODED, severity.NOTE),
  },
}

return { zmtp = zmtp, zmtp_list = zmtp_list, qzmq = qzmq, qzmq_list = qzmq_list, experts = experts }
