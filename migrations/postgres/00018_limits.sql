-- +goose Up
-- Named numbers of runs at once, of any pipelines.
CREATE TABLE pools (
    name        TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (name <> ''),
    slots       BIGINT           NOT NULL CHECK (slots >= 0),
    description TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT           NOT NULL
);

ALTER TABLE pipelines ADD COLUMN most_runs BIGINT NOT NULL DEFAULT 0 CHECK (most_runs >= 0); -- under way at once; 0: any number
ALTER TABLE pipelines ADD COLUMN pool TEXT COLLATE "C" REFERENCES pools (name); -- of new runs; NULL: none
ALTER TABLE pipelines ADD COLUMN overlap TEXT COLLATE "C" NOT NULL DEFAULT '' CHECK (overlap IN ('', 'queue', 'skip', 'cancel_previous')); -- empty: queue
CREATE INDEX pipelines_by_pool ON pipelines (pool) WHERE pool IS NOT NULL;

ALTER TABLE runs ADD COLUMN priority BIGINT NOT NULL DEFAULT 0; -- higher ones start first
ALTER TABLE runs ADD COLUMN pool TEXT COLLATE "C" NOT NULL DEFAULT ''; -- empty: none
CREATE INDEX runs_in_line ON runs (status, priority DESC, id) WHERE status = 'pending';
CREATE INDEX runs_under_way ON runs (pipeline_id) WHERE started_at IS NOT NULL AND finished_at IS NULL;
CREATE INDEX runs_of_pools ON runs (pool, status) WHERE pool <> '' AND finished_at IS NULL;

-- +goose Down
DROP INDEX runs_of_pools;
DROP INDEX runs_under_way;
DROP INDEX runs_in_line;
ALTER TABLE runs DROP COLUMN pool;
ALTER TABLE runs DROP COLUMN priority;
DROP INDEX pipelines_by_pool;
ALTER TABLE pipelines DROP COLUMN overlap;
ALTER TABLE pipelines DROP COLUMN pool;
ALTER TABLE pipelines DROP COLUMN most_runs;
DROP TABLE pools;
