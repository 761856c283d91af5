-- +goose Up
ALTER TABLE runs ADD COLUMN parent_run_id TEXT COLLATE "C" NOT NULL DEFAULT ''; -- the run that has started it; empty: none
ALTER TABLE runs ADD COLUMN parent_node   TEXT COLLATE "C" NOT NULL DEFAULT ''; -- the node of that run
ALTER TABLE runs ADD COLUMN parent_index  BIGINT NOT NULL DEFAULT 0; -- the row of that node's input, from 0
ALTER TABLE runs ADD COLUMN depth         BIGINT NOT NULL DEFAULT 0; -- how many runs are above it
ALTER TABLE runs ADD COLUMN kept_node     TEXT COLLATE "C" NOT NULL DEFAULT ''; -- the node whose rows the parent takes; empty: none
CREATE UNIQUE INDEX runs_by_parent ON runs (parent_run_id, parent_node, parent_index) WHERE parent_run_id <> '';

-- The runs that a node of a run has others do: planned first, and started once each.
CREATE TABLE run_children (
    parent_id        TEXT COLLATE "C" NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    node_id          TEXT COLLATE "C" NOT NULL,
    position         BIGINT           NOT NULL CHECK (position >= 0),
    pipeline_id      TEXT COLLATE "C" NOT NULL,
    pipeline_version BIGINT           NOT NULL,
    pipeline_name    TEXT COLLATE "C" NOT NULL,
    params           TEXT COLLATE "C" NOT NULL CHECK (json_valid(params)),
    kept_node        TEXT COLLATE "C" NOT NULL,
    awaited          BIGINT           NOT NULL CHECK (awaited IN (0, 1)), -- its parent waits for it
    resumes          TEXT COLLATE "C" NOT NULL, -- the run that did this for the run which the parent resumes; empty: none
    status           TEXT COLLATE "C" NOT NULL DEFAULT 'planned' CHECK (status IN ('planned', 'started', 'blocked', 'success', 'failed', 'cancelled')),
    run_id           TEXT COLLATE "C" NOT NULL DEFAULT '', -- empty: not started
    PRIMARY KEY (parent_id, node_id, position)
);
CREATE INDEX run_children_by_run ON run_children (run_id) WHERE run_id <> '';
CREATE INDEX run_children_by_status ON run_children (parent_id, node_id, status, position);

-- +goose Down
DROP TABLE run_children;
DROP INDEX runs_by_parent;
ALTER TABLE runs DROP COLUMN kept_node;
ALTER TABLE runs DROP COLUMN depth;
ALTER TABLE runs DROP COLUMN parent_index;
ALTER TABLE runs DROP COLUMN parent_node;
ALTER TABLE runs DROP COLUMN parent_run_id;
