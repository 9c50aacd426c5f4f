-- One text for two engines. PostgreSQL reads `TEXT` as `TEXT COLLATE "C"`, so that both sort by bytes, and
-- `BLOB` as `BYTEA`; nothing else differs. Instants are milliseconds since 1970. A statement ends with a
-- semicolon at the end of a line.

-- The change log: its identity and its last number. One row. Whoever changes it holds all writers back.
CREATE TABLE log_head (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    log_id TEXT NOT NULL,
    head BIGINT NOT NULL
);

CREATE TABLE change_log (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    product_id TEXT,
    device_id TEXT,
    credential_id TEXT,
    kick TEXT NOT NULL
);

-- What peppers are known by; never the peppers.
CREATE TABLE peppers (
    version BIGINT PRIMARY KEY,
    check_value TEXT NOT NULL
);

CREATE TABLE products (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    strategy TEXT NOT NULL,
    binding TEXT NOT NULL,
    kinds TEXT NOT NULL,
    acl TEXT NOT NULL,
    devices_max BIGINT,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    product_id TEXT NOT NULL,
    hardware_id TEXT,
    state TEXT NOT NULL,
    tags TEXT NOT NULL,
    attributes TEXT NOT NULL,
    expires_at BIGINT,
    origin TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (product_id, hardware_id)
);
CREATE INDEX devices_by_product ON devices (product_id, id);

-- How many devices a product has that are not retired: counting a million of them takes too long for each
-- registration.
CREATE TABLE product_devices (
    product_id TEXT PRIMARY KEY,
    devices BIGINT NOT NULL
);

-- What devices are found by: a copy of their column `tags`.
CREATE TABLE device_tags (
    device_id TEXT NOT NULL REFERENCES devices (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name, value, device_id)
);
CREATE INDEX device_tags_by_device ON device_tags (device_id);

-- What is kept of a credential depends on its kind: key_id, pepper_version and verifier of a secret; hash of
-- a password and of SCRAM.
CREATE TABLE credentials (
    id TEXT PRIMARY KEY,
    device_id TEXT NOT NULL REFERENCES devices (id),
    kind TEXT NOT NULL,
    key_id TEXT,
    pepper_version BIGINT,
    verifier BLOB,
    hash TEXT,
    state TEXT NOT NULL,
    not_before BIGINT,
    not_after BIGINT,
    created_at BIGINT NOT NULL,
    first_used_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX credentials_by_device ON credentials (device_id, id);
CREATE INDEX credentials_pending ON credentials (created_at) WHERE state = 'pending';

CREATE TABLE claim_tokens (
    id TEXT PRIMARY KEY,
    product_id TEXT NOT NULL,
    key_id TEXT NOT NULL UNIQUE,
    pepper_version BIGINT NOT NULL,
    verifier BLOB NOT NULL,
    uses_max BIGINT,
    uses BIGINT NOT NULL,
    expires_at BIGINT,
    networks TEXT NOT NULL,
    hardware_ids TEXT,
    revoked_at BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE registrations (
    id TEXT PRIMARY KEY,
    product_id TEXT NOT NULL,
    hardware_id TEXT NOT NULL,
    claim_id TEXT NOT NULL,
    device_id TEXT,
    credential_id TEXT,
    state TEXT NOT NULL,
    peer TEXT,
    rival_count BIGINT NOT NULL,
    decided_by TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX registrations_open ON registrations (product_id, hardware_id)
    WHERE state IN ('quarantined', 'approved', 'issued');
CREATE INDEX registrations_by_credential ON registrations (credential_id);
CREATE INDEX registrations_by_product ON registrations (product_id, id);
CREATE INDEX registrations_by_state ON registrations (state, id);

CREATE TABLE blocks (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    until BIGINT,
    created_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (kind, value)
);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    key_id TEXT NOT NULL UNIQUE,
    pepper_version BIGINT NOT NULL,
    verifier BLOB NOT NULL,
    scopes TEXT NOT NULL,
    networks TEXT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE audit (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    address TEXT,
    request_id TEXT,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    reason TEXT NOT NULL,
    before TEXT,
    after TEXT,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
);
