-- +goose Up
-- What the nodes of a run want to keep for the pipeline's next run. It becomes that when
-- the run succeeds; until then it is for whoever resumes the run.
CREATE TABLE run_states (
    run_id  TEXT COLLATE "C" NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    node_id TEXT COLLATE "C" NOT NULL,
    begun   TEXT COLLATE "C" NOT NULL, -- what the node had begun with, JSON; empty: nothing
    kept    TEXT COLLATE "C" NOT NULL, -- JSON
    PRIMARY KEY (run_id, node_id)
);

-- +goose Down
DROP TABLE run_states;
