-- The processes that follow the change log, and how far each is. Nothing here is a change: rows are written
-- beside all transactions, may be lost in a crash, and are forgotten when nobody writes them any more.
CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    log_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    closed TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);
