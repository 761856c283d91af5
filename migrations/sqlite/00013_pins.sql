-- +goose Up
-- Rows that somebody has pinned to a node, for trials.
CREATE TABLE pins (
    pipeline_id TEXT    NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    node_id     TEXT    NOT NULL,
    data        TEXT    NOT NULL CHECK (json_valid(data)), -- columns and rows
    pinned_by   TEXT    NOT NULL,
    pinned_at   INTEGER NOT NULL,
    PRIMARY KEY (pipeline_id, node_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE pins;
