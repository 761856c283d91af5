-- +goose Up
ALTER TABLE runs ADD COLUMN resumed_from TEXT NOT NULL DEFAULT ''; -- the run whose results it begins with; empty: none
ALTER TABLE runs ADD COLUMN resumed_at   TEXT NOT NULL DEFAULT ''; -- the node that it was told to begin at; empty: none
CREATE INDEX runs_by_origin ON runs (resumed_from) WHERE resumed_from <> '';
ALTER TABLE node_runs ADD COLUMN restored INTEGER NOT NULL DEFAULT 0 CHECK (restored IN (0, 1)); -- its rows are those of another run

-- +goose Down
ALTER TABLE node_runs DROP COLUMN restored;
DROP INDEX runs_by_origin;
ALTER TABLE runs DROP COLUMN resumed_at;
ALTER TABLE runs DROP COLUMN resumed_from;
