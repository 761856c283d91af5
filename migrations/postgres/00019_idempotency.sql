-- +goose Up
-- The runs that requests with an Idempotency-Key have started, for a day.
CREATE TABLE idempotency_keys (
    scope      TEXT COLLATE "C" NOT NULL, -- the workspace, and who asked
    key        TEXT COLLATE "C" NOT NULL CHECK (key <> ''),
    request    TEXT COLLATE "C" NOT NULL, -- SHA-256 of what was asked for, hex
    run_id     TEXT COLLATE "C" NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    created_at BIGINT           NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_by_run ON idempotency_keys (run_id);

-- +goose Down
DROP TABLE idempotency_keys;
