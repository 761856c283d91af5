-- +goose Up
-- What a process is, and what it told of its machine when it was last seen.
ALTER TABLE processes ADD COLUMN kind   TEXT NOT NULL DEFAULT 'server' CHECK (kind IN ('server', 'worker'));
ALTER TABLE processes ADD COLUMN labels TEXT NOT NULL DEFAULT '[]'; -- JSON: what it may do besides runs without a label
ALTER TABLE processes ADD COLUMN load   TEXT NOT NULL DEFAULT '{}'; -- JSON

-- A run with a label is for processes that have it.
ALTER TABLE pipelines ADD COLUMN label TEXT NOT NULL DEFAULT ''; -- of new runs; empty: none
ALTER TABLE runs ADD COLUMN label TEXT NOT NULL DEFAULT '';
DROP INDEX runs_in_line;
CREATE INDEX runs_in_line ON runs (label, priority DESC, id) WHERE status = 'pending';

-- Processes that went while they had runs, until that is made good.
CREATE TABLE lost_processes (
    id      TEXT    NOT NULL PRIMARY KEY,
    host    TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    lost_at INTEGER NOT NULL -- by the clock of the database
) STRICT;
CREATE TABLE lost_runs (
    process_id TEXT NOT NULL REFERENCES lost_processes (id) ON DELETE CASCADE,
    run_id     TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    PRIMARY KEY (process_id, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lost_runs_by_run ON lost_runs (run_id);

-- +goose Down
DROP TABLE lost_runs;
DROP TABLE lost_processes;
DROP INDEX runs_in_line;
CREATE INDEX runs_in_line ON runs (status, priority DESC, id) WHERE status = 'pending';
ALTER TABLE runs DROP COLUMN label;
ALTER TABLE pipelines DROP COLUMN label;
ALTER TABLE processes DROP COLUMN load;
ALTER TABLE processes DROP COLUMN labels;
ALTER TABLE processes DROP COLUMN kind;
