-- +goose Up
-- When the schedules of enabled pipelines fire next; a pipeline that has none, is off
-- or is a draft has no row.
CREATE TABLE pipeline_schedules (
    pipeline_id TEXT    NOT NULL PRIMARY KEY REFERENCES pipelines (id) ON DELETE CASCADE,
    spec        TEXT    NOT NULL,
    zone        TEXT    NOT NULL, -- IANA name; '' is UTC
    next_at     INTEGER NOT NULL  -- 0: never again
) STRICT, WITHOUT ROWID;
CREATE INDEX pipeline_schedules_by_time ON pipeline_schedules (next_at) WHERE next_at > 0;

-- The runs that schedules have started: no tick starts two.
CREATE TABLE run_ticks (
    run_id         TEXT    NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    pipeline_id    TEXT    NOT NULL,
    tick           INTEGER NOT NULL, -- when it should have started
    interval_start INTEGER NOT NULL, -- the tick before
    UNIQUE (pipeline_id, tick)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE run_ticks;
DROP TABLE pipeline_schedules;
