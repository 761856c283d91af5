-- +goose Up
-- By what other systems start runs of a pipeline.
CREATE TABLE webhooks (
    pipeline_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES pipelines (id) ON DELETE CASCADE,
    token_hash  BYTEA            NOT NULL, -- SHA-256
    token_end   TEXT COLLATE "C" NOT NULL, -- its last four characters
    salt        BYTEA,                     -- of it and the token the secret of signatures is made; NULL: requests are not signed
    paused      BIGINT           NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    created_at  BIGINT           NOT NULL,
    last_run_id TEXT COLLATE "C" NOT NULL DEFAULT '', -- empty: it has started none
    last_at     BIGINT
);
CREATE INDEX webhooks_by_token ON webhooks (token_hash);

-- The bodies of the requests that have started runs, where the pipeline reads them.
CREATE TABLE run_inputs (
    run_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    body   BYTEA            NOT NULL
);

ALTER TABLE idempotency_keys ADD COLUMN kept_until BIGINT NOT NULL DEFAULT 0; -- when that is later than a day after its request

-- +goose Down
ALTER TABLE idempotency_keys DROP COLUMN kept_until;
DROP TABLE run_inputs;
DROP TABLE webhooks;
