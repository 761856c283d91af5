-- +goose Up
-- Which pipelines depend on runs of which others, as their newest documents say.
CREATE TABLE pipeline_dependencies (
    pipeline_id TEXT COLLATE "C" NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    upstream_id TEXT COLLATE "C" NOT NULL REFERENCES pipelines (id),
    mode        TEXT COLLATE "C" NOT NULL CHECK (mode IN ('gate', 'trigger')), -- its runs wait, or are started
    state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('succeeded', 'completed', 'failed')),
    within      BIGINT           NOT NULL CHECK (within >= 0), -- seconds; 0: however long ago
    paused      BIGINT           NOT NULL CHECK (paused IN (0, 1)),
    PRIMARY KEY (pipeline_id, upstream_id, mode)
);
CREATE INDEX pipeline_dependencies_by_upstream ON pipeline_dependencies (upstream_id);

ALTER TABLE pipelines ADD COLUMN gate_seconds BIGINT NOT NULL DEFAULT 86400; -- how long its runs wait

ALTER TABLE runs ADD COLUMN gate_until BIGINT; -- when it is blocked, while it waits for runs of other pipelines; NULL: it does not
ALTER TABLE runs ADD COLUMN upstream_run_id TEXT COLLATE "C" NOT NULL DEFAULT ''; -- the run whose end has started it; empty: none
CREATE INDEX runs_at_gates ON runs (gate_until, pipeline_id) WHERE gate_until IS NOT NULL;
CREATE UNIQUE INDEX runs_by_upstream ON runs (upstream_run_id, pipeline_id) WHERE upstream_run_id <> '';

-- +goose Down
DROP INDEX runs_by_upstream;
DROP INDEX runs_at_gates;
ALTER TABLE runs DROP COLUMN upstream_run_id;
ALTER TABLE runs DROP COLUMN gate_until;
ALTER TABLE pipelines DROP COLUMN gate_seconds;
DROP TABLE pipeline_dependencies;
