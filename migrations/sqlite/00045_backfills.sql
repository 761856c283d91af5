-- +goose Up
-- Runs of a pipeline for intervals that have passed. They are put on record as those
-- before them end, so next_at says how far that is.
CREATE TABLE backfills (
    id           TEXT    NOT NULL PRIMARY KEY,
    pipeline_id  TEXT    NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    range_start  INTEGER NOT NULL,
    range_end    INTEGER NOT NULL, -- not in it
    spec         TEXT    NOT NULL, -- whose times intervals begin and end at
    zone         TEXT    NOT NULL, -- IANA name; '' is UTC
    total        INTEGER NOT NULL CHECK (total >= 0), -- intervals
    concurrency  INTEGER NOT NULL CHECK (concurrency > 0), -- runs that have not ended at once
    newest_first INTEGER NOT NULL CHECK (newest_first IN (0, 1)),
    skip_done    INTEGER NOT NULL CHECK (skip_done IN (0, 1)), -- leave out those with a run that has succeeded
    on_failure   TEXT    NOT NULL CHECK (on_failure IN ('continue', 'pause')),
    params       TEXT    NOT NULL CHECK (json_valid(params)),
    priority     INTEGER NOT NULL, -- of its runs
    status       TEXT    NOT NULL CHECK (status IN ('running', 'paused', 'done', 'cancelled')),
    reason       TEXT    NOT NULL DEFAULT '', -- why it pauses by itself
    next_at      INTEGER, -- begin of the next interval; NULL: none is left
    skipped      INTEGER NOT NULL DEFAULT 0,
    started_by   TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER
) STRICT;
CREATE INDEX backfills_by_pipeline ON backfills (pipeline_id, id);
CREATE INDEX backfills_running ON backfills (id) WHERE status = 'running';

-- The runs of backfills: no interval of one has two. They stay when the run is removed.
CREATE TABLE backfill_runs (
    backfill_id    TEXT    NOT NULL REFERENCES backfills (id) ON DELETE CASCADE,
    interval_start INTEGER NOT NULL,
    interval_end   INTEGER NOT NULL,
    pipeline_id    TEXT    NOT NULL,
    run_id         TEXT    NOT NULL UNIQUE,
    status         TEXT    NOT NULL CHECK (status IN ('started', 'success', 'failed', 'cancelled', 'blocked')),
    PRIMARY KEY (backfill_id, interval_start)
) STRICT, WITHOUT ROWID;
CREATE INDEX backfill_runs_by_status ON backfill_runs (backfill_id, status);
CREATE INDEX backfill_runs_by_interval ON backfill_runs (pipeline_id, interval_start);
CREATE INDEX run_ticks_by_interval ON run_ticks (pipeline_id, tick);

-- +goose Down
DROP INDEX run_ticks_by_interval;
DROP TABLE backfill_runs;
DROP TABLE backfills;
