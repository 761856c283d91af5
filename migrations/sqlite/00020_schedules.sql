-- +goose Up
-- A pipeline may have several schedules, each with a name; that of the one without is
-- empty.
CREATE TABLE named_schedules (
    pipeline_id TEXT    NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    name        TEXT    NOT NULL,
    spec        TEXT    NOT NULL,
    zone        TEXT    NOT NULL, -- IANA name; '' is UTC
    next_at     INTEGER NOT NULL, -- 0: never again
    PRIMARY KEY (pipeline_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO named_schedules (pipeline_id, name, spec, zone, next_at)
SELECT pipeline_id, '', spec, zone, next_at FROM pipeline_schedules;
DROP TABLE pipeline_schedules;
ALTER TABLE named_schedules RENAME TO pipeline_schedules;
CREATE INDEX pipeline_schedules_by_time ON pipeline_schedules (next_at) WHERE next_at > 0;

CREATE TABLE named_ticks (
    run_id         TEXT    NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    pipeline_id    TEXT    NOT NULL,
    tick           INTEGER NOT NULL, -- when it should have started
    interval_start INTEGER NOT NULL, -- the tick before
    schedule       TEXT    NOT NULL DEFAULT '', -- its name
    UNIQUE (pipeline_id, schedule, tick)
) STRICT, WITHOUT ROWID;
INSERT INTO named_ticks (run_id, pipeline_id, tick, interval_start)
SELECT run_id, pipeline_id, tick, interval_start FROM run_ticks;
DROP TABLE run_ticks;
ALTER TABLE named_ticks RENAME TO run_ticks;

-- +goose Down
CREATE TABLE one_schedule (
    pipeline_id TEXT    NOT NULL PRIMARY KEY REFERENCES pipelines (id) ON DELETE CASCADE,
    spec        TEXT    NOT NULL,
    zone        TEXT    NOT NULL,
    next_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO one_schedule (pipeline_id, spec, zone, next_at)
SELECT pipeline_id, spec, zone, next_at FROM pipeline_schedules WHERE name = '';
DROP TABLE pipeline_schedules;
ALTER TABLE one_schedule RENAME TO pipeline_schedules;
CREATE INDEX pipeline_schedules_by_time ON pipeline_schedules (next_at) WHERE next_at > 0;

CREATE TABLE one_ticks (
    run_id         TEXT    NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    pipeline_id    TEXT    NOT NULL,
    tick           INTEGER NOT NULL,
    interval_start INTEGER NOT NULL,
    UNIQUE (pipeline_id, tick)
) STRICT, WITHOUT ROWID;
INSERT INTO one_ticks (run_id, pipeline_id, tick, interval_start)
SELECT run_id, pipeline_id, tick, interval_start FROM run_ticks WHERE schedule = '';
DROP TABLE run_ticks;
ALTER TABLE one_ticks RENAME TO run_ticks;
