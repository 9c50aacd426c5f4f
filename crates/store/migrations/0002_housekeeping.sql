-- What a change of blocks is about, so that whoever follows reads one block and not all of them; not there in
-- entries from before.
ALTER TABLE change_log ADD COLUMN block_kind TEXT;
ALTER TABLE change_log ADD COLUMN block_value TEXT;

-- What housekeeping looks for: what is over, the longest first.
CREATE INDEX blocks_by_end ON blocks (until) WHERE until IS NOT NULL;
CREATE INDEX credentials_by_end ON credentials (not_after) WHERE state <> 'revoked' AND not_after IS NOT NULL;
CREATE INDEX credentials_revoked ON credentials (revoked_at) WHERE state = 'revoked';
CREATE INDEX registrations_over ON registrations (updated_at) WHERE state IN ('confirmed', 'expired');

-- What each device that registers is held against.
CREATE INDEX registrations_waiting ON registrations (product_id, claim_id)
    WHERE state IN ('quarantined', 'approved');
CREATE INDEX registrations_rejected ON registrations (product_id, hardware_id) WHERE state = 'rejected';

-- What is read when the rules of a product change, and when it is deleted.
CREATE INDEX devices_in_service ON devices (product_id, id) WHERE state <> 'retired';
