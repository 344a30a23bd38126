/** Configurations that tests share: the snippets of the documents that this one's keys come from, and one with every key. */

/** As it is written there. */
export const SEED_CRYPTO = `crypto:
  suite:
    kem: "x25519+mlkem768"  # Hybrid mode default
    sig: "mldsa2"
    aead: "aes256gcm"
    hash: "sha256"
  pq_only: false            # Allow hybrid for compatibility
  key_update:
    max_msgs: 4294967296    # 2^32 messages
    max_bytes: 1125899906842624  # 2^50 bytes
    max_age_s: 600          # 10 minutes
`;

/** As it is written there. */
export const SEED_QZMQ = `qzmq:
  enabled: true
  default_suite:
    kem: "x25519+mlkem768"  # Hybrid classical + post-quantum
    sig: "mldsa44"          # ML-DSA (Dilithium)
    aead: "aes256gcm"       # AES-256-GCM
    hash: "sha256"          # SHA-256
  
  key_rotation:
    max_messages: 4294967296  # 2^32
    max_bytes: 1099511627776  # 1TB
    max_age_s: 600           # 10 minutes
  
  anti_dos:
    cookie_timeout_s: 60
    max_concurrent: 10000
`;

/** Every key of the schema at least once, but for those that exclude each other. */
export const FULL = {
  yaml: `# every key
crypto:
  suite: {kem: hybrid768, sig: mldsa44, aead: aes256gcm, hash: sha256}
  mode: hybrid
  pq_only: false
  key_update: {max_msgs: 1000, max_bytes: 65536, max_age_s: 30}
  anti_dos: {cookie_timeout_s: 5, max_concurrent: 50}
  enabled: true
identity: {key: node.key, certificates: node.crt}
trust: {pins: [a.pins]}
status: {enabled: true, address: 0.0.0.0, port: 9090, allow_remote: true, hosts: [GW.example]}
log: {level: debug}
limits: &bounds
  max_connections: 5
  high_water_mark: 10
  max_queued_bytes: 1000000
  max_message_size: -1
  handshake_interval_ms: 1000
  heartbeat_interval_ms: 500
  heartbeat_timeout_ms: 2000
links:
  - name: in_1.a
    side: server
    listen: tcp://*:6000
    connect: tcp://10.1.2.3:5000
    allow_remote: true
    phase: observe
    client_auth: optional
    old: {listen: "tcp://*:5001", connect: "tcp://127.0.0.1:5000"}
    key_rotation: {max_messages: 1000, max_age_s: 60}
    identity: {"key": keys/a.key, passphrase_file: /run/secrets/pass}
    trust: {authorities: [ca.crt, ca2.crt], revocation_lists: ca.crl, revocation: required}
    limits: *bounds
  - name: out
    side: client
    listen: ipc:///run/out
    connect: tcp://server.example:6000
    server_name: Server.example
    phase: 3
    pq_only: true
    suite: [mlkem768/mldsa44/aes256gcm/sha256, mlkem1024/mldsa87/aes256gcm/sha384]
`,
  value: {
    crypto: {
      suite: { kem: "hybrid768", sig: "mldsa44", aead: "aes256gcm", hash: "sha256" },
      mode: "hybrid",
      pq_only: false,
      key_update: { max_msgs: 1000, max_bytes: 65_536, max_age_s: 30 },
      anti_dos: { cookie_timeout_s: 5, max_concurrent: 50 },
      enabled: true,
    },
    identity: { key: "node.key", certificates: "node.crt" },
    trust: { pins: ["a.pins"] },
    status: { enabled: true, address: "0.0.0.0", port: 9090, allow_remote: true, hosts: ["GW.example"] },
    log: { level: "debug" },
    limits: {
      max_connections: 5,
      high_water_mark: 10,
      max_queued_bytes: 1_000_000,
      max_message_size: -1,
      handshake_interval_ms: 1000,
      heartbeat_interval_ms: 500,
      heartbeat_timeout_ms: 2000,
    },
    links: [
      {
        name: "in_1.a",
        side: "server",
        listen: "tcp://*:6000",
        connect: "tcp://10.1.2.3:5000",
        allow_remote: true,
        phase: "observe",
        client_auth: "optional",
        old: { listen: "tcp://*:5001", connect: "tcp://127.0.0.1:5000" },
        key_rotation: { max_messages: 1000, max_age_s: 60 },
        identity: { key: "keys/a.key", passphrase_file: "/run/secrets/pass" },
        trust: { authorities: ["ca.crt", "ca2.crt"], revocation_lists: "ca.crl", revocation: "required" },
      },
      {
        name: "out",
        side: "client",
        listen: "ipc:///run/out",
        connect: "tcp://server.example:6000",
        server_name: "Server.example",
        phase: 3,
        pq_only: true,
        suite: ["mlkem768/mldsa44/aes256gcm/sha256", "mlkem1024/mldsa87/aes256gcm/sha384"],
      },
    ],
  },
};
