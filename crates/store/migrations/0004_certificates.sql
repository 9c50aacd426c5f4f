-- Client certificates as credentials: which one, whose (RFC 4514), when it ends by its own account, and the authority
-- by which it became known. Credentials of other kinds have none of it.
ALTER TABLE credentials ADD COLUMN fingerprint TEXT;
ALTER TABLE credentials ADD COLUMN subject TEXT;
ALTER TABLE credentials ADD COLUMN ends_at BIGINT;
ALTER TABLE credentials ADD COLUMN authority TEXT;
CREATE INDEX credentials_by_fingerprint ON credentials (fingerprint, id) WHERE fingerprint IS NOT NULL;
-- A certificate is of one device.
CREATE UNIQUE INDEX credentials_fingerprint ON credentials (fingerprint)
    WHERE fingerprint IS NOT NULL AND state <> 'revoked';

-- The authorities that vouch for the devices of a product; each for those of one.
CREATE TABLE certificate_authorities (
    id TEXT PRIMARY KEY,
    product_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL UNIQUE,
    certificate TEXT NOT NULL,
    template TEXT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The certificate that a device came with; then `claim_id` is that of the authority.
ALTER TABLE registrations ADD COLUMN certificate TEXT;
