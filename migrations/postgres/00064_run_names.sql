-- +goose Up
-- What the settings of a run have named besides its parameters, such as var.region, as it was
-- when the run started. Values are not here.
CREATE TABLE run_names (
    run_id  TEXT COLLATE "C" NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name    TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL, -- of a variable: how often its value had been set; else 0
    PRIMARY KEY (run_id, name)
);

-- +goose Down
DROP TABLE run_names;
