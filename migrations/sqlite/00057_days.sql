-- +goose Up
-- Runs are counted by the day on which they were put on record, from the index alone.
CREATE INDEX runs_by_day ON runs (workspace_id, created_at, status, pipeline_id);

-- +goose Down
DROP INDEX runs_by_day;
