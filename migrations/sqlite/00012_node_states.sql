-- +goose Up
-- What nodes remember from one run of a pipeline to the next, such as how far they
-- have read. It is written with the end of a run that succeeded.
CREATE TABLE node_states (
    pipeline_id TEXT    NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    node_id     TEXT    NOT NULL,
    state       TEXT    NOT NULL, -- JSON
    run_id      TEXT    NOT NULL, -- which wrote it; it may be gone
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (pipeline_id, node_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE node_states;
