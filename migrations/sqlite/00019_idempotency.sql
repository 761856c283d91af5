-- +goose Up
-- The runs that requests with an Idempotency-Key have started, for a day.
CREATE TABLE idempotency_keys (
    scope      TEXT    NOT NULL, -- the workspace, and who asked
    key        TEXT    NOT NULL CHECK (key <> ''),
    request    TEXT    NOT NULL, -- SHA-256 of what was asked for, hex
    run_id     TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_by_run ON idempotency_keys (run_id);

-- +goose Down
DROP TABLE idempotency_keys;
