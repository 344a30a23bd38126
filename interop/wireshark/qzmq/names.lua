-- Numbers and their names (spec/12-registries.md).

return {
  kem = { [1] = "X25519", [2] = "ML-KEM-768", [3] = "ML-KEM-1024", [4] = "X25519+ML-KEM-768", [5] = "X25519+ML-KEM-1024" },
  signature = { [1] = "Ed25519", [2] = "ML-DSA-44", [3] = "ML-DSA-65", [4] = "ML-DSA-87" },
  aead = { [1] = "AES-256-GCM", [2] = "ChaCha20-Poly1305" },
  hash = { [1] = "SHA-256", [2] = "SHA-384" },
  extension = {
    [0x0000] = "server_name", [0x001c] = "record_limit", [0x002a] = "early_data",
    [0xff01] = "pq_only", [0xff02] = "client_auth",
  },
  level = { [0] = "none", [1] = "optional", [2] = "required" },
  control = { [1] = "KEYUPDATE", [2] = "KEYUPDATEACK", [3] = "TICKET", [4] = "CLOSE", [5] = "KEYCONFIRM", [6] = "PAD" },
  close = { [0] = "normal", [1] = "shutdown", [2] = "protocol", [3] = "limits", [4] = "policy" },
  role = { [0] = "client", [1] = "server" },
}
